//! Turbot's keys: from variables, a file, or a program's output. Never from an argument.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use onboard_core::{Secret, shown};
use zeroize::Zeroizing;

use super::profile::Profile;
use super::resolver::Resolver;
use super::source::{Given, Source};
use crate::environment::{ACCESS_KEY, SECRET_KEY};

/// The longest output or file that is taken for keys.
const LONGEST: u64 = 64 * 1024;

/// Turbot's access key and its secret.
#[derive(Debug)]
pub(crate) struct TurbotKeys {
    pub(crate) access_key: String,
    pub(crate) secret_key: Secret,
}

impl TurbotKeys {
    fn duplicate(&self) -> Self {
        Self { access_key: self.access_key.clone(), secret_key: self.secret_key.duplicate() }
    }
}

/// The keys from the first place that has them: `--turbot-key-command`, `--turbot-key-file` or `--turbot-profile` as flag
/// or variable, then `TURBOT_ACCESS_KEY` and `TURBOT_SECRET_KEY`, then configuration files.
pub(crate) fn resolve(r: &Resolver<'_>, profile: Option<&Profile>) -> Option<TurbotKeys> {
    let command = r.layers.find("turbot-key-command");
    let file = r.layers.find("turbot-key-file");
    let in_file = |given: &Given| matches!(given.source, Source::File { .. });
    if let Some(profile) = profile.filter(|profile| profile.at_hand) {
        if let Some(other) = [&command, &file].into_iter().flatten().find(|given| !in_file(given)) {
            r.fault(&other.source, "the keys come from a profile or from here, not from both");
            return None;
        }
        return Some(profile.keys.duplicate());
    }
    match (command.as_ref().filter(|g| !in_file(g)), file.as_ref().filter(|g| !in_file(g))) {
        (Some(command), Some(_)) => {
            r.fault(&command.source, "the keys come from a command or from a file, not from both");
            return None;
        }
        (Some(command), None) => return from_command(r, command),
        (None, Some(file)) => return from_file(r, file),
        (None, None) => {}
    }
    let environment = r.layers.environment;
    match (&environment.access_key, &environment.secret_key) {
        (Some(access_key), Some(secret)) => {
            return Some(TurbotKeys { access_key: access_key.clone(), secret_key: secret.duplicate() });
        }
        (Some(_), None) => {
            r.fault(SECRET_KEY, format!("it is missing beside {ACCESS_KEY}"));
            return None;
        }
        (None, Some(_)) => {
            r.fault(ACCESS_KEY, format!("it is missing beside {SECRET_KEY}"));
            return None;
        }
        (None, None) => {}
    }
    if let Some(profile) = profile {
        return Some(profile.keys.duplicate());
    }
    let (access, secret) = (r.layers.in_files("turbot.access_key_file"), r.layers.in_files("turbot.secret_key_file"));
    let given = command.as_ref().or(r.layers.in_files("turbot.key_command"));
    match (given, file, access, secret) {
        (Some(command), ..) => from_command(r, command),
        (None, Some(file), ..) => from_file(r, &file),
        (None, None, Some(access), Some(secret)) => {
            let (access_key, secret_key) = (one_value(r, access)?, one_value(r, secret)?);
            Some(TurbotKeys { access_key: access_key.expose().to_owned(), secret_key })
        }
        (None, None, Some(alone), None) => {
            r.fault(&alone.source, "turbot.secret_key_file is missing beside it");
            None
        }
        (None, None, None, Some(alone)) => {
            r.fault(&alone.source, "turbot.access_key_file is missing beside it");
            None
        }
        (None, None, None, None) => None,
    }
}

fn from_file(r: &Resolver<'_>, given: &Given) -> Option<TurbotKeys> {
    let text = read(r, given)?;
    parse(&text).map_err(|error| r.fault(&given.source, format!("{} {error}", shown(given.text())))).ok()
}

fn one_value(r: &Resolver<'_>, given: &Given) -> Option<Secret> {
    let text = read(r, given)?;
    let value = text.trim();
    if value.is_empty() || value.contains(char::is_whitespace) {
        r.fault(&given.source, format!("{} does not hold one key alone", shown(given.text())));
        return None;
    }
    Some(Secret::new(value.to_owned()))
}

pub(super) fn read(r: &Resolver<'_>, given: &Given) -> Option<Zeroizing<String>> {
    let path = Path::new(given.text());
    let read = || -> std::io::Result<(Zeroizing<String>, u32)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mode = if metadata.is_file() { metadata.mode() & 0o777 } else { 0 };
        Ok((bounded(file)?, mode))
    };
    match read() {
        Ok((text, mode)) => {
            if mode & 0o077 != 0 {
                r.warn(format!(
                    "{} holds keys and its mode is {mode:04o}: others can read it (chmod 600)",
                    shown(given.text())
                ));
            }
            Some(text)
        }
        Err(error) => {
            r.fault(&given.source, format!("{} cannot be read: {error}", shown(given.text())));
            None
        }
    }
}

fn from_command(r: &Resolver<'_>, given: &Given) -> Option<TurbotKeys> {
    let arguments = match given.values.as_slice() {
        [array] if array.starts_with('[') => match serde_json::from_str::<Vec<String>>(array) {
            Ok(arguments) => arguments,
            Err(error) => {
                r.fault(&given.source, format!("it begins like a JSON array of texts and is none: {error}"));
                return None;
            }
        },
        values => values.to_vec(),
    };
    let Some((program, rest)) = arguments.split_first() else {
        r.fault(&given.source, "it names no program");
        return None;
    };
    let run = || -> Result<TurbotKeys, String> {
        // Its own words go to the terminal; it may ask there (a password manager does).
        let mut command = Command::new(program);
        let mut child =
            command.args(rest).stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot be started: {error}"))?;
        let output = child.stdout.take().map(bounded);
        let status = child.wait().map_err(|error| format!("cannot be awaited: {error}"))?;
        if !status.success() {
            return Err(format!("ended with {status}"));
        }
        parse(&output.transpose().map_err(|error| format!("gave no text: {error}"))?.unwrap_or_default())
    };
    run().map_err(|error| r.fault(&given.source, format!("the command {} {error}", shown(program)))).ok()
}

fn bounded(from: impl Read) -> std::io::Result<Zeroizing<String>> {
    // Reserved at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(4096));
    from.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Two lines, or JSON `{"access_key": ..., "secret_key": ...}`. What is wrong is said without the text.
pub(crate) fn parse(text: &str) -> Result<TurbotKeys, String> {
    #[derive(serde::Deserialize)]
    struct Keys {
        access_key: String,
        secret_key: String,
    }
    let right = "two lines, access key and secret key, or JSON {\"access_key\", \"secret_key\"} are right";
    if text.trim_start().starts_with('{') {
        let keys: Keys = serde_json::from_str(text).map_err(|_| format!("gave JSON without the keys: {right}"))?;
        return Ok(TurbotKeys { access_key: keys.access_key, secret_key: Secret::new(keys.secret_key) });
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [access, secret] if !lines.iter().any(|line| line.contains(char::is_whitespace)) => {
            Ok(TurbotKeys { access_key: (*access).to_owned(), secret_key: Secret::new((*secret).to_owned()) })
        }
        lines => Err(format!("gave {} lines that are no keys: {right}", lines.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_or_json_and_never_the_text_in_an_error() {
        for text in ["id\nhunter2\n", "\n id \r\n hunter2", r#"{"access_key": "id", "secret_key": "hunter2", "x": 1}"#]
        {
            let keys = parse(text).unwrap();
            assert_eq!((keys.access_key.as_str(), keys.secret_key.expose()), ("id", "hunter2"));
        }
        for text in [
            "",
            "hunter2",
            "id\nhunter2\nmore",
            "access_key = hunter2\nx = y",
            r#"{"secret_key": "hunter2"}"#,
            "{hunter2",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("hunter2") && error.contains("access"), "{error}");
        }
    }
}
