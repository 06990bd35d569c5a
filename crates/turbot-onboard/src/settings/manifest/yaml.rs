//! YAML, read from its events: they alone tell `"012345678901"` from `012345678901`.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::node::{Node, Shape};
use super::{Faults, Position};

/// How deep a manifest is nested at most: a file of brackets must not use up the stack.
const DEEPEST: usize = 8;

/// The document, if it can be read at all.
pub(super) fn read(text: &str, faults: &mut Faults<'_>) -> Option<Node> {
    let reader = Reader { parser: Parser::new_from_str(text) };
    match reader.document() {
        Ok(node) => node.or_else(|| {
            faults.at(Position { line: 1, column: 1 }, "the file is empty");
            None
        }),
        Err((at, message)) => {
            faults.at(at, message);
            None
        }
    }
}

type Fault = (Position, String);

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Position), Fault> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, Position::default())),
            Some(Ok((event, span))) => Ok((event, position(&span.start))),
            Some(Err(error)) => Err((position(error.marker()), format!("this is not YAML: {}", error.info()))),
        }
    }

    fn document(mut self) -> Result<Option<Node>, Fault> {
        let mut found = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(found),
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
                (_, at) if found.is_some() => return Err((at, "there is more than one document".to_owned())),
                (event, at) => found = Some(self.node(event, at, DEEPEST)?),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, at: Position, deeper: usize) -> Result<Node, Fault> {
        let deeper = deeper.checked_sub(1).ok_or_else(|| (at, "it is nested deeper than a manifest is".to_owned()))?;
        let shape = match event {
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Shape::List(items),
                        (event, at) => items.push(self.node(event, at, deeper)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break Shape::Table(entries),
                        (Event::Scalar(key, ..), at) => {
                            let (event, value_at) = self.next()?;
                            entries.push((key.into_owned(), at, self.node(event, value_at, deeper)?));
                        }
                        (_, at) => return Err((at, "a key is a plain word".to_owned())),
                    }
                }
            }
            Event::Alias(_) => {
                return Err((at, "aliases are not read here: what all accounts share goes into defaults".to_owned()));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err((at, "the file ends early".to_owned())),
        };
        Ok(Node { shape, at })
    }
}

/// The core schema of YAML 1.2; what it leaves open, such as dates and `yes`, is text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Shape {
    let quoted = style != ScalarStyle::Plain || tag.is_some_and(|t| t.is_yaml_core_schema() && t.suffix == "str");
    if quoted {
        return Shape::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Shape::Nothing,
        "true" | "True" | "TRUE" => Shape::Truth(true),
        "false" | "False" | "FALSE" => Shape::Truth(false),
        // Whatever a reader of YAML 1.1 or 1.2 might take for a number: 0o17, 1e5, 0x1F, 1_000.
        _ if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && (text.replace('_', "").parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o")) =>
        {
            Shape::Number(text.to_owned())
        }
        _ => Shape::Text(text.to_owned()),
    }
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}
