//! CSV (RFC 4180): a header row of column names, then a row for each account; lists by `;`. Lines that begin with `#`
//! are comments.

use super::row::{column, parts, unknown};
use super::{Faults, Manifest, Position, Row};

/// Reads the rows; faults go to the list.
pub(super) fn read(text: &str, path: &str, faults: &mut Faults<'_>) -> Manifest {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let mut manifest = Manifest::default();
    let mut specs = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut first = true;
    // Where the reader says a record begins may be the empty lines before it.
    let mut lines = Walk { text: text.as_bytes(), offset: 0, line: 1 };
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                let at = Position { line: lines.line, column: 1 };
                faults.at(at, format!("this is not CSV: {error}"));
                break;
            }
        }
        let places = lines.fields(record.len());
        let place = |n: usize| places.get(n).copied().unwrap_or_default();
        if std::mem::take(&mut first) {
            for (n, name) in record.iter().enumerate() {
                let name = name.trim();
                let spec = column(name);
                match spec {
                    None => faults.at(place(n), unknown(name)),
                    Some(spec) if specs.iter().flatten().any(|s: &&crate::cli::spec::Spec| s.name == spec.name) => {
                        faults.at(place(n), format!("the column {name} stands twice"));
                    }
                    Some(_) => {}
                }
                specs.push(spec);
            }
            continue;
        }
        if record.len() != specs.len() {
            let message = format!("the row has {} cells, and the header {}", record.len(), specs.len());
            faults.at(place(record.len().min(specs.len())), message);
        }
        let mut row = Row::new(path, place(0));
        for (n, (cell, spec)) in record.iter().zip(&specs).enumerate() {
            if let Some(spec) = spec {
                row.keep(spec, parts(spec, cell.trim()), place(n));
            }
        }
        // Spreadsheets end their files with rows of commas.
        if !row.is_empty() {
            manifest.rows.push(row);
        }
    }
    manifest
}

/// Walks over the text beside the reader, which knows lines but no columns.
struct Walk<'t> {
    text: &'t [u8],
    offset: usize,
    line: usize,
}

impl Walk<'_> {
    /// Where the next record's fields begin, and where the record ends.
    fn fields(&mut self, count: usize) -> Vec<Position> {
        while let Some(byte @ (b'\n' | b'\r')) = self.text.get(self.offset) {
            self.line += usize::from(*byte == b'\n');
            self.offset += 1;
        }
        if self.text.get(self.offset) == Some(&b'#') {
            // A comment ends with its line.
            let rest = &self.text[self.offset..];
            self.offset += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            return self.fields(count);
        }
        let mut places = Vec::with_capacity(count);
        let (mut column, mut quoted) = (1, false);
        places.push(Position { line: self.line, column });
        while let Some(byte) = self.text.get(self.offset) {
            self.offset += 1;
            // A column counts characters: the bytes that continue one do not begin another.
            column += usize::from(byte & 0xc0 != 0x80);
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted => places.push(Position { line: self.line, column }),
                b'\n' if quoted => {
                    self.line += 1;
                    column = 1;
                }
                b'\n' => {
                    places.push(Position { line: self.line, column: column - 1 });
                    self.line += 1;
                    return places;
                }
                _ => {}
            }
        }
        places.push(Position { line: self.line, column });
        places
    }
}
