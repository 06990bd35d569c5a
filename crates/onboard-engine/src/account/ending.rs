//! How the work on an account ends: what may be taken back is, the claim goes, and what is left is named.

use std::collections::BTreeMap;

use onboard_core::{
    AccountReport, ErrorKind, ErrorReport, ImportState, Journal, Leftover, Outcome, Presence, StepReport, StepResult,
    With, is_kept,
};

use super::undoing::TakenBack;
use crate::claim::ClaimError;
use crate::halt::Halt;
use crate::worker::{Worker, looking};

/// The exit code of what AWS failed at.
const AWS_FAILED: u8 = 4;

impl Worker<'_> {
    /// Ends a verb that has nothing to do with what stands in AWS.
    pub(crate) fn finish_without_look(mut self, result: Result<Outcome, Halt>) -> AccountReport {
        match result {
            Ok(outcome) => self.report.outcome = outcome,
            Err(Halt::Failed(error) | Halt::Unclear(error) | Halt::Pending(error) | Halt::Audit(error)) => {
                self.report.fail(error);
            }
            Err(Halt::Again(why)) => self.report.fail(ErrorReport::new(ErrorKind::Unsteady, why)),
            Err(Halt::Interrupted) => self.report.fail(interrupted(self.report.import.state)),
        }
        self.ended()
    }

    /// Ends the work: undoes what may be undone, lets the claim go, says what is left.
    pub(crate) async fn finish(mut self, result: Result<Outcome, Halt>, both: bool) -> AccountReport {
        match result {
            Ok(outcome) => {
                self.report.outcome = outcome;
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
                self.leftovers_at_success();
                return self.ended();
            }
            Err(Halt::Failed(error) | Halt::Unclear(error)) => {
                let maintenance = error.kind == ErrorKind::Maintenance;
                if maintenance {
                    self.report.outcome = if self.report.import.state == ImportState::Accepted {
                        Outcome::Imported
                    } else {
                        Outcome::AlreadyImported
                    };
                }
                if self.lost_claim_explains(&error).await {
                    self.report.fail(ErrorReport { causes: [vec![error.message], error.causes].concat(), ..lost() });
                } else {
                    let refused = error.kind == ErrorKind::TurbotRefused;
                    self.report.fail(error);
                    let taken_back = self.take_back().await;
                    if refused {
                        self.say_what_stands(taken_back);
                    }
                }
                if maintenance {
                    self.leftovers_at_success();
                    return self.ended();
                }
            }
            Err(Halt::Pending(error)) => {
                self.report.fail(error);
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
            }
            Err(Halt::Again(why)) => {
                self.report.fail(
                    ErrorReport::new(ErrorKind::Unsteady, "the account changed while it was worked on").because(why),
                );
                if let Some(claim) = self.claim.take() {
                    claim.let_go().await;
                }
            }
            Err(Halt::Interrupted) => {
                self.report.fail(interrupted(self.report.import.state));
                self.take_back().await;
            }
            Err(Halt::Audit(error)) => {
                self.report.fail(unrecorded(error, self.report.import.state));
                // Without the audit log nothing more is done, not even undone.
                self.claim = None;
            }
        }
        self.leftovers_by_look(both).await;
        self.ended()
    }

    /// Whether AWS showed another world because another run has the account by now: that one's work is not a failure of
    /// AWS's, and this one ends pending.
    async fn lost_claim_explains(&mut self, error: &ErrorReport) -> bool {
        let Some(claim) = &self.claim else {
            return false;
        };
        let explains = error.kind.exit_code() == AWS_FAILED && matches!(claim.ensure().await, Err(ClaimError::Lost));
        if explains {
            self.claim = None;
        }
        explains
    }

    /// Turbot refused: what became of what it was given is the next thing to know.
    fn say_what_stands(&mut self, taken_back: TakenBack) {
        let stands = match taken_back {
            TakenBack::Nothing => return,
            TakenBack::Whole => "what was made in AWS has been taken back",
            TakenBack::Not => "what was made in AWS stands: the same command goes on with it, cleanup removes it",
        };
        if let Some(error) = &mut self.report.error {
            error.hint = Some(error.hint.take().map_or_else(|| stands.to_owned(), |hint| format!("{hint}; {stands}")));
        }
    }

    /// After success: what Turbot left, or what stands although it should not.
    fn leftovers_at_success(&mut self) {
        let mut leftovers = Vec::new();
        let finished = matches!(self.report.outcome, Outcome::Imported | Outcome::AlreadyImported);
        if finished && (self.credential_left || self.stands_unwanted()) {
            let why = "Turbot was asked to delete it, or no longer needs it";
            leftovers.extend(self.principal_leftover(why));
        }
        self.report.leftovers = Some(leftovers);
    }

    /// An imported account whose plan had no steps: ours still stands, and nobody asked to keep it.
    fn stands_unwanted(&self) -> bool {
        let untouched = self.report.steps.is_empty();
        let keep = self.wanted.delete_credential == Some(false);
        untouched
            && !keep
            && self.look.as_ref().is_some_and(|look| {
                let ours = |tags: &BTreeMap<String, String>| {
                    self.wanted
                        .ownership_tags()
                        .iter()
                        .filter(|(k, _)| !k.ends_with("version"))
                        .all(|(k, v)| tags.get(k) == Some(v))
                        && !tags.contains_key("turbot-onboard:adopted")
                };
                match self.wanted.with {
                    With::Role => look.aws.role(self.wanted.role_name.as_str()).is_some_and(|r| ours(&r.tags)),
                    With::Keys => look.aws.user(self.wanted.user_name.as_str()).is_some_and(|u| ours(&u.tags)),
                }
            })
    }

    fn principal_leftover(&self, why: &str) -> Option<Leftover> {
        let kind = match self.wanted.with {
            With::Role => "role",
            With::Keys => "user",
        };
        let arn = self.arn.as_ref()?;
        Some(Leftover { kind, id: arn.to_string(), why: why.to_owned(), remove_with: self.cleanup_command() })
    }

    /// The command that removes what is left: with everything it needs that is no secret.
    pub(crate) fn cleanup_command(&self) -> String {
        let (wanted, aws) = (self.wanted, &self.job.aws);
        let mut words: Vec<(&str, &str)> = vec![
            ("account-id", wanted.account_id.as_str()),
            ("turbot-id", wanted.turbot_id.as_str()),
            ("cluster-id", wanted.cluster_id.as_str()),
            ("master-account-id", wanted.master_account_id.as_str()),
        ];
        if wanted.role_name.as_str() != onboard_core::DEFAULT_NAME {
            words.push(("role-name", wanted.role_name.as_str()));
        }
        if wanted.user_name.as_str() != onboard_core::DEFAULT_NAME {
            words.push(("user-name", wanted.user_name.as_str()));
        }
        for (option, value) in [("profile", &aws.profile), ("region", &aws.region), ("assume-role", &aws.assume_role)] {
            if let Some(value) = value {
                words.push((option, value));
            }
        }
        let words: Vec<String> =
            words.iter().map(|(option, value)| format!("--{option} {}", shell_word(value))).collect();
        format!("turbot-onboard cleanup {}", words.join(" "))
    }

    /// After anything else: AWS is looked at once more.
    async fn leftovers_by_look(&mut self, both: bool) {
        let Ok(seen) = self.aws.observe(&looking(self.wanted, both)).await else {
            return;
        };
        if seen.caller.account != self.wanted.account_id {
            return;
        }
        let command = self.cleanup_command();
        let mut leftovers = Vec::new();
        let mut left = |kind, id: String, why: String| {
            leftovers.push(Leftover { kind, id, why, remove_with: command.clone() });
        };
        let mine = |tags: &BTreeMap<String, String>| {
            tags.get("turbot-onboard:turbot-id").is_some_and(|id| *id == *self.wanted.turbot_id.as_str())
                && tags.get("turbot-onboard:cluster") == Some(&self.wanted.cluster_id.urn())
        };
        // The credential of an imported account that is to stay is in use: nothing is left of it. Where it is not known
        // whether the account is imported, no journal says that a run had not finished.
        let turbot = self.look.as_ref().and_then(|look| look.turbot.as_ref());
        let imported = match turbot.map(|seen| self.side().presence_in(seen)) {
            _ if self.report.import.state == ImportState::Accepted => true,
            Some(Presence::Visible(_)) => true,
            Some(Presence::Unknown(_)) | None => seen.journals.is_empty(),
            Some(Presence::Absent | Presence::Conflict { .. }) => false,
        };
        let in_use = |tags: &BTreeMap<String, String>| imported && is_kept(self.wanted, tags);
        let why = match self.report.outcome {
            Outcome::Pending => "the outcome is not known yet: Turbot may need it",
            Outcome::Interrupted => "the run was interrupted",
            _ => "it was not taken back",
        };
        // What could not be taken back is left whoever's tags it carries by now.
        let failed = if self.report.undo_error.is_some() { self.unique_id.as_deref() } else { None };
        let is_left = |tags, id: &str| (mine(tags) && !in_use(tags)) || failed == Some(id);
        // What AWS has answered to be deleted is gone, though a read may still show it.
        let gone = self.ended_last(&["create-role", "create-user"], &["delete-role", "delete-user"]).is_some();
        let stands = |id: &str| !gone || self.unique_id.as_deref() != Some(id);
        for role in seen.roles.iter().filter(|r| is_left(&r.tags, &r.unique_id) && stands(&r.unique_id)) {
            left("role", role.arn.to_string(), why.to_owned());
        }
        for user in seen.users.iter().filter(|u| is_left(&u.tags, &u.unique_id) && stands(&u.unique_id)) {
            left("user", user.arn.to_string(), why.to_owned());
            for key in &user.keys {
                left("access-key", key.id.to_string(), why.to_owned());
            }
        }
        if self.report.undo_error.is_some() {
            // What could not be taken back and is not shown is nevertheless there.
            let shown = seen.roles.iter().map(|r| &r.arn).chain(seen.users.iter().map(|u| &u.arn));
            let kind = if self.wanted.with == With::Role { "role" } else { "user" };
            let why = "it was made, and AWS does not show it";
            if let Some(arn) = self.arn.as_ref().filter(|arn| !gone && !shown.into_iter().any(|seen| seen == *arn)) {
                left(kind, arn.to_string(), why.to_owned());
            }
            let deleted = self.ended_last(&["create-access-key"], &["delete-access-key"]).is_some();
            let keys: Vec<String> = seen.users.iter().flat_map(|u| &u.keys).map(|k| k.id.to_string()).collect();
            if let Some(key) = self.report.access_key_id.as_ref().filter(|key| !deleted && !keys.contains(key)) {
                left("access-key", key.clone(), why.to_owned());
            }
        }
        let of_a_policy = |target: &str| Journal::generation_of(target.strip_prefix("policy ")?);
        let released = self.ended_last(&["claim"], &["release"]).and_then(|s| of_a_policy(&s.target));
        for journal in seen.journals.iter().filter(|j| released.is_none_or(|own| j.generation > own)) {
            left("journal", journal.arn.to_string(), "an unfinished run's own record".to_owned());
        }
        self.report.leftovers = Some(leftovers);
    }

    /// The step that ended something, unless a later one has begun it anew.
    fn ended_last(&self, begins: &[&str], ends: &[&str]) -> Option<&StepReport> {
        let ended = |s: &StepReport| ends.contains(&s.step) && s.result == StepResult::Done;
        self.report.steps.iter().rfind(|s| begins.contains(&s.step) || ended(s)).filter(|s| ended(s))
    }
}

/// Why the work ends without the audit log: an import that may be in flight is what matters most then.
pub(crate) fn unrecorded(error: ErrorReport, import: ImportState) -> ErrorReport {
    let in_flight = matches!(import, ImportState::InFlight | ImportState::Unknown);
    ErrorReport { kind: if in_flight { ErrorKind::InFlight } else { error.kind }, ..error }
}

/// Somebody asked to stop: what matters most is whether an import was sent, and what came of it.
pub(crate) fn interrupted(import: ImportState) -> ErrorReport {
    let (message, hint) = match import {
        ImportState::InFlight => (
            "interrupted while Turbot's answer to the import was awaited: it is in flight",
            "run the same command again: it waits for the import to settle and goes on from there",
        ),
        ImportState::Unknown => (
            "interrupted after an import whose answer is not known: it may be in flight",
            "run the same command again: it waits for the import to settle and goes on from there",
        ),
        ImportState::Accepted => (
            "interrupted after Turbot accepted the import",
            "run the same command again: it looks for the account and goes on from there",
        ),
        _ => ("interrupted", "run the same command again to go on"),
    };
    ErrorReport::new(ErrorKind::Interrupted, message).hint(hint)
}

fn lost() -> ErrorReport {
    match Halt::claim(&ClaimError::Lost) {
        Halt::Pending(error) => error,
        _ => unreachable!("a lost claim is pending"),
    }
}

/// A word as a POSIX shell takes it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
