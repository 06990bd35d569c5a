//! What YAML, JSON and TOML have in common: values with the place of each.

use super::Position;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) at: Position,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Shape {
    Nothing,
    Truth(bool),
    /// As it is written.
    Number(String),
    Text(String),
    /// A date or the like, which no option takes unquoted: as it is written.
    Other(String),
    List(Vec<Node>),
    Table(Vec<(String, Position, Node)>),
}

/// From byte offsets to lines and columns.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }
}
