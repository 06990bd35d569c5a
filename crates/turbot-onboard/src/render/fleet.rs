//! A fleet for people: what would be done and what came of it, in few lines however many accounts there are.

use std::collections::BTreeMap;

use onboard_core::{AccountReport, Outcome, Partition, PolicyArn, Report, Step, With, escaped};
use onboard_engine::Planned;

use super::paint::Paint;
use super::report;
use crate::fleet::Plan;

/// How many accounts a line names before it counts the rest.
const NAMED: usize = 4;

/// `1 AWS account`, `200 AWS accounts`.
pub(crate) fn accounts(count: usize) -> String {
    format!("{count} AWS account{}", if count == 1 { "" } else { "s" })
}

/// The plan of a fleet: accounts for which the same would be done are one paragraph.
pub(crate) fn plans(plans: &[Plan], turbot_url: Option<&str>, paint: Paint) -> String {
    let mut alike: BTreeMap<Vec<String>, Vec<&Planned>> = BTreeMap::new();
    let mut nothing = Vec::new();
    let mut failed: BTreeMap<&'static str, Vec<&AccountReport>> = BTreeMap::new();
    for plan in plans {
        match plan {
            Ok(planned) if planned.plan.steps.is_empty() => nothing.push(name(planned)),
            Ok(planned) => alike.entry(paragraph(planned, turbot_url)).or_default().push(planned),
            Err(report) => {
                failed.entry(report.error.as_ref().map_or("failed", |e| e.kind.as_str())).or_default().push(report)
            }
        }
    }
    let mut lines = vec![paint.bold(&format!(
        "{}: {} to be changed",
        accounts(plans.len()),
        alike.values().map(Vec::len).sum::<usize>()
    ))];
    for (paragraph, planned) in &alike {
        lines.push(String::new());
        lines.push(paint.bold(&format!("{}: {}", accounts(planned.len()), some(planned.iter().map(|p| name(p))))));
        lines.extend(paragraph.iter().map(|line| format!("  {line}")));
    }
    if !nothing.is_empty() {
        lines.push(String::new());
        lines.push(format!("{}: nothing to do: {}", accounts(nothing.len()), some(nothing.into_iter())));
    }
    for (kind, reports) in &failed {
        lines.push(String::new());
        let names = some(reports.iter().map(|r| named(r)));
        lines.push(format!(
            "{} {}: {names}",
            paint.bad(&format!("{} cannot be planned", accounts(reports.len()))),
            format_args!("({kind})")
        ));
        let first = reports.first().and_then(|report| report.error.as_ref());
        lines.extend(
            first.map(|error| report::error_lines(error, paint)).unwrap_or_default().iter().map(|l| format!("  {l}")),
        );
    }
    let warnings: std::collections::BTreeSet<&String> =
        plans.iter().flatten().flat_map(|planned| &planned.plan.warnings).collect();
    lines.extend(warnings.into_iter().map(|warning| format!("{} {}", paint.caution("warning:"), escaped(warning))));
    lines.push(String::new());
    lines.join("\n")
}

/// What would be done, in words that are the same for all accounts for which the same would be done.
fn paragraph(planned: &Planned, turbot_url: Option<&str>) -> Vec<String> {
    let (wanted, plan, partition) = (&planned.wanted, &planned.plan, planned.caller.partition());
    let mut lines = Vec::new();
    if let Some(endpoint) = &planned.endpoint {
        lines.push(format!("AWS is reached at {}, which is not an endpoint of AWS's own.", escaped(endpoint)));
    }
    let makes = |step: &Step| {
        matches!(
            step,
            Step::CreateRole { .. }
                | Step::CreateUser { .. }
                | Step::Attach { .. }
                | Step::SetTrust { .. }
                | Step::CreateKey { .. }
        )
    };
    if plan.steps.iter().any(makes) {
        let policies = policies(wanted, partition);
        let who = partition.account_principal(&wanted.master_account_id);
        lines.push(match wanted.with {
            With::Role => format!(
                "Turbot's master account, {who}, gets {policies} in each, through the role {}, under an external ID of its own.",
                wanted.role_name
            ),
            With::Keys => format!(
                "Whoever holds the access key of the user {}, Turbot after the import, gets {policies} in each.",
                wanted.user_name
            ),
        });
    }
    if plan.steps.iter().any(|step| matches!(step, Step::Import { .. })) {
        let url = turbot_url.map(|url| format!(" at {}", escaped(url))).unwrap_or_default();
        let credential = if wanted.with == With::Role { "role" } else { "access key" };
        lines.push(format!(
            "Turbot{url} imports each into {}, {}, and is asked {} the {credential} afterwards.",
            wanted.cluster_id.urn(),
            if wanted.check_mode { "in check mode" } else { "not in check mode: it may change things at once" },
            if plan.delete_credential { "to delete" } else { "to leave" },
        ));
    }
    let mut changes: Vec<String> = plan.steps.iter().filter_map(change).collect();
    changes.dedup();
    if !changes.is_empty() {
        lines.push(format!("Of what stands in each, it would {}.", escaped(&changes.join("; "))));
    }
    let mut names: Vec<&str> = plan.steps.iter().map(Step::name).collect();
    names.dedup();
    lines.push(format!("Steps: {}.", names.join(", ")));
    lines
}

/// What a step changes or removes that stood before, without what is another in every account.
fn change(step: &Step) -> Option<String> {
    match step {
        Step::Tag { principal, .. } => Some(format!("tag {principal}")),
        Step::DeleteKey { user, .. } => Some(format!("delete access keys of user {user}")),
        Step::SetTrust { .. }
        | Step::SetRole { .. }
        | Step::SetBoundary { .. }
        | Step::Untag { .. }
        | Step::Detach { .. }
        | Step::DeleteInline { .. }
        | Step::DeleteRole { .. }
        | Step::DeleteUser { .. } => Some(step.sentence()),
        _ => None,
    }
}

fn policies(wanted: &onboard_core::Wanted, partition: &Partition) -> String {
    let named = |arn: &PolicyArn| {
        if arn.owner() == "aws" { arn.name().to_owned() } else { arn.to_string() }
    };
    let policies: Vec<String> = wanted.policies_in(partition).iter().map(named).collect();
    let boundary = wanted.permissions_boundary.as_ref().map(|arn| format!(", within the boundary {arn}"));
    format!("{}{}", policies.join(" and "), boundary.unwrap_or_default())
}

fn name(planned: &Planned) -> String {
    format!("{} as {}", planned.wanted.account_id, escaped(planned.wanted.turbot_id.as_str()))
}

fn named(report: &AccountReport) -> String {
    format!("{} as {}", escaped(&report.account_id), escaped(&report.turbot_id))
}

fn some(names: impl ExactSizeIterator<Item = String>) -> String {
    let count = names.len();
    let mut text = names.take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        text.push_str(&format!(" and {} more", count - NAMED));
    }
    text
}

/// What came of a fleet: a line for every account, whole only where something is to be known; then failures by cause.
pub(crate) fn text(report: &Report, paint: Paint) -> String {
    let mut lines = Vec::new();
    let mut causes: BTreeMap<&'static str, Vec<&AccountReport>> = BTreeMap::new();
    for account in &report.accounts {
        let whole = report::account_lines(account, &report.verb, paint);
        let quiet = account.error.is_none()
            && account.warnings.is_empty()
            && account.differences.is_empty()
            && account.leftovers.as_ref().is_none_or(Vec::is_empty);
        match (&account.error, account.outcome) {
            (Some(error), Outcome::Skipped) => {
                causes.entry(error.kind.as_str()).or_default().push(account);
                lines.extend(whole.into_iter().take(1));
            }
            (Some(error), _) => {
                causes.entry(error.kind.as_str()).or_default().push(account);
                lines.extend(whole);
            }
            (None, _) if quiet => lines.extend(whole.into_iter().take(1)),
            (None, _) => lines.extend(whole),
        }
    }
    if !causes.is_empty() {
        lines.push(String::new());
        lines.push(paint.bold("What went wrong:"));
        for (kind, accounts) in &causes {
            lines.push(format!("  {} {kind}: {}", accounts.len(), some(accounts.iter().map(|a| named(a)))));
            let hint = accounts.iter().find_map(|a| a.error.as_ref()?.hint.as_ref());
            lines.extend(hint.map(|hint| format!("    {} {}", paint.bold("Hint:"), escaped(hint))));
        }
    }
    let counts: Vec<String> = report.summary.outcomes.iter().map(|(name, n)| format!("{n} {name}")).collect();
    lines.push(String::new());
    lines.push(paint.bold(&format!("{}: {}", accounts(report.summary.accounts), counts.join(", "))));
    lines.push(String::new());
    lines.join("\n")
}
