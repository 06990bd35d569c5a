//! What an option is: declared once, and from that come its flag, its variable and its key in configuration files.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ValueHint};

/// What kind of value an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// On when given; `true` or `false` elsewhere.
    Flag,
    /// How often it is given; a number elsewhere.
    Count,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Number,
    /// A time such as `15m`.
    Duration,
    /// A file's name; in a configuration file it is relative to that file.
    File,
    /// Several texts: repeated on the command line, separated by `;` in a variable, an array in a file.
    List,
    /// A program and its arguments, run without a shell.
    Command,
}

/// Which configuration files may set an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Any, the working folder's included.
    Any,
    /// The user's own and the one named by `--config`: the reason is given to whoever tries it in the working folder.
    Own(&'static str),
    /// None: it is about one call.
    Never,
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    /// Its name, as in `--name`.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// What stands for the value in the help.
    pub(crate) value: &'static str,
    /// The help.
    pub(crate) help: &'static str,
    /// A variable's name that is older and shorter than `TURBOT_ONBOARD_<NAME>`, which wins over it.
    pub(crate) short_variable: Option<&'static str>,
    /// The flag of one letter.
    pub(crate) letter: Option<char>,
    /// Which files may set it.
    pub(crate) place: Place,
}

impl Spec {
    pub(crate) const fn new(name: &'static str, kind: Kind, value: &'static str, help: &'static str) -> Self {
        Self { name, kind, value, help, short_variable: None, letter: None, place: Place::Any }
    }

    pub(crate) const fn flag(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Flag, "", help)
    }

    pub(crate) const fn short_variable(self, name: &'static str) -> Self {
        Self { short_variable: Some(name), ..self }
    }

    pub(crate) const fn letter(self, letter: char) -> Self {
        Self { letter: Some(letter), ..self }
    }

    pub(crate) const fn own_file(self, because: &'static str) -> Self {
        Self { place: Place::Own(because), ..self }
    }

    pub(crate) const fn no_file(self) -> Self {
        Self { place: Place::Never, ..self }
    }

    /// Its variable: `TURBOT_ONBOARD_<NAME>`.
    pub(crate) fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.replace('-', "_").to_uppercase())
    }

    /// Its key in a configuration file.
    pub(crate) fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Its flag, for clap. Every value is taken as text: it is judged later, together with those of other places.
    pub(crate) fn arg(&self) -> Arg {
        let mut arg = Arg::new(self.name).long(self.name).help(self.help);
        if let Some(letter) = self.letter {
            arg = arg.short(letter);
        }
        if !self.value.is_empty() {
            arg = arg.value_name(self.value);
        }
        match self.kind {
            Kind::Flag => arg.action(ArgAction::SetTrue),
            Kind::Count => arg.action(ArgAction::Count),
            Kind::Text | Kind::Number | Kind::Duration => arg.action(ArgAction::Set),
            Kind::Choice(words) => arg.action(ArgAction::Set).value_parser(Words(words)),
            Kind::Bool => arg.action(ArgAction::Set).value_parser(Words(&["true", "false"])),
            Kind::File => arg.action(ArgAction::Set).value_hint(ValueHint::FilePath),
            Kind::List => arg.action(ArgAction::Append),
            Kind::Command => arg.action(ArgAction::Append).allow_hyphen_values(true),
        }
    }
}

/// What the variables of all options begin with.
pub(crate) const VARIABLE_PREFIX: &str = "TURBOT_ONBOARD_";

/// Any text, but the help and the completions name the words that are right. A wrong one is reported by the settings,
/// together with every other fault.
#[derive(Clone)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}
