//! From layered text to checked values: every fault is collected with its place, none ends the reading.

use std::cell::RefCell;
use std::fmt::Display;

use onboard_core::shown;

use super::layers::Layers;
use super::source::{Given, SettingFault};
use crate::cli::options;
use crate::cli::spec::{Kind, Spec};

/// Reads values and keeps what is wrong with them.
pub(crate) struct Resolver<'a> {
    pub(crate) layers: &'a Layers<'a>,
    faults: RefCell<Vec<SettingFault>>,
    warnings: RefCell<Vec<String>>,
}

impl<'a> Resolver<'a> {
    /// Begins with the faults that the layers have already.
    pub(crate) fn new(layers: &'a Layers<'a>, faults: Vec<SettingFault>) -> Self {
        Self { layers, faults: RefCell::new(faults), warnings: RefCell::new(layers.strays()) }
    }

    /// Begins with the layers of one row: what is stray was said for all of them.
    pub(crate) fn of_row(layers: &'a Layers<'a>) -> Self {
        Self { layers, faults: RefCell::default(), warnings: RefCell::default() }
    }

    /// Takes over what others found wrong.
    pub(crate) fn extend(&self, faults: Vec<SettingFault>) {
        self.faults.borrow_mut().extend(faults);
    }

    /// What is wrong, in the order of a file's lines and otherwise as it was found, and what only deserves a warning.
    pub(crate) fn finish(self) -> (Vec<SettingFault>, Vec<String>) {
        let mut faults = self.faults.into_inner();
        faults.sort_by(|one, other| one.position().cmp(&other.position()));
        (faults, self.warnings.into_inner())
    }

    pub(crate) fn fault(&self, place: impl Display, message: impl Into<String>) {
        self.faults.borrow_mut().push(SettingFault::new(place, message));
    }

    pub(crate) fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// A fault of an option's value, placed where the value stands.
    pub(crate) fn fault_of(&self, name: &'static str, message: impl Into<String>) {
        match self.layers.find(name) {
            Some(given) => self.fault(&given.source, message),
            None => match self.layers.row_place(name.replace('-', "_")) {
                Some(place) => self.fault(place, message),
                None => self.fault(format_args!("--{name}"), message),
            },
        }
    }

    /// The value of an option, checked.
    pub(crate) fn parsed<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let given = self.layers.find(name)?;
        self.check(&given, parse(given.text()))
    }

    /// The same, and a fault if it is missing.
    pub(crate) fn required<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.layers.find(name).is_none() {
            self.missing(name);
        }
        self.parsed(name, parse)
    }

    /// Says where a missing option can be given.
    pub(crate) fn missing(&self, name: &'static str) {
        // It is there, and was told to be wrong.
        if self.layers.is_spoiled(name) {
            return;
        }
        // Only a row can say which account it is about; the rest may hold for all of them.
        if let Some(place) = self.layers.row_place(name.replace('-', "_")).filter(|_| OWN_TO_A_ROW.contains(&name)) {
            return self.fault(place, "it is missing in this row");
        }
        let spec = options::named(name);
        let variable = spec.map(|s| s.short_variable.map_or_else(|| s.variable(), str::to_owned));
        self.fault(
            format_args!("--{name}"),
            format!(
                "it is missing; give it as --{name}, {} or {} in a configuration file",
                variable.unwrap_or_default(),
                spec.map(Spec::key).unwrap_or_default()
            ),
        );
    }

    /// Each value of an option that repeats, checked. `None` if it was not given at all.
    pub(crate) fn list<T, E: Display>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let given = self.layers.find(name)?;
        Some(given.values.iter().filter_map(|value| self.check(&given, parse(value))).collect())
    }

    /// A text as it is.
    pub(crate) fn text(&self, name: &'static str) -> Option<String> {
        self.layers.find(name).map(|given| given.text().to_owned())
    }

    /// A flag; off when nobody says anything.
    pub(crate) fn flag(&self, name: &'static str) -> bool {
        self.given_flag(name).unwrap_or(false)
    }

    /// A flag, if anybody says anything.
    pub(crate) fn given_flag(&self, name: &'static str) -> Option<bool> {
        self.parsed(name, truth)
    }

    /// One of the option's words, by its place among them.
    pub(crate) fn choice(&self, name: &'static str) -> Option<&'static str> {
        let words = match options::named(name).map(|spec| spec.kind) {
            Some(Kind::Choice(words)) => words,
            _ => &[],
        };
        self.parsed(name, |text| {
            let found = words.iter().copied().find(|word| *word == text);
            found.ok_or_else(|| format!("{} is not one of {}", shown(text), words.join(", ")))
        })
    }

    /// A number between two bounds.
    pub(crate) fn number(&self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        self.parsed(name, |text| {
            let number = text.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| format!("{} is not a whole number between {least} and {most}", shown(text)))
        })
    }

    fn check<T, E: Display>(&self, given: &Given, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.fault(&given.source, error.to_string())).ok()
    }
}

/// What a manifest's rows say each for itself, and no flag or variable for all of them.
pub(crate) const OWN_TO_A_ROW: &[&str] = &["account-id", "turbot-id", "title", "external-id"];

/// `true` or `false`.
///
/// # Errors
/// Anything else.
pub(crate) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("{} is not true or false", shown(other))),
    }
}
