//! What a run under fault came to, and whether that is what is defined.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cell::is_journal;
use crate::harness::{Finished, NAME, World};
use crate::mode::{Chapter, Mode};
use crate::outcomes::{End, exit_code};

/// What a run came to and what stands afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub code: i32,
    pub outcome: String,
    pub kind: Option<String>,
    pub undo_failed: bool,
    pub import: String,
    /// The words of the error, and of the undo's own.
    pub said: String,
    /// What of ours stands in AWS and is not in use: `role`, `user`, `access-key`, `journal`.
    pub left: BTreeSet<&'static str>,
    /// The kinds of the report's leftovers; `None` where nobody could look.
    pub leftovers: Option<BTreeSet<String>>,
    /// Whether Turbot shows the account.
    pub in_turbot: bool,
    /// Whether a credential was handed over.
    pub handed: bool,
    /// The checks that failed.
    pub checks: Vec<String>,
}

impl Seen {
    pub fn of(world: &World, mode: &Mode, run: &Finished) -> Self {
        let document = if run.stdout.trim().is_empty() { Value::Null } else { run.json() };
        let account = if document["summary"].is_null() { Value::Null } else { run.account() };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let in_turbot = world.sandbox.turbot().accounts().iter().any(|a| a.id == world.turbot_id && a.visible);
        let mut left = standing(world);
        if mode.chapter != Chapter::Bootstrap && in_turbot {
            left.retain(|kind| !mode.stands.contains(kind));
        }
        let leftovers = account["leftovers"].as_array().map(|l| l.iter().map(|l| text(&l["kind"])).collect());
        let checks = document["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            code: run.code,
            outcome: text(&account["outcome"]),
            kind: account["error"]["kind"].as_str().map(str::to_owned),
            undo_failed: !account["undo_error"].is_null(),
            import: text(&account["import"]["state"]),
            said: if run.code == 2 { run.said() } else { format!("{}, {}", account["error"], account["undo_error"]) },
            left,
            leftovers,
            in_turbot,
            handed: std::fs::metadata(world.path("handoff.json")).is_ok_and(|m| m.len() > 0),
            checks: checks.iter().filter(|c| c["result"] == "failed").map(|c| text(&c["check"])).collect(),
        }
    }

    fn named(&self) -> BTreeSet<&str> {
        self.leftovers.iter().flatten().map(String::as_str).collect()
    }
}

/// What of ours stands in AWS: what carries our tags.
fn standing(world: &World) -> BTreeSet<&'static str> {
    let cloud = world.sandbox.cloud();
    let mut left = BTreeSet::new();
    let ours = |tags: &[(String, String)]| tags.iter().any(|(key, _)| key.starts_with("turbot-onboard:"));
    if cloud.role(&world.account, NAME).is_some_and(|role| ours(&role.tags)) {
        left.insert("role");
    }
    if let Some(user) = cloud.user(&world.account, NAME) {
        left.insert("user");
        if !user.access_keys.is_empty() {
            left.insert("access-key");
        }
    }
    if cloud.policies(&world.account).iter().any(|p| p.path == "/turbot-onboard/" && is_journal(&p.name)) {
        left.insert("journal");
    }
    left
}

/// What is wrong with it, if anything.
pub fn judge(
    seen: &Seen,
    mode: &Mode,
    end: End,
    kind: Option<&'static str>,
    world: &World,
    hidden: bool,
    doubtful: bool,
) -> Vec<String> {
    let chapter = mode.chapter;
    if chapter.only_looks() {
        return judge_look(seen, chapter, end, kind);
    }
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    must(seen.kind.as_deref() == kind, "the kind of the error");
    let code = kind.map_or(0, exit_code);
    must(seen.code == i32::from(code), "the exit code");
    let outcome = match code {
        _ if end == End::Good => chapter.good().1,
        _ if end == End::Gone => seen.outcome.as_str(),
        _ if end == End::NoWindow && chapter == Chapter::Entered => "imported",
        3 => "refused",
        5 if seen.import == "refused" => "refused",
        6 => "pending",
        _ => "failed",
    };
    must(seen.outcome == outcome, "the outcome");
    must(world.effective_imports() <= 1, "more than one import had its effect");
    must(chapter != Chapter::Bootstrap || seen.handed == (end == End::Good), "what is in the hand-off's file");
    if chapter.leaves_aws_alone() {
        must(seen.leftovers.is_none(), "AWS was not looked at, and something is named");
    } else if end != End::Gone && (end != End::Good || chapter != Chapter::Bootstrap) {
        // What is left is named, all of it and nothing else, unless AWS could not be asked.
        // A claim that is lost may be another's: its journal is not ours to name.
        let lost = seen.kind.as_deref() == Some("claim-lost");
        let left: BTreeSet<&str> = seen.left.iter().copied().filter(|kind| !lost || *kind != "journal").collect();
        let named: BTreeSet<&str> = seen.named().into_iter().filter(|kind| !lost || *kind != "journal").collect();
        // What may have been removed, or not been changed, is named, too: the call had no answer.
        let told = left == named
            || hidden && named.is_subset(&left) && left.is_empty() == named.is_empty()
            || doubtful && left.is_subset(&named);
        must(seen.leftovers.is_none() || told, "what is left is not what is named");
    }
    let aws = !chapter.leaves_aws_alone();
    let nothing = !aws || seen.left.is_empty();
    let absent = chapter.was_imported() || !seen.in_turbot;
    match end {
        End::Good | End::NoWindow => {
            let stands: BTreeSet<&str> =
                mode.stands.iter().copied().filter(|_| chapter == Chapter::Bootstrap).collect();
            must(!aws || seen.left == stands, "something else is left");
            must(!aws || seen.named().is_empty() && seen.leftovers.is_some(), "something is named");
            let imported = matches!(chapter.good().1, "imported" | "already-imported") || chapter.was_imported();
            must(seen.in_turbot == imported, "whether Turbot shows it");
        }
        End::Undone(_) => {
            must(nothing && !seen.undo_failed, "it was not taken back");
            if chapter == Chapter::Adopted {
                let role = world.sandbox.cloud().role(&world.account, NAME).map(|r| (r.attached, r.trust));
                let as_it_was = role.is_some_and(|(attached, trust)| attached.is_empty() && trust.contains("ec2."));
                must(as_it_was, "the role is not as its owner had it");
            }
            must(absent, "Turbot shows it");
        }
        End::NotUndone(_) => {
            must(seen.undo_failed, "the undo's own failure is not told");
            must(seen.left.contains("journal"), "nothing is left that tells the next run");
            must(absent, "Turbot shows it");
        }
        End::Unseen(_) => {
            must(seen.undo_failed || nothing, "it is left without a word");
            must(!seen.undo_failed || seen.left.contains("journal"), "nothing is left that tells the next run");
            must(absent, "Turbot shows it");
        }
        End::Accepted(_) => {
            must(seen.in_turbot && seen.import == "accepted", "it is not in Turbot");
            must(!seen.undo_failed, "an undo was tried");
        }
        End::Pending(_) => {
            must(!aws || seen.left.contains("journal"), "the journal is gone");
            must(!seen.undo_failed, "an undo was tried");
        }
        End::Gone => must(!seen.left.contains("journal") && ["done", "unchanged"].contains(&outcome), "the outcome"),
        End::Stands(_) => must(absent, "Turbot shows it"),
        End::Check(_) => must(false, "a check is of doctor alone"),
    }
    wrong
}

/// Verbs that only look.
fn judge_look(seen: &Seen, chapter: Chapter, end: End, kind: Option<&'static str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let code = match end {
        End::Check(check) => {
            if !seen.checks.iter().any(|failed| failed.starts_with(check)) {
                wrong.push(format!("{check} is not among the checks that failed"));
            }
            3
        }
        _ => kind.map_or(0, exit_code),
    };
    if seen.code != i32::from(code) {
        wrong.push("the exit code".into());
    }
    if chapter == Chapter::Plan && seen.kind.as_deref() != kind {
        wrong.push("the kind of the error".into());
    }
    wrong
}
