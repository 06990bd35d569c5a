//! CSV (RFC 4180): a header row of column names, then a row for each account; lists by `;`. Lines that begin with `#`
//! are comments.

use super::row::{column, parts, unknown};
use super::{Faults, Manifest, Position, Row};

/// Reads the rows; faults go to the list.
pub(super) fn read(text: &str, path: &str, faults: &mut Faults<'_>) -> Manifest {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let (mut manifest, path) = (Manifest::default(), path.into());
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
        let mut row = Row::new(&path, place(0));
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

/// Where in a field the walk is: a quote begins a quoted field at its beginning alone, and two in one are a quote.
enum Within {
    Beginning,
    Plain,
    Quoted,
    QuoteInQuoted,
}

impl Walk<'_> {
    /// Where the next record's fields begin, and where the record ends.
    fn fields(&mut self, count: usize) -> Vec<Position> {
        while let Some(b'\n' | b'\r') = self.text.get(self.offset) {
            self.next();
        }
        if self.text.get(self.offset) == Some(&b'#') {
            // A comment ends with its line.
            while self.next().is_some_and(|byte| byte != b'\n') {}
            return self.fields(count);
        }
        let mut places = Vec::with_capacity(count + 1);
        let (mut column, mut within) = (1, Within::Beginning);
        places.push(Position { line: self.line, column });
        while let (line, Some(byte)) = (self.line, self.next()) {
            within = match (within, byte) {
                (Within::Beginning | Within::QuoteInQuoted, b'"') | (Within::Quoted, 0..b'"' | b'#'..) => {
                    Within::Quoted
                }
                (Within::Quoted, b'"') => Within::QuoteInQuoted,
                (_, b',') => {
                    places.push(Position { line, column: column + 1 });
                    Within::Beginning
                }
                (_, b'\n' | b'\r') => {
                    places.push(Position { line, column });
                    return places;
                }
                _ => Within::Plain,
            };
            // A column counts characters: the bytes that continue one do not begin another.
            column = if self.line > line { 1 } else { column + usize::from(byte & 0xc0 != 0x80) };
        }
        places.push(Position { line: self.line, column });
        places
    }

    /// The next byte; a line ends with LF, CRLF or CR.
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.offset)?;
        self.offset += 1;
        let ends = byte == b'\n' || byte == b'\r' && self.text.get(self.offset) != Some(&b'\n');
        self.line += usize::from(ends);
        Some(byte)
    }
}
