//! The accounts of an organization, as a manifest would have them: which to onboard, under which Turbot ids, and why the
//! others are left out.

use std::collections::HashSet;

use aws_bootstrap::{AccountState, Aws, AwsErrorKind, OrganizationAccount};
use onboard_core::{AwsAccountId, ErrorReport, Organization, TurbotAccountId};

use super::turbot_ids::Ids;
use crate::failure;
use crate::session::{AwsAccess, Session};

/// Which accounts of the organization are wanted.
#[derive(Debug, Clone, Default)]
pub struct Discovering {
    /// Organizational units or the root: only what stands in them, directly or below. Empty stands for all.
    pub units: Vec<String>,
    /// Accounts by id or by name (with `*`), and units, that are left out.
    pub exclude: Vec<String>,
    /// Whether every account's tags are read: one call each, at AWS's ten a second.
    pub tags: bool,
    /// How Turbot ids are made: `{name}`, `{account_id}`, `{number}`.
    pub template: String,
    /// Whether the management account is wanted, too.
    pub management: bool,
    /// Turbot's master account, where it is known; and whether it is wanted, too.
    pub master: Option<AwsAccountId>,
    /// Consent to onboard the master account.
    pub master_too: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    /// The accounts to onboard, by account id.
    pub accounts: Vec<FoundAccount>,
    /// The others, and why.
    pub left_out: Vec<LeftOut>,
}

/// One account to onboard.
#[derive(Debug, Clone)]
pub struct FoundAccount {
    /// The AWS account.
    pub account_id: AwsAccountId,
    /// Its id in Turbot: the one it has, or a free one.
    pub turbot_id: TurbotAccountId,
    /// Its name in the organization.
    pub name: String,
    /// Its tags, where they were asked for.
    pub tags: Vec<(String, String)>,
    /// Whether the caller is in it already.
    pub own: bool,
}

/// One account that is left out.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The AWS account.
    pub account_id: AwsAccountId,
    /// Its name in the organization.
    pub name: String,
    /// Why.
    pub why: String,
}

/// Reads the organization, and Turbot's list where Turbot is configured. Nothing is changed.
///
/// # Errors
/// Organizations cannot be listed from here, or Turbot does not say which ids are taken.
pub async fn discover(session: &Session, access: &AwsAccess, wanted: &Discovering) -> Result<Discovered, ErrorReport> {
    let aws = session.aws(access, None).await?;
    let (caller, listed, organization, known) =
        tokio::join!(aws.caller(), aws.list_accounts(), aws.organization(), async {
            match &session.turbot {
                Some(turbot) => turbot.accounts().await,
                None => Ok(vec![]),
            }
        },);
    let caller = caller.map_err(|e| failure::of_aws("asking who is calling", &e))?;
    let mut listed = listed.map_err(|e| {
        let denied = matches!(e.kind, AwsErrorKind::Denied | AwsErrorKind::NoOrganization);
        let report = failure::of_aws("listing the organization's accounts", &e);
        if denied {
            report.hint("use credentials of the organization's management account or of a delegated administrator, with organizations:ListAccounts")
        } else {
            report
        }
    })?;
    let known = known.map_err(|failure| ErrorReport::from(onboard_core::look_stop(&failure)))?;
    let management = match organization {
        Organization::Management => Some(caller.account.clone()),
        Organization::Member { management } => Some(management),
        Organization::None | Organization::Unknown(_) => None,
    };
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    let mut found = Discovered::default();
    let mut ids = Ids::new(&wanted.template, &known);
    let mut seen = HashSet::new();
    for account in listed.into_iter().filter(|account| seen.insert(account.id.clone())) {
        match left_out(&account, wanted, management.as_ref()) {
            Some(why) => found.left_out.push(LeftOut { account_id: account.id, name: account.name, why }),
            None => {
                let turbot_id = ids.of(&account.id, &account.name).map_err(|e| {
                    ErrorReport::new(onboard_core::ErrorKind::Settings, "no Turbot id can be made by the template")
                        .because(format!("account {}: {e}", account.id))
                        .hint("give --turbot-id-template, with {name}, {account_id} or {number} in it")
                })?;
                let tags = if wanted.tags { tags(&aws, &account.id).await? } else { vec![] };
                let own = account.id == caller.account;
                found.accounts.push(FoundAccount { account_id: account.id, turbot_id, name: account.name, tags, own });
            }
        }
    }
    Ok(found)
}

/// Why an account is left out; `None` if it is not.
fn left_out(account: &OrganizationAccount, wanted: &Discovering, management: Option<&AwsAccountId>) -> Option<String> {
    if !wanted.units.is_empty() && !wanted.units.iter().any(|unit| account.is_under(unit)) {
        return Some(if account.paths.is_empty() {
            "AWS does not say where it stands in the organization".to_owned()
        } else {
            "it stands in none of the units".to_owned()
        });
    }
    if let Some(rule) = wanted.exclude.iter().find(|rule| is_excluded(account, rule)) {
        return Some(format!("excluded by {rule}"));
    }
    match &account.state {
        AccountState::Active => {}
        AccountState::PendingActivation => return Some("it is not active yet (PENDING_ACTIVATION)".to_owned()),
        AccountState::Suspended => return Some("AWS has suspended it (SUSPENDED)".to_owned()),
        AccountState::PendingClosure => return Some("it is being closed (PENDING_CLOSURE)".to_owned()),
        AccountState::Closed => return Some("it is closed (CLOSED)".to_owned()),
        AccountState::Other(word) if word.is_empty() => return Some("AWS says no state of it".to_owned()),
        AccountState::Other(word) => return Some(format!("its state is not known here ({word})")),
    }
    if management == Some(&account.id) && !wanted.management {
        return Some("it is the management account: consent with --allow-management-account".to_owned());
    }
    if wanted.master.as_ref() == Some(&account.id) && !wanted.master_too {
        return Some("it is Turbot's master account: consent with --allow-master-account".to_owned());
    }
    None
}

/// By id, by unit, or by name, where `*` stands for any text.
fn is_excluded(account: &OrganizationAccount, rule: &str) -> bool {
    account.id.as_str() == rule || account.is_under(rule) || fits(rule, &account.name)
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

async fn tags(aws: &Aws, account: &AwsAccountId) -> Result<Vec<(String, String)>, ErrorReport> {
    let mut tags =
        aws.account_tags(account).await.map_err(|e| failure::of_aws("reading the tags of an account", &e))?;
    // Those of AWS's own may not be set by anybody else.
    tags.retain(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:"));
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns() {
        for (pattern, text, yes) in [
            ("dev", "dev", true),
            ("dev", "develop", false),
            ("dev-*", "dev-1", true),
            ("*-dev", "a-dev", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b", "b-a", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), yes, "{pattern} {text}");
        }
    }

    #[test]
    fn every_reason_for_leaving_an_account_out() {
        let account = |id: &str, state: AccountState, path: &str| OrganizationAccount {
            id: AwsAccountId::new(id).unwrap(),
            name: "data-1".into(),
            email: String::new(),
            state,
            paths: if path.is_empty() { vec![] } else { vec![path.to_owned()] },
        };
        let here = "o-1/r-1/ou-1/ou-2/111122223333/";
        let active = account("111122223333", AccountState::Active, here);
        let why = |account: &OrganizationAccount, wanted: &Discovering| {
            left_out(account, wanted, Some(&AwsAccountId::new("999999999999").unwrap()))
        };
        let all = Discovering::default();
        assert_eq!(why(&active, &all), None);
        for (units, left) in
            [(vec!["ou-1"], false), (vec!["r-1"], false), (vec!["ou-9"], true), (vec!["ou-9", "ou-2"], false)]
        {
            let units = units.into_iter().map(str::to_owned).collect();
            assert_eq!(why(&active, &Discovering { units, ..all.clone() }).is_some(), left);
        }
        for rule in ["111122223333", "ou-2", "data-*"] {
            let excluding = Discovering { exclude: vec![rule.into()], ..all.clone() };
            assert_eq!(why(&active, &excluding).unwrap(), format!("excluded by {rule}"));
        }
        for state in ["SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED", "RESTING"] {
            let state = match state {
                "SUSPENDED" => AccountState::Suspended,
                "PENDING_CLOSURE" => AccountState::PendingClosure,
                "PENDING_ACTIVATION" => AccountState::PendingActivation,
                "CLOSED" => AccountState::Closed,
                other => AccountState::Other(other.to_owned()),
            };
            let word = state.as_str().to_owned();
            assert!(why(&account("111122223333", state, here), &all).unwrap().contains(&word));
        }
        let management = account("999999999999", AccountState::Active, "o-1/r-1/999999999999/");
        assert!(why(&management, &all).unwrap().contains("--allow-management-account"));
        assert_eq!(why(&management, &Discovering { management: true, ..all.clone() }), None);
        let master = Discovering { master: Some(active.id.clone()), ..all };
        assert!(why(&active, &master).unwrap().contains("--allow-master-account"));
    }
}
