//! The JSON Schemas (draft 2020-12) of every document.

mod config;
mod documents;
mod manifest;
mod shape;
mod template;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

/// A document with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Document {
    /// What a run did (`--output json`)
    Report,
    /// What would be done (`plan --output json`, `plan --out`)
    Plan,
    /// The accounts of a fleet (`--manifest`), as YAML, JSON or TOML
    Manifest,
    /// What `bootstrap` hands to `import`
    Handoff,
    /// Configuration files
    Config,
    /// One line of the audit log
    Audit,
    /// What `doctor` found
    Doctor,
    /// What a template makes (`template --output json`, `template policy`)
    Template,
}

impl Document {
    /// Every document, in the order of the help.
    pub(crate) const ALL: [Self; 8] = [
        Self::Report,
        Self::Plan,
        Self::Manifest,
        Self::Handoff,
        Self::Config,
        Self::Audit,
        Self::Doctor,
        Self::Template,
    ];

    /// Its name, as `schema` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Plan => "plan",
            Self::Manifest => "manifest",
            Self::Handoff => "handoff",
            Self::Config => "config",
            Self::Audit => "audit",
            Self::Doctor => "doctor",
            Self::Template => "template",
        }
    }

    /// Its schema.
    pub(crate) fn schema(self) -> Value {
        let body = match self {
            Self::Report => documents::report(),
            Self::Plan => documents::plan(),
            Self::Manifest => manifest::schema(),
            Self::Handoff => documents::handoff(),
            Self::Config => config::schema(),
            Self::Audit => documents::audit(),
            Self::Doctor => documents::doctor(),
            Self::Template => template::schema(),
        };
        let mut schema = Map::new();
        schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("$id".into(), json!(format!("urn:turbot-onboard:{}:1", self.name())));
        schema.extend(body);
        Value::Object(schema)
    }
}

/// All schemas, by name.
pub(crate) fn all() -> Value {
    Document::ALL
        .into_iter()
        .map(|document| (document.name().to_owned(), document.schema()))
        .collect::<Map<_, _>>()
        .into()
}
