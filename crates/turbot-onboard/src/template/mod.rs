//! What `apply` would make, written down for those who may not let a tool make it: pure texts, from the same plan.
//!
//! Every renderer takes any number of accounts and gives one text that serves all of them: it looks in which account it
//! is, makes what that one gets, and fails elsewhere before it makes anything.

mod blueprint;
pub(crate) mod cloudformation;
pub(crate) mod commands;
pub(crate) mod document;
pub(crate) mod permissions;
mod quoting;
pub(crate) mod terraform;
mod yaml;

#[cfg(test)]
mod tests;

pub(crate) use blueprint::Blueprint;
use onboard_core::{DEFAULT_NAME, VERSION, Wanted, With};

/// A value that a kind of template cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The option it came from.
    pub(crate) option: &'static str,
    /// Why not.
    pub(crate) message: String,
}

/// How many accounts are named in a comment.
const NAMED: usize = 10;

/// The first lines of a template's comment: what it is and for whom.
fn opening(blueprints: &[Blueprint], form: &str) -> String {
    let whom = match blueprints {
        [only] => format!("account {} ({})", only.wanted.account_id, only.wanted.account_urn()),
        several => format!("{} accounts", several.len()),
    };
    format!("What turbot-onboard {VERSION} `apply` would create in {whom}, {form}.\n")
}

/// What to do before a template is made anew, where an account's external ID was drawn for this one.
fn keep_external_ids(blueprints: &[Blueprint], what: &str) -> String {
    let drawn = |b: &Blueprint| b.role.is_some() && b.wanted.external_id.is_none();
    if !blueprints.iter().any(drawn) {
        return String::new();
    }
    format!(
        "
External IDs that are not given are drawn anew each time: a {what} that is made anew changes the trust of roles that
are imported already. So first put this one's into the manifest's column external_id (one account: --external-id).
They stand below; of the same command with `--output json > template.json`, whose `text` is the {what}, they are

  jq -r '.accounts[] | [.account_id,.external_id] | @csv' template.json
"
    )
}

/// The last lines of a template's comment: how Turbot's half goes on from it.
fn next_steps(blueprints: &[Blueprint], made_by: &str) -> String {
    let mut words = String::from("\nThen Turbot's half, which changes nothing of what this makes:\n\n");
    for blueprint in blueprints.iter().take(NAMED) {
        words.push_str(&format!("  turbot-onboard apply --adopt{}\n", arguments(&blueprint.wanted)));
    }
    if blueprints.len() > NAMED {
        words.push_str(&format!(
            "  ... and {} accounts more: `apply --adopt` with the manifest\n",
            blueprints.len() - NAMED
        ));
    }
    let what = if blueprints.iter().all(|b| b.role.is_none()) { "user" } else { "role" };
    words.push_str(&format!(
        "\nIts tag turbot-onboard:adopted keeps it: neither `cleanup` nor Turbot deletes it. Do not ask for that with\n\
         --delete-credential true: a {what} of a {made_by} that Turbot deletes is drift for ever.\n"
    ));
    if blueprints.iter().any(|b| b.role.is_none()) {
        words.push_str(
            "The user's access key is made by `apply`, which hands it over and deletes it nowhere else: in a template its\n\
             secret would stand in outputs or in a state file.\n",
        );
    }
    words
}

/// The options of `apply` that say the same of an account, as far as they are not the default.
fn arguments(wanted: &Wanted) -> String {
    let standard = crate::settings::wanted::default(
        wanted.account_id.clone(),
        wanted.turbot_id.clone(),
        wanted.cluster_id.clone(),
        wanted.master_account_id.clone(),
    );
    let mut out = String::new();
    let mut add = |name: &str, value: &str| out.push_str(&format!(" {}", quoting::option(name, value)));
    add("account-id", wanted.account_id.as_str());
    add("turbot-id", wanted.turbot_id.as_str());
    for (name, value, standard) in [
        ("title", &wanted.title, &standard.title),
        ("description", &wanted.description, &standard.description),
        ("role-description", &wanted.role_description, &standard.role_description),
    ] {
        if value != standard {
            add(name, value);
        }
    }
    match wanted.with {
        With::Role if wanted.role_name.as_str() != DEFAULT_NAME => add("role-name", wanted.role_name.as_str()),
        With::Role => {}
        With::Keys => {
            add("with", "keys");
            if wanted.user_name.as_str() != DEFAULT_NAME {
                add("user-name", wanted.user_name.as_str());
            }
        }
    }
    if wanted.role_path != standard.role_path {
        add("role-path", wanted.role_path.as_str());
    }
    if wanted.max_session_duration != standard.max_session_duration {
        add("max-session-duration", &wanted.max_session_duration.to_string());
    }
    for policy in &wanted.policies {
        add("policy-arn", policy.as_str());
    }
    if let Some(boundary) = &wanted.permissions_boundary {
        add("permissions-boundary", boundary.as_str());
    }
    for (key, value) in &wanted.tags {
        add("tag", &format!("{key}={value}"));
    }
    out
}
