//! Profiles that people have already: `~/.config/turbot/credentials.yml` of Turbot's own tools, and `~/.aws/turbothq` of
//! the community's v3 tools, whose one section is `turbot`. They are read when `--turbot-profile` names one, never by
//! themselves.

use std::path::PathBuf;

use onboard_core::{Secret, shown};
use saphyr_parser::{Event, Parser};
use zeroize::Zeroizing;

use super::keys::{self, TurbotKeys};
use super::resolver::Resolver;
use super::source::{Given, Source};

/// A profile's keys and address.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) keys: TurbotKeys,
    pub(crate) url: Option<String>,
    /// Whether a flag or a variable names it, which win over the variables of the keys.
    pub(crate) at_hand: bool,
}

/// What a file says of a profile.
#[derive(Debug, Default)]
struct Entry {
    access_key: Option<String>,
    secret_key: Option<Secret>,
    url: Option<String>,
    unverified: bool,
}

/// The profile that `--turbot-profile` names. What is wrong with it is a fault, said without what the files hold.
pub(crate) fn resolve(r: &Resolver<'_>) -> Option<Profile> {
    let given = r.layers.find("turbot-profile")?;
    let name = given.text();
    let Some(home) = r.layers.environment.get("HOME").map(PathBuf::from) else {
        r.fault(&given.source, "there is no HOME to look for profiles in");
        return None;
    };
    let places = [(home.join(".config/turbot/credentials.yml"), Form::Yaml), (home.join(".aws/turbothq"), Form::Ini)];
    let mut found = Vec::new();
    for (path, form) in places {
        if !path.exists() {
            continue;
        }
        let place = Given { values: vec![path.display().to_string()], source: given.source.clone() };
        let text = keys::read(r, &place)?;
        match form.read(&text, name) {
            Ok(Some(entry)) => found.push((path, entry)),
            Ok(None) => {}
            Err(what) => {
                r.fault(&given.source, format!("{} {what}", shown(place.text())));
                return None;
            }
        }
    }
    let [(path, entry)] = <[_; 1]>::try_from(found)
        .map_err(|found| {
            let message = if found.is_empty() {
                format!("neither ~/.config/turbot/credentials.yml nor ~/.aws/turbothq has the profile {}", shown(name))
            } else {
                format!("both ~/.config/turbot/credentials.yml and ~/.aws/turbothq have the profile {}", shown(name))
            };
            r.fault(&given.source, message);
        })
        .ok()?;
    if entry.unverified {
        r.warn(format!(
            "{} turns the check of Turbot's certificate off; that is not followed (--turbot-ca-bundle names your own)",
            shown(&path.display().to_string())
        ));
    }
    let (Some(access_key), Some(secret_key)) = (entry.access_key, entry.secret_key) else {
        let message = format!("the profile {} has not both an access key and a secret key", shown(name));
        r.fault(&given.source, message);
        return None;
    };
    let at_hand = !matches!(given.source, Source::File { .. });
    Some(Profile { keys: TurbotKeys { access_key, secret_key }, url: entry.url, at_hand })
}

/// How a file is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `profile: {accessKey, secretKey, workspace}`.
    Yaml,
    /// `[turbot]` with `access_key`, `secret_key`, `host`, `verify`.
    Ini,
}

impl Form {
    fn read(self, text: &str, profile: &str) -> Result<Option<Entry>, String> {
        match self {
            Self::Yaml => of_yaml(text, profile),
            Self::Ini => of_ini(text, profile),
        }
    }
}

fn of_yaml(text: &str, profile: &str) -> Result<Option<Entry>, String> {
    let wrong =
        |line: usize| format!("is not as expected in line {line}: profiles with accessKey, secretKey, workspace");
    let (mut depth, mut key): (u32, Option<String>) = (0, None);
    let (mut inside, mut entry) = (false, None);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("is not YAML in line {}", error.marker().line()))?;
        match event {
            Event::MappingStart(..) => {
                depth += 1;
                if depth == 2 {
                    inside = key.take().as_deref() == Some(profile);
                    if inside {
                        entry = Some(Entry::default());
                    }
                }
            }
            Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                inside = false;
                key = None;
            }
            Event::Scalar(value, ..) => match key.take() {
                None => key = Some(value.into_owned()),
                Some(name) => {
                    if let Some(entry) = entry.as_mut().filter(|_| inside && depth == 2) {
                        entry.set(&name, &value);
                    }
                }
            },
            Event::SequenceStart(..) | Event::Alias(..) => return Err(wrong(span.start.line())),
            _ => {}
        }
    }
    Ok(entry)
}

fn of_ini(text: &str, profile: &str) -> Result<Option<Entry>, String> {
    let (mut inside, mut entry) = (false, None);
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = section.trim() == profile;
            if inside {
                entry.get_or_insert_with(Entry::default);
            }
            continue;
        }
        let (name, value) =
            line.split_once(['=', ':']).ok_or_else(|| format!("is not as expected in line {}: NAME = VALUE", n + 1))?;
        if let Some(entry) = entry.as_mut().filter(|_| inside) {
            entry.set(name.trim(), value.trim());
        }
    }
    Ok(entry)
}

impl Entry {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "accessKey" | "access_key" => self.access_key = Some(value.to_owned()),
            "secretKey" | "secret_key" => {
                self.secret_key = Some(Secret::new(Zeroizing::new(value.to_owned()).to_string()));
            }
            // A workspace may be spelled with its API; the address is what stands before.
            "workspace" | "host" if !value.is_empty() => {
                let url = ["/api/latest/graphql", "/api/v5/graphql", "/api/latest", "/api/v5", "/"]
                    .into_iter()
                    .fold(value, |url, tail| url.strip_suffix(tail).unwrap_or(url));
                self.url = Some(url.to_owned());
            }
            "verify" => self.unverified = ["false", "no", "off", "0"].contains(&value.to_lowercase().as_str()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "default:\n  accessKey: other\n  secretKey: hunter3\nacme:\n  accessKey: id\n  \
                        secretKey: \"hunter2\"\n  workspace: https://acme.example.com/api/latest/graphql\n";
    const INI: &str = "# mine\n[other]\naccess_key = no\n[turbot]\naccess_key = id\nsecret_key = hunter2\n\
                       host = turbot.install\nverify = False\nturbot_user_id = me\napi = v3\n";

    #[test]
    fn both_forms() {
        let entry = of_yaml(YAML, "acme").unwrap().unwrap();
        assert_eq!((entry.access_key.as_deref(), entry.url.as_deref()), (Some("id"), Some("https://acme.example.com")));
        assert_eq!(entry.secret_key.unwrap().expose(), "hunter2");
        let entry = of_ini(INI, "turbot").unwrap().unwrap();
        assert_eq!((entry.access_key.as_deref(), entry.url.as_deref()), (Some("id"), Some("turbot.install")));
        assert!(entry.unverified && entry.secret_key.unwrap().expose() == "hunter2");
        assert!(of_yaml(YAML, "none").unwrap().is_none());
        assert!(of_ini(INI, "none").unwrap().is_none());
        // Another profile's keys never fill a gap.
        assert!(of_yaml("a:\n  accessKey: x\nb:\n  secretKey: y\n", "a").unwrap().unwrap().secret_key.is_none());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_text() {
        for text in ["[hunter2", "a: [hunter2]", "acme: &x {secretKey: hunter2}\nb: *x", "a: \"hunter2"] {
            let error = of_yaml(text, "acme").unwrap_err();
            assert!(!error.contains("hunter2") && error.contains("line"), "{error}");
        }
        let error = of_ini("[turbot]\nhunter2", "turbot").unwrap_err();
        assert!(!error.contains("hunter2") && error.contains("line 2"), "{error}");
    }
}
