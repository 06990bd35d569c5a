//! `{defaults, accounts[]}`, whatever language it was written in.

use std::rc::Rc;

use onboard_core::{escaped, shown};

use super::node::{Node, Shape};
use super::row::{column, parts, unknown};
use super::{Faults, Manifest, Position, Row};
use crate::cli::spec::{Kind, Spec};

/// Reads the rows; faults go to the list.
pub(super) fn read(root: &Node, path: &str, faults: &mut Faults<'_>) -> Manifest {
    let (mut manifest, path) = (Manifest::default(), path.into());
    let Shape::Table(entries) = &root.shape else {
        faults.at(root.at, "a manifest is a table with `accounts` and perhaps `defaults`");
        return manifest;
    };
    let mut seen = Vec::new();
    for (key, at, value) in entries {
        if seen.contains(&key.as_str()) {
            faults.at(*at, format!("{} stands twice", shown(key)));
        }
        seen.push(key);
        match (key.as_str(), &value.shape) {
            ("defaults", Shape::Nothing) => {}
            ("defaults", _) => manifest.defaults = row(value, &path, faults),
            ("accounts", Shape::List(accounts)) => {
                manifest.rows = accounts.iter().map(|account| row(account, &path, faults)).collect();
            }
            ("accounts", _) => faults.at(value.at, "accounts is a list, an entry for each account"),
            // What an editor reads, and no one else.
            ("$schema", Shape::Text(_)) => {}
            // What `discover` left out, and why: for people.
            ("left_out", Shape::List(_)) => {}
            _ => faults.at(*at, format!("{} is neither accounts nor defaults", shown(key))),
        }
    }
    manifest
}

fn row(node: &Node, path: &Rc<str>, faults: &mut Faults<'_>) -> Row {
    let mut row = Row::new(path, node.at);
    let Shape::Table(entries) = &node.shape else {
        faults.at(node.at, "an account is a table of options, such as account_id and turbot_id");
        return row;
    };
    for (n, (key, at, value)) in entries.iter().enumerate() {
        let Some(spec) = column(key) else {
            faults.at(*at, unknown(key));
            continue;
        };
        if entries[..n].iter().any(|(earlier, ..)| earlier == key) {
            faults.at(*at, format!("{key} stands twice"));
        }
        match values(spec, value) {
            Ok(values) => row.keep(spec, values, value.at),
            Err((at, message)) => {
                row.spoil(spec);
                faults.at(at, format!("{key}: {message}"));
            }
        }
    }
    row
}

/// A value as texts, or what it should have been.
fn values(spec: &Spec, node: &Node) -> Result<Vec<String>, (Position, String)> {
    let one = |text: &str| Ok(vec![text.to_owned()]);
    let wrong = |message: String| Err((node.at, message));
    match (spec.kind, &node.shape) {
        (_, Shape::Nothing) => Ok(vec![]),
        (Kind::Flag | Kind::Bool, Shape::Truth(on)) => one(if *on { "true" } else { "false" }),
        (Kind::Flag | Kind::Bool, _) => wrong("it takes true or false, without quotes".into()),
        (Kind::Number | Kind::Count, Shape::Number(number)) => one(number),
        (Kind::Number | Kind::Count, _) => wrong("it takes a whole number, without quotes".into()),
        (Kind::List | Kind::Command, Shape::Text(text)) => Ok(parts(spec, text)),
        (Kind::List | Kind::Command, Shape::List(items)) => items
            .iter()
            .map(|item| match &item.shape {
                Shape::Text(text) => Ok(text.clone()),
                _ => Err((item.at, "it takes a list of texts, each in quotes".to_owned())),
            })
            .collect(),
        (Kind::List | Kind::Command, Shape::Table(pairs)) if spec.name == "tag" => pairs
            .iter()
            .map(|(key, _, value)| match &value.shape {
                Shape::Text(text) => Ok(format!("{key}={text}")),
                _ => Err((value.at, format!("the tag {} takes a text, in quotes", shown(key)))),
            })
            .collect(),
        (Kind::List | Kind::Command, _) => wrong("it takes a list of texts, each in quotes".into()),
        (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::File, Shape::Text(text)) => one(text),
        (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::File, Shape::Number(number)) => {
            wrong(format!("it is a number, which loses leading zeros: write it in quotes, \"{}\"", escaped(number)))
        }
        (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::File, Shape::Other(text)) => {
            wrong(format!("write it in quotes, \"{}\"", escaped(text)))
        }
        (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::File, Shape::Truth(on)) => {
            wrong(format!("it takes a text: write it in quotes, \"{on}\""))
        }
        (Kind::Text | Kind::Choice(_) | Kind::Duration | Kind::File, Shape::List(_) | Shape::Table(_)) => {
            wrong("it takes one text".into())
        }
    }
}
