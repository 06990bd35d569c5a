//! A plan as sentences that a security reviewer can approve.

use onboard_core::{Caller, Partition, Plan, PolicyArn, Step, Wanted, With, escaped, shown};

use onboard_engine::Planned;

use super::difference;
use super::paint::Paint;

/// What a plan's text is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlanView<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) plan: &'a Plan,
    pub(crate) caller: &'a Caller,
    pub(crate) alias: Option<&'a str>,
    /// The AWS endpoint, where it is not AWS's own.
    pub(crate) endpoint: Option<&'a str>,
    pub(crate) turbot_url: Option<&'a str>,
}

impl<'a> PlanView<'a> {
    /// The view of what the engine planned.
    pub(crate) fn of(planned: &'a Planned, turbot_url: Option<&'a str>) -> Self {
        Self {
            wanted: &planned.wanted,
            plan: &planned.plan,
            caller: &planned.caller,
            alias: planned.alias.as_deref(),
            endpoint: planned.endpoint.as_deref(),
            turbot_url,
        }
    }
}

/// The plan: who gets what where, then every step.
pub(crate) fn text(view: &PlanView<'_>, paint: Paint) -> String {
    let mut lines = vec![paint.bold(&heading(view)), format!("Called by {}.", escaped(view.caller.arn.as_str()))];
    if let Some(endpoint) = view.endpoint {
        lines.push(
            paint.caution(&format!("AWS is reached at {}, which is not an endpoint of AWS's own.", escaped(endpoint))),
        );
    }
    let steps = &view.plan.steps;
    if steps.iter().any(grants) {
        lines.push(String::new());
        lines.extend(grant(view));
    }
    if steps.iter().any(|step| matches!(step, Step::Import { .. })) {
        lines.push(import(view));
    }
    lines.push(String::new());
    if steps.is_empty() {
        lines.push("There is nothing to do.".to_owned());
    }
    let width = steps.len().to_string().len();
    for (n, step) in steps.iter().enumerate() {
        lines.push(format!("{:>width$}. {}", n + 1, escaped(&step.sentence())));
        let indent = " ".repeat(width + 4);
        lines.extend(details(step, paint).into_iter().map(|line| format!("{indent}{line}")));
    }
    if view.plan.then_again {
        lines.push("This only tidies up; after it everything is looked at and planned anew.".to_owned());
    }
    lines
        .extend(view.plan.warnings.iter().map(|warning| format!("{} {}", paint.caution("warning:"), escaped(warning))));
    lines.push(String::new());
    lines.join("\n")
}

/// The account as people know it: its number, and its alias if it has one.
pub(crate) fn account(view: &PlanView<'_>) -> String {
    let alias = view.alias.map(|alias| format!(" ({})", escaped(alias)));
    format!("{}{}", view.wanted.account_id, alias.unwrap_or_default())
}

fn heading(view: &PlanView<'_>) -> String {
    let count = match view.plan.steps.len() {
        0 => "no steps".to_owned(),
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    };
    format!("AWS account {}, {} in Turbot: {count}", account(view), escaped(&view.wanted.account_urn()))
}

/// Whether a step opens the account to somebody.
fn grants(step: &Step) -> bool {
    matches!(
        step,
        Step::CreateRole { .. }
            | Step::CreateUser { .. }
            | Step::SetTrust { .. }
            | Step::Attach { .. }
            | Step::CreateKey { .. }
            | Step::Import { .. }
            | Step::HandOver { .. }
    )
}

/// Who gets what, in which account, and how.
fn grant(view: &PlanView<'_>) -> Vec<String> {
    let partition = view.caller.partition();
    let policies = policies(view.wanted, partition);
    let account = account(view);
    let name = view.wanted.principal_name();
    match view.wanted.with {
        With::Role => {
            let external_id = view.plan.external_id.as_ref().map_or_else(
                || "under the external ID it has".to_owned(),
                |id| format!("under the external ID {}", escaped(id.as_str())),
            );
            vec![
                format!("Turbot's master account, {},", partition.account_principal(&view.wanted.master_account_id)),
                format!("gets {policies}"),
                format!("in AWS account {account},"),
                format!("through the role {name}, {external_id}."),
            ]
        }
        With::Keys => vec![
            "Whoever holds the access key of the user, Turbot after the import,".to_owned(),
            format!("gets {policies}"),
            format!("in AWS account {account},"),
            format!("through the user {name}, who has no password."),
        ],
    }
}

fn policies(wanted: &Wanted, partition: &Partition) -> String {
    let named = |arn: &PolicyArn| {
        if arn.owner() == "aws" { format!("{} ({arn})", arn.name()) } else { arn.to_string() }
    };
    let policies: Vec<String> = wanted.policies_in(partition).iter().map(named).collect();
    let boundary = wanted.permissions_boundary.as_ref().map(|arn| format!(", within the boundary {arn}"));
    format!("{}{}", policies.join(" and "), boundary.unwrap_or_default())
}

fn import(view: &PlanView<'_>) -> String {
    let wanted = view.wanted;
    let credential = match wanted.with {
        With::Role => "role",
        With::Keys => "access key",
    };
    format!(
        "Turbot{} imports the account as {} with the title {}, {}, and is asked {} afterwards.",
        view.turbot_url.map(|url| format!(" at {}", escaped(url))).unwrap_or_default(),
        wanted.account_urn(),
        shown(&wanted.title),
        if wanted.check_mode { "in check mode" } else { "not in check mode: it may change things at once" },
        if view.plan.delete_credential {
            format!("to delete the {credential}")
        } else {
            format!("to leave the {credential} as it is")
        },
    )
}

/// What a step's sentence leaves out.
fn details(step: &Step, paint: Paint) -> Vec<String> {
    match step {
        Step::CreateRole { path, max_session_duration, boundary, tags, .. } => {
            let mut lines = vec![format!("path {path}, sessions of at most {max_session_duration} s")];
            lines.extend(boundary.as_ref().map(|arn| format!("permissions boundary {arn}")));
            lines.extend(tag_line(tags));
            lines
        }
        Step::CreateUser { path, boundary, tags, .. } => {
            let mut lines = vec![format!("path {path}, no password, no groups")];
            lines.extend(boundary.as_ref().map(|arn| format!("permissions boundary {arn}")));
            lines.extend(tag_line(tags));
            lines
        }
        Step::SetTrust { .. } | Step::SetBoundary { .. } => {
            let view = step.view();
            difference::lines(&view.before, &view.after, paint)
        }
        _ => vec![],
    }
}

fn tag_line(tags: &std::collections::BTreeMap<String, String>) -> Option<String> {
    let pairs: Vec<String> = tags.iter().map(|(k, v)| format!("{}={}", escaped(k), escaped(v))).collect();
    (!pairs.is_empty()).then(|| format!("tags {}", pairs.join(", ")))
}
