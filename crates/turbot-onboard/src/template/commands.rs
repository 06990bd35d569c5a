//! The exact aws commands: a POSIX shell script that looks in which account it is, and stops at the first failure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::blueprint::Blueprint;
use super::{next_steps, opening, quoting};

/// The script, with what to do after it in its comments.
pub(crate) fn render(blueprints: &[Blueprint]) -> String {
    let mut words = opening(blueprints, "as commands of the AWS CLI");
    words.push_str(
        "\nA role or user of that name that stands already is not touched: its create command fails, and the script ends.\n",
    );
    let mut out =
        String::from("#!/bin/sh\n") + &quoting::comment(&(words + &next_steps(blueprints, "stack or script")));
    out.push_str("set -eu\n\ncaller=$(aws sts get-caller-identity --query Arn --output text)\ncase \"$caller\" in\n");
    if let [only] = blueprints {
        let _ = writeln!(out, "{}) ;;", pattern(only));
        out.push_str(OTHERS);
        out.push_str("esac\n\n");
        account(&mut out, only);
    } else {
        for blueprint in blueprints {
            let _ = writeln!(out, "{})", pattern(blueprint));
            account(&mut out, blueprint);
            out.push_str(";;\n");
        }
        out.push_str(OTHERS);
        out.push_str("esac\n");
    }
    out
}

const OTHERS: &str = "*) echo \"error: this is not for $caller\" >&2; exit 3 ;;\n";

/// The callers of an account: users, roles' sessions and root, in its partition.
fn pattern(blueprint: &Blueprint) -> String {
    format!("arn:{}:*::{}:*", blueprint.partition, blueprint.wanted.account_id)
}

fn account(out: &mut String, blueprint: &Blueprint) {
    let (kind, name) = (blueprint.principal.kind(), blueprint.principal.name());
    let who = quoting::option(&format!("{kind}-name"), name);
    let mut options = vec![who.clone(), quoting::option("path", blueprint.path.as_str())];
    if let Some(role) = &blueprint.role {
        options.push(description(&role.description));
        options.push(format!("--max-session-duration {}", role.seconds));
        options.push(quoting::option("assume-role-policy-document", &role.trust.document()));
    }
    if let Some(boundary) = &blueprint.boundary {
        options.push(quoting::option("permissions-boundary", boundary.as_str()));
    }
    let tags: Value = blueprint.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    options.push(quoting::option("tags", &tags.to_string()));
    command(out, &format!("create-{kind}"), &options);
    for policy in &blueprint.policies {
        command(out, &format!("attach-{kind}-policy"), &[who.clone(), quoting::option("policy-arn", policy.as_str())]);
    }
}

/// The AWS CLI reads a file or an address where a value begins like one; in JSON it does not.
fn description(text: &str) -> String {
    let begins_like_a_file = ["file:", "fileb:", "http:", "https:"].iter().any(|start| text.starts_with(start));
    if begins_like_a_file || text.is_empty() {
        quoting::option("cli-input-json", &json!({"Description": text}).to_string())
    } else {
        quoting::option("description", text)
    }
}

fn command(out: &mut String, name: &str, options: &[String]) {
    let _ = writeln!(out, "aws iam {name} \\\n    {}", options.join(" \\\n    "));
}
