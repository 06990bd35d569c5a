//! Where a value came from, so that whatever is wrong with it can be found.

use std::fmt;

use onboard_core::escaped;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag, by its option's name.
    Flag(&'static str),
    /// A variable, by its name.
    Variable(String),
    /// A configuration file: path as shown, line, column (both from 1), key.
    File { path: String, line: usize, column: usize, key: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(&escaped(name)),
            Self::File { path, line, column, key } if key.is_empty() => {
                write!(f, "{}:{line}:{column}", escaped(path))
            }
            Self::File { path, line, column, key } => {
                write!(f, "{}:{line}:{column} ({})", escaped(path), escaped(key))
            }
        }
    }
}

/// What was given for an option, and where. There is at least one value, and more only for options that repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    /// The values, as text.
    pub(crate) values: Vec<String>,
    /// Where they stand.
    pub(crate) source: Source,
}

impl Given {
    /// The value of an option that takes one: the last, should there be several.
    pub(crate) fn text(&self) -> &str {
        self.values.last().map_or("", String::as_str)
    }
}

/// Something wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingFault {
    /// Where: a flag, a variable, a line of a file, or the option that is missing.
    pub(crate) place: String,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

impl SettingFault {
    pub(crate) fn new(place: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { place: place.to_string(), message: message.into() }
    }

    /// The file, line and column of a place in a file, which is written as a [`Source`] is shown.
    pub(crate) fn position(&self) -> Option<(&str, usize, usize)> {
        let place = self.place.split_once(" (").map_or(self.place.as_str(), |(place, _)| place);
        let mut parts = place.rsplitn(3, ':');
        let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((parts.next()?, line, column))
    }
}

/// The name nearest to a mistyped one, if any is near enough to be meant.
pub(crate) fn nearest(name: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let (name, most) = (name.to_lowercase(), |candidate: &str| 1 + candidate.len() / 4);
    let length = name.chars().count();
    known
        .into_iter()
        // Names of other lengths are no nearer than that.
        .filter(|candidate| candidate.len().abs_diff(length) <= most(candidate))
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshteins() {
        for (a, b, d) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("same", "same", 0)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (d, d), "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let known = || ["account_id", "turbot_id", "title"].map(str::to_owned);
        assert_eq!(nearest("acount_id", known()).as_deref(), Some("account_id"));
        assert_eq!(nearest("account-id", known()).as_deref(), Some("account_id"));
        assert_eq!(nearest("colour", known()), None);
    }
}
