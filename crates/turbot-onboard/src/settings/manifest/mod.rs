//! Manifests: the accounts of a fleet in one file, by extension CSV, YAML, JSON or TOML.
//!
//! text -> rows with the place of every value -> the layers' row (below flag and variable, above the configuration file)
//! -> the same resolving as for one account. What is wrong is collected, all of it, with file, line and column.

mod csv;
mod json;
mod node;
mod row;
mod table;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;

use onboard_core::escaped;

use super::source::SettingFault;
pub(crate) use row::{Row, columns};

/// The longest manifest that is read: 50,000 accounts with every column filled fit.
const LONGEST: u64 = 64 << 20;

/// A manifest's rows, and what holds for all of them unless a row says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) defaults: Row,
    pub(crate) rows: Vec<Row>,
}

/// A manifest's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Yaml,
    Json,
    Toml,
}

impl Form {
    /// The form that a file's extension says.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let extension = Path::new(path).extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }
}

/// Where something stands in a manifest, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What is wrong with a manifest, collected while it is read.
#[derive(Debug)]
pub(crate) struct Faults<'a> {
    path: &'a str,
    faults: &'a mut Vec<SettingFault>,
}

impl Faults<'_> {
    fn at(&mut self, at: Position, message: impl Into<String>) {
        let place = format_args!("{}:{}:{}", escaped(self.path), at.line, at.column).to_string();
        self.faults.push(SettingFault::new(place, message));
    }
}

impl Manifest {
    /// Reads a file. Faults go to the list; the good values stay.
    ///
    /// # Errors
    /// The file cannot be read, or its extension says no form.
    pub(crate) fn read(path: &str, faults: &mut Vec<SettingFault>) -> Result<Self, String> {
        let form = Form::of(path)
            .ok_or_else(|| format!("{} is no manifest by its extension: csv, yaml, json or toml", escaped(path)))?;
        let read = || -> std::io::Result<String> {
            let mut text = String::new();
            std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
            if text.len() as u64 > LONGEST {
                return Err(std::io::Error::other("the file is longer than a manifest can be (64 MiB)"));
            }
            Ok(text)
        };
        let text = read().map_err(|error| format!("{} cannot be read: {error}", escaped(path)))?;
        Ok(Self::parse(&text, form, path, faults))
    }

    /// Takes a manifest's text apart.
    pub(crate) fn parse(text: &str, form: Form, path: &str, faults: &mut Vec<SettingFault>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut faults = Faults { path, faults };
        let before = faults.faults.len();
        let read = match form {
            Form::Csv => Some(csv::read(text, path, &mut faults)),
            Form::Yaml => yaml::read(text, &mut faults).map(|node| table::read(&node, path, &mut faults)),
            Form::Json => json::read(text, &mut faults).map(|node| table::read(&node, path, &mut faults)),
            Form::Toml => toml::read(text, &mut faults).map(|node| table::read(&node, path, &mut faults)),
        };
        let manifest = read.unwrap_or_default();
        manifest.find_twins(&mut faults);
        if manifest.rows.is_empty() && faults.faults.len() == before {
            faults.at(Position { line: 1, column: 1 }, "it names no account");
        }
        manifest
    }

    /// No AWS account and no id of a Turbot cluster may stand twice.
    fn find_twins(&self, faults: &mut Faults<'_>) {
        let mut accounts: HashMap<&str, Position> = HashMap::new();
        let mut ids: HashMap<(&str, &str), Position> = HashMap::new();
        for row in &self.rows {
            if let Some((value, at)) = row.text("account-id") {
                match accounts.get(value) {
                    Some(first) => {
                        faults.at(
                            at,
                            format!("the AWS account {} stands in line {} already", escaped(value), first.line),
                        );
                    }
                    None => drop(accounts.insert(value, at)),
                }
            }
            if let Some((value, at)) = row.text("turbot-id") {
                let cluster =
                    row.text("cluster-id").or_else(|| self.defaults.text("cluster-id")).map_or("", |(id, _)| id);
                match ids.get(&(cluster, value)) {
                    Some(first) => {
                        faults.at(at, format!("the Turbot id {} stands in line {} already", escaped(value), first.line))
                    }
                    None => drop(ids.insert((cluster, value), at)),
                }
            }
        }
    }
}
