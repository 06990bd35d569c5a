//! One row: what a manifest says of one account, and where.

use std::rc::Rc;

use super::Position;
use crate::cli::options;
use crate::cli::spec::{Kind, Spec};
use crate::settings::source::{Given, Source};

/// What is said of one account, or of all of them, by option name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Row {
    /// A handful, in the order in which they stand there: thousands of rows are held at once.
    cells: Vec<Cell>,
    /// What it says in a way that is wrong, and told as such.
    spoiled: Vec<&'static str>,
    /// The manifest's, shared by all of its rows.
    path: Rc<str>,
    at: Position,
}

/// What a row says of one option.
#[derive(Debug, Clone)]
struct Cell {
    spec: &'static Spec,
    values: Vec<String>,
    at: Position,
}

impl Row {
    /// An empty row that begins there.
    pub(super) fn new(path: &Rc<str>, at: Position) -> Self {
        Self { path: Rc::clone(path), at, ..Self::default() }
    }

    /// What it says of an option.
    pub(crate) fn get(&self, name: &str) -> Option<Given> {
        let Cell { spec, values, at } = self.cell(name)?;
        Some(Given { values: values.clone(), source: self.source(*at, spec.key()) })
    }

    /// Its text for an option that takes one, and where that stands.
    pub(super) fn text(&self, name: &str) -> Option<(&str, Position)> {
        let cell = self.cell(name)?;
        Some((cell.values.last().map_or("", String::as_str), cell.at))
    }

    fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells.iter().rfind(|cell| cell.spec.name == name)
    }

    fn source(&self, at: Position, key: String) -> Source {
        Source::File { path: self.path.to_string(), line: at.line, column: at.column, key }
    }

    /// Notes that an option was given in a way that is wrong.
    pub(super) fn spoil(&mut self, spec: &'static Spec) {
        self.spoiled.push(spec.name);
    }

    /// Whether it was.
    pub(crate) fn is_spoiled(&self, name: &str) -> bool {
        self.spoiled.contains(&name)
    }

    /// Where it begins; for what is missing in it.
    pub(crate) fn place(&self, key: String) -> Source {
        self.source(self.at, key)
    }

    /// A row that no file has: what is wrong with it is named by its account.
    pub(crate) fn made(path: &str, values: Vec<(&'static str, Vec<String>)>) -> Self {
        let mut row = Self::new(&path.into(), Position { line: 1, column: 1 });
        for (name, values) in values {
            if let Some(spec) = columns().find(|spec| spec.name == name) {
                row.keep(spec, values, row.at);
            }
        }
        row
    }

    /// Keeps a value. An empty one is as good as none.
    pub(super) fn keep(&mut self, spec: &'static Spec, values: Vec<String>, at: Position) {
        if values.iter().all(String::is_empty) {
            return;
        }
        self.cells.push(Cell { spec, values, at });
    }

    /// Whether it says anything.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

/// The columns of a manifest: every account option, the cluster and the master account.
pub(crate) fn columns() -> impl Iterator<Item = &'static Spec> {
    let more = ["cluster-id", "master-account-id"];
    options::ACCOUNT.iter().chain(more.into_iter().filter_map(options::named))
}

/// The column of that name: the option's, with underscores.
pub(super) fn column(name: &str) -> Option<&'static Spec> {
    columns().find(|spec| spec.key() == name)
}

/// Says what is wrong with a column that is none.
pub(super) fn unknown(name: &str) -> String {
    let named = onboard_core::shown(name);
    match crate::settings::source::nearest(name, columns().map(Spec::key)) {
        Some(near) => format!("{named} is not a column; {near} is near"),
        None => format!("{named} is not a column; `turbot-onboard schema manifest` lists them"),
    }
}

/// The parts of a cell that holds several values: separated by `;`.
pub(super) fn parts(spec: &Spec, text: &str) -> Vec<String> {
    if spec.kind == Kind::List {
        text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    } else {
        vec![text.to_owned()]
    }
}
