//! What is refused before anything is done, in the order of the contract: the caller, Turbot's looks, AWS's looks.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Decision, Situation, Stop, Wait, WaitFor};
use crate::{
    AwsAccountId, ClusterId, ErrorKind, Journal, LookFailure, LookFault, Organization, Presence, Record, TurbotAccount,
    TurbotAccountId, TurbotObserved, With,
};

/// The caller and the account itself.
pub(super) fn caller(s: &Situation<'_>) -> Result<(), Stop> {
    let (wanted, caller) = (s.wanted, &s.aws.caller);
    if caller.account != wanted.account_id {
        return Err(Stop::new(
            ErrorKind::WrongAccount,
            format!("the credentials belong to account {}, not to {}", caller.account, wanted.account_id),
            "use the account's own credentials (--profile), or enter it with --assume-role OrganizationAccountAccessRole",
        ));
    }
    if caller.arn.is_root() && !wanted.allow_root {
        return Err(Stop::new(
            ErrorKind::RootCaller,
            "the caller is the account's root user",
            "use an administrator role or user, or consent with --allow-root",
        ));
    }
    if caller.account == wanted.master_account_id && !wanted.allow_master_account {
        return Err(Stop::new(
            ErrorKind::MasterAccount,
            format!("{} is Turbot's master account itself", caller.account),
            "check --account-id and --master-account-id, or consent with --allow-master-account",
        ));
    }
    if s.aws.organization == Organization::Management && !wanted.allow_management_account {
        return Err(Stop::new(
            ErrorKind::ManagementAccount,
            format!(
                "{} is the organization's management account, which no service control policy binds",
                caller.account
            ),
            "consent with --allow-management-account if it is meant",
        ));
    }
    partitions(s)
}

fn partitions(s: &Situation<'_>) -> Result<(), Stop> {
    let own = s.aws.caller.partition();
    let crossing = |what: String, other: &str, hint: String| {
        Stop::new(ErrorKind::Partition, format!("{what} is in partition {other}, the account is in {own}"), hint)
    };
    if let Some(master) = s.wanted.master_partition.as_ref().filter(|p| *p != own)
        && s.wanted.with == With::Role
    {
        let hint = "a role is trusted within one partition only; import an account of another with --with keys";
        let what = format!("Turbot's master account {}", s.wanted.master_account_id);
        return Err(crossing(what, master.as_str(), hint.into()));
    }
    let policies = s.wanted.policies.iter().map(|arn| ("policy-arn", arn));
    let boundary = s.wanted.permissions_boundary.iter().map(|arn| ("permissions-boundary", arn));
    for (option, arn) in policies.chain(boundary) {
        if arn.partition() != own.as_str() {
            let hint = format!("give the policy's ARN in the account's partition with --{option}");
            return Err(crossing(format!("the policy {arn}"), arn.partition(), hint));
        }
    }
    Ok(())
}

/// Whether the account is in Turbot, or why that makes going on impossible.
pub(super) fn presence(s: &Situation<'_>) -> Result<Presence, Stop> {
    let wanted = s.wanted;
    let Some(turbot) = s.turbot else {
        return Ok(Presence::Unknown(LookFailure {
            fault: LookFault::Unreachable,
            message: "Turbot was not looked at".into(),
        }));
    };
    usable(turbot, &wanted.cluster_id)?;
    Ok(turbot.presence(&wanted.cluster_id, &wanted.turbot_id, &wanted.account_id))
}

/// The same for somebody who has a hand-off and nothing else: a conflict is a reason to stop as well.
///
/// # Errors
/// Turbot cannot be looked at, serves another cluster, or holds another account under that id.
pub fn turbot_presence(
    turbot: &TurbotObserved,
    cluster: &ClusterId,
    id: &TurbotAccountId,
    aws: &AwsAccountId,
) -> Result<Presence, Stop> {
    usable(turbot, cluster)?;
    match turbot.presence(cluster, id, aws) {
        Presence::Conflict { seen, same_id } => Err(conflict_of(cluster, id, aws, &seen, same_id)),
        presence => Ok(presence),
    }
}

/// Looks that make going on impossible: another cluster, no answer, no right.
fn usable(turbot: &TurbotObserved, cluster: &ClusterId) -> Result<(), Stop> {
    match &turbot.cluster_urn {
        Ok(urn) if *urn == cluster.urn() => {}
        Ok(urn) => {
            return Err(Stop::new(
                ErrorKind::WrongCluster,
                format!("this Turbot serves the cluster {urn}, not {}", cluster.urn()),
                "check --cluster-id and --turbot-url",
            ));
        }
        Err(failure) => return Err(look_stop(failure)),
    }
    for failure in [turbot.by_id.as_ref().err(), turbot.listed.as_ref().err()].into_iter().flatten() {
        let fatal = matches!(
            failure.fault,
            LookFault::Unreachable
                | LookFault::Tls
                | LookFault::Redirect
                | LookFault::Unavailable
                | LookFault::Unauthorized
        );
        if fatal {
            return Err(look_stop(failure));
        }
    }
    Ok(())
}

/// A failed look as a reason to stop, with the next step.
#[must_use]
pub fn look_stop(failure: &LookFailure) -> Stop {
    let (kind, hint) = match failure.fault {
        LookFault::Unreachable => (ErrorKind::TurbotUnreachable, "check --turbot-url, the network and the proxy"),
        LookFault::Tls => (
            ErrorKind::TurbotTls,
            "if Turbot's certificate is signed by your own authority, give it with --turbot-ca-bundle",
        ),
        LookFault::Redirect => (
            ErrorKind::TurbotRedirect,
            "give the URL that Turbot itself answers at; credentials never follow a redirect",
        ),
        LookFault::Unauthorized => {
            (ErrorKind::MissingRight, "check TURBOT_ACCESS_KEY and TURBOT_SECRET_KEY; Turbot's access keys expire")
        }
        LookFault::Forbidden => (
            ErrorKind::MissingRight,
            "the key's user needs Turbot/Operator at the cluster for the import, and an active grant (granting is not activating)",
        ),
        LookFault::Unavailable => {
            (ErrorKind::TurbotUnavailable, "wait until Turbot is healthy again and run the same command")
        }
        LookFault::Malformed | LookFault::NotFound | LookFault::Refused => {
            (ErrorKind::TurbotUnavailable, "check --turbot-url: this does not look like the Turbot v3 API")
        }
    };
    Stop::new(kind, failure.message.clone(), hint)
}

/// Why an account that shows in Turbot is not the one that is meant.
pub(super) fn conflict(s: &Situation<'_>, seen: &TurbotAccount, same_id: bool) -> Stop {
    conflict_of(&s.wanted.cluster_id, &s.wanted.turbot_id, &s.wanted.account_id, seen, same_id)
}

fn conflict_of(
    cluster: &ClusterId,
    id: &TurbotAccountId,
    aws: &AwsAccountId,
    seen: &TurbotAccount,
    same_id: bool,
) -> Stop {
    let theirs = seen.aws_account_id.as_ref().map_or_else(|| "an unknown AWS account".to_owned(), ToString::to_string);
    if same_id {
        Stop::new(
            ErrorKind::Conflict,
            format!("in Turbot, {} is already the AWS account {theirs}, not {aws}", cluster.account_urn(id)),
            "choose another --turbot-id, or check --account-id",
        )
    } else {
        Stop::new(
            ErrorKind::Conflict,
            format!(
                "the AWS account {aws} is already in Turbot under the id {}",
                crate::shown(seen.id.as_deref().unwrap_or("?"))
            ),
            "use that --turbot-id, or have the other entry removed from Turbot first",
        )
    }
}

/// What the journals say of who is at work.
#[derive(Debug)]
pub(super) enum Hold<'a> {
    /// No unfinished run.
    Free,
    /// This run's own claim.
    Mine(&'a Journal, Record),
    /// A run that ended or gave no sign of life for longer than the lease.
    Left(&'a Journal, Record),
}

impl Hold<'_> {
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Free => None,
            Self::Mine(_, record) | Self::Left(_, record) => Some(record),
        }
    }
}

/// Reads the journals: whose turn it is, and what the unfinished runs left.
pub(super) fn hold<'a>(s: &Situation<'a>) -> Result<Hold<'a>, Decision> {
    let Some(journal) = s.aws.journal() else {
        return Ok(Hold::Free);
    };
    let name = Journal::name_of(journal.generation);
    if let Some(attached) = s.aws.journals.iter().find(|j| j.attached) {
        return Err(Stop::new(
            ErrorKind::NotOurs,
            format!("the journal policy {} is attached to something, which this tool never does", attached.arn),
            "find out who attached it (aws iam list-entities-for-policy), and detach it",
        )
        .into());
    }
    let Some(record) = merged(&s.aws.journals) else {
        return Err(Stop::new(
            ErrorKind::NotOurs,
            format!("the tags of the journal policy {} cannot be read as a record of this tool", journal.arn),
            "if no run is under way and the account's roles and users are in order, delete that policy by hand",
        )
        .into());
    };
    let wanted = s.wanted;
    if record.turbot_id != wanted.turbot_id.as_str() || record.cluster != wanted.cluster_id.urn() {
        return Err(Stop::new(
            ErrorKind::Conflict,
            format!(
                "an unfinished run is about {}:{}, not about {}",
                crate::escaped(&record.cluster),
                crate::escaped(&record.turbot_id),
                wanted.account_urn()
            ),
            "finish it first with its own --turbot-id and --cluster-id, or remove what it left with cleanup",
        )
        .into());
    }
    if record.run == *s.run {
        return Ok(Hold::Mine(journal, record));
    }
    let age = unsigned(record.claimed_at.age(s.aws.now));
    if age < s.times.lease && !s.take_over {
        return Err(Wait {
            what: WaitFor::Claim,
            at_most: s.times.lease - age,
            message: format!("another run ({}) holds the claim {name}, last seen {} s ago", record.run, age.as_secs()),
        }
        .into());
    }
    Ok(Hold::Left(journal, record))
}

/// The newest record, with whatever older generations know beside it: a take-over that was itself killed leaves two.
fn merged(journals: &[Journal]) -> Option<Record> {
    let mut records = journals.iter().rev().map(|j| j.record.as_ref());
    let mut newest = records.next()??.clone();
    for older in records.flatten() {
        if (older.with, &older.name) == (newest.with, &newest.name) {
            newest.unique_id = newest.unique_id.or_else(|| older.unique_id.clone());
        }
        newest.import_unsettled |= older.import_unsettled;
        newest.import_requested = newest.import_requested.or(older.import_requested);
        newest.import_accepted = newest.import_accepted.or(older.import_accepted);
        newest.handed_over = newest.handed_over.or(older.handed_over);
    }
    Some(newest)
}

/// Judges an import that may be in flight while the account does not show: wait, stop, or go on.
pub(super) fn in_flight(s: &Situation<'_>, record: &Record, presence: &Presence) -> Result<(), Decision> {
    let now = s.aws.now;
    let absent = *presence == Presence::Absent;
    let settle = s.times.settle();
    let pending = |kind, message: String, hint: &str| Decision::from(Stop::new(kind, message, hint));
    if let Some(accepted) = record.import_accepted {
        let age = unsigned(accepted.age(now));
        if age < s.times.visibility {
            return Err(Wait {
                what: WaitFor::Visibility,
                at_most: s.times.visibility - age,
                message: "Turbot accepted the import; the account does not show yet".into(),
            }
            .into());
        }
        if !absent || record.with == With::Keys || age < settle {
            return Err(pending(
                ErrorKind::NotVisible,
                format!("Turbot accepted the import {} s ago, and the account does not show", age.as_secs()),
                "look in Turbot for what became of it; run the same command again to look again, or cleanup to start anew",
            ));
        }
        return Ok(());
    }
    if let Some(requested) = record.import_requested {
        let age = unsigned(requested.age(now));
        if age < settle {
            return Err(Wait {
                what: WaitFor::Answer,
                at_most: settle - age,
                message: format!(
                    "an import was sent {} s ago and its answer is not known; it counts as in flight for {} s",
                    age.as_secs(),
                    settle.as_secs()
                ),
            }
            .into());
        }
    }
    if (record.import_requested.is_some() || record.import_unsettled) && !absent {
        return Err(pending(
            ErrorKind::UnknownOutcome,
            format!(
                "an import was sent and its answer is not known, and Turbot does not say whether the account is there: {}",
                unknown(presence)
            ),
            "use a Turbot key that may read the cluster, the account and the list",
        ));
    }
    Ok(())
}

/// Whether Turbot, or whoever the credential was handed to, may have an import of these runs.
pub(super) fn may_be_sent(record: &Record) -> bool {
    record.import_requested.is_some()
        || record.import_accepted.is_some()
        || record.import_unsettled
        || record.handed_over.is_some()
}

pub(super) fn unknown(presence: &Presence) -> String {
    match presence {
        Presence::Unknown(failure) => failure.message.clone(),
        Presence::Visible(_) | Presence::Absent | Presence::Conflict { .. } => String::new(),
    }
}

pub(super) fn unsigned(duration: SignedDuration) -> Duration {
    duration.try_into().unwrap_or_default()
}
