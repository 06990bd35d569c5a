//! `schema`: the JSON Schemas of the documents.

use crate::console;
use crate::exit::Exit;
use crate::schema::{self, Document};

const EXAMPLES: &str = "\
Examples:
  turbot-onboard schema report > report.schema.json
  turbot-onboard schema | jq 'keys'";

/// Print the JSON Schema of a document, or of all of them by name
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Schema {
    /// The document
    #[arg(value_name = "DOCUMENT", value_enum)]
    document: Option<Document>,
}

impl Schema {
    pub(crate) fn run(self) -> Exit {
        let value = match self.document {
            Some(document) => document.schema(),
            None => schema::all(),
        };
        Exit::DONE.after_writing(console::deliver_document(&value))
    }
}
