//! Configuration files: read with the place of every value, so that each fault names its line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use onboard_core::{escaped, shown};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::{Given, SettingFault, Source, nearest};
use crate::cli::options;
use crate::cli::spec::{Kind, Place, Spec};

/// The file's name, in the working folder and in the user's own.
pub(crate) const FILE_NAME: &str = "turbot-onboard.toml";
/// The longest file that is read: a configuration is a page, not a disk image.
const LONGEST: u64 = 1 << 20;

/// Keys of the tables, besides the options: table, key, what it takes, whether the working folder's file may set it.
pub(crate) const TABLES: &[(&str, &str, Kind, bool)] = &[
    ("turbot", "access_key_file", Kind::File, false),
    ("turbot", "secret_key_file", Kind::File, false),
    ("turbot", "key_command", Kind::Command, false),
    ("maintenance_values", "no_changes", Kind::Text, true),
    ("maintenance_values", "check", Kind::Text, true),
    ("maintenance_values", "full", Kind::Text, true),
    ("maintenance_values", "replaced_with", Kind::Choice(&["PUT", "PATCH"]), true),
];

/// How a file came to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Named by `--config`, or the user's own.
    Own,
    /// Found in the working folder: whoever wrote it need not be whoever runs the tool.
    WorkingFolder,
}

/// A configuration file's values by option name, or by `table.key`.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    values: BTreeMap<String, Given>,
    /// The options that it gives in a way that is wrong, and that was told.
    spoiled: Vec<&'static str>,
}

impl ConfigFile {
    /// What the file says of an option, or of `table.key`.
    pub(crate) fn get(&self, name: &str) -> Option<&Given> {
        self.values.get(name)
    }

    /// Whether it gives an option in a way that is wrong.
    pub(crate) fn is_spoiled(&self, name: &str) -> bool {
        self.spoiled.contains(&name)
    }

    /// Reads the file, if there is one; faults go to the list, and the good values stay.
    pub(crate) fn read(path: &Path, shown: &Path, found: Found, faults: &mut Vec<SettingFault>) -> Option<Self> {
        match read_text(path) {
            Ok(text) => Some(Self::parse(&text, path, shown, found, faults)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                faults.push(SettingFault::new(escaped(&shown.display().to_string()), error.to_string()));
                None
            }
        }
    }

    /// Takes a file's text apart.
    pub(crate) fn parse(text: &str, path: &Path, shown: &Path, found: Found, faults: &mut Vec<SettingFault>) -> Self {
        let mut reader = Reader { text, path, shown, found, faults, values: BTreeMap::new(), spoiled: vec![] };
        match DeTable::parse(text) {
            Ok(table) => reader.table(table.get_ref()),
            Err(error) => {
                let place = reader.source(error.span().unwrap_or(0..0), "");
                reader.fault(&place, format!("this is not TOML: {}", error.message()));
            }
        }
        Self { values: reader.values, spoiled: reader.spoiled }
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(std::io::Error::other("the file is longer than a configuration can be (1 MiB)"));
    }
    Ok(text)
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    /// The path as errors show it.
    shown: &'a Path,
    found: Found,
    faults: &'a mut Vec<SettingFault>,
    values: BTreeMap<String, Given>,
    spoiled: Vec<&'static str>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let at = self.source(key.span(), name);
            let spec = options::all().find(|spec| spec.key() == name);
            match (spec, value.get_ref()) {
                (Some(spec), _) => self.option(spec, value, &at),
                (None, DeValue::Table(inner)) if TABLES.iter().any(|(table, ..)| *table == name) => {
                    self.inner(name, inner);
                }
                (None, _) => {
                    let tables = TABLES.iter().map(|(table, ..)| (*table).to_owned());
                    self.unknown(&at, name, settable().map(Spec::key).chain(tables));
                }
            }
        }
    }

    fn option(&mut self, spec: &'static Spec, value: &Spanned<DeValue<'_>>, at: &Source) {
        match (spec.place, self.found) {
            (Place::Never, _) => {
                let message = format!("it is about one call: give it as --{} or {}", spec.name, spec.variable());
                self.fault(at, message);
            }
            (Place::Own(because), Found::WorkingFolder) => self.forbidden(at, because),
            _ => match self.values_of(spec.kind, spec.name == "tag", value) {
                Ok(values) => self.keep(spec.name.to_owned(), values, value.span(), &spec.key()),
                Err(message) => {
                    let at = self.source(value.span(), &spec.key());
                    self.spoiled.push(spec.name);
                    self.fault(&at, message);
                }
            },
        }
    }

    fn inner(&mut self, table: &str, inner: &DeTable<'_>) {
        for (key, value) in inner {
            let name = key.get_ref().as_ref();
            let full = format!("{table}.{name}");
            let at = self.source(key.span(), &full);
            match TABLES.iter().find(|(t, k, ..)| *t == table && *k == name) {
                None => {
                    let known = TABLES.iter().filter(|(t, ..)| *t == table).map(|(_, k, ..)| (*k).to_owned());
                    self.unknown(&at, name, known);
                }
                Some((.., false)) if self.found == Found::WorkingFolder => {
                    self.forbidden(&at, "it decides where Turbot's keys come from");
                }
                Some((_, _, kind, _)) => match self.values_of(*kind, false, value).and_then(|v| chosen(*kind, v)) {
                    Ok(values) => self.keep(full.clone(), values, value.span(), &full),
                    Err(message) => {
                        let at = self.source(value.span(), &full);
                        self.fault(&at, message);
                    }
                },
            }
        }
    }

    /// A value as texts, or what it should have been.
    fn values_of(&self, kind: Kind, pairs: bool, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
        let one = |text: &str| Ok(vec![text.to_owned()]);
        match (kind, value.get_ref()) {
            (Kind::File, DeValue::String(text)) => one(&self.beside(text).to_string_lossy()),
            (Kind::Flag | Kind::Bool, DeValue::Boolean(on)) => one(if *on { "true" } else { "false" }),
            (Kind::Flag | Kind::Bool, _) => Err("it takes true or false, without quotes".into()),
            (Kind::Number | Kind::Count, DeValue::Integer(number)) if number.radix() == 10 => one(number.as_str()),
            (Kind::Number | Kind::Count, _) => Err("it takes a whole number, without quotes".into()),
            (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::List, DeValue::String(text)) => one(text),
            (Kind::Duration, DeValue::Integer(number)) => {
                Err(format!("it has no unit: write it with one, in quotes, such as \"{}s\"", escaped(number.as_str())))
            }
            (Kind::Text, DeValue::Integer(_)) => {
                let digits = self.text.get(value.span()).unwrap_or_default();
                Err(format!("it is a number: write it in quotes, \"{}\"", escaped(digits)))
            }
            (Kind::List, DeValue::Table(table)) if pairs => table.iter().map(|(k, v)| pair(k.get_ref(), v)).collect(),
            (Kind::List | Kind::Command, DeValue::Array(array)) => array
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| "it takes an array of texts, each in quotes".to_owned()),
            (Kind::List | Kind::Command, _) => Err("it takes an array of texts, such as [\"one\", \"two\"]".into()),
            (Kind::Choice(words), _) => Err(format!("it takes one of {}, in quotes", words.join(", "))),
            (Kind::Text | Kind::Duration | Kind::File, other) => {
                Err(format!("it takes a text in quotes, not {}", article(other.type_str())))
            }
        }
    }

    /// A file named in a configuration file is looked for beside it, not wherever the tool happens to be started.
    fn beside(&self, text: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(text)
    }

    fn keep(&mut self, name: String, values: Vec<String>, span: Range<usize>, key: &str) {
        // An empty value is as good as none, like an empty variable.
        if values.iter().all(String::is_empty) {
            return;
        }
        let source = self.source(span, key);
        self.values.insert(name, Given { values, source });
    }

    fn forbidden(&mut self, at: &Source, because: &str) {
        let message = format!(
            "it may not stand in the working folder's file: {because}; give it by flag, variable, --config or in your own \
             configuration folder"
        );
        self.fault(at, message);
    }

    fn unknown(&mut self, at: &Source, name: &str, known: impl IntoIterator<Item = String>) {
        let message = match nearest(name, known) {
            Some(near) => format!("is not a key; {near} is near"),
            None => "is not a key; `turbot-onboard schema config` lists them".to_owned(),
        };
        self.fault(at, format!("{} {message}", shown(name)));
    }

    fn fault(&mut self, at: &Source, message: String) {
        self.faults.push(SettingFault::new(at, message));
    }

    fn source(&self, span: Range<usize>, key: &str) -> Source {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Source::File { path: self.shown.display().to_string(), line, column, key: key.to_owned() }
    }
}

/// The options a file may set.
pub(crate) fn settable() -> impl Iterator<Item = &'static Spec> {
    options::all().filter(|spec| spec.place != Place::Never)
}

fn pair(key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    value.get_ref().as_str().map(|value| format!("{key}={value}")).ok_or_else(|| format!("the tag {key} takes a text"))
}

/// The value, if it is one of the words there are; an empty one is as good as none. (An option's is checked with the rest of it.)
fn chosen(kind: Kind, values: Vec<String>) -> Result<Vec<String>, String> {
    let Kind::Choice(words) = kind else { return Ok(values) };
    match values.iter().find(|value| !value.is_empty() && !words.contains(&value.as_str())) {
        Some(other) => Err(format!("{} is not one of {}", shown(other), words.join(", "))),
        None => Ok(values),
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
