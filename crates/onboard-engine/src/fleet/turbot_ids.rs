//! Turbot ids by a template, none of which is taken.

use std::collections::{HashMap, HashSet};

use onboard_core::{AwsAccountId, IdError, TurbotAccount, TurbotAccountId};

/// The longest id that is made here: it has to fit into names and URNs.
const LONGEST: usize = 40;

/// Makes ids; what Turbot shows already keeps its own.
pub(super) struct Ids<'t> {
    template: &'t str,
    taken: HashSet<String>,
    known: HashMap<AwsAccountId, String>,
    number: usize,
}

impl<'t> Ids<'t> {
    pub(super) fn new(template: &'t str, known: &[TurbotAccount]) -> Self {
        let taken = known.iter().filter_map(|account| account.id.clone()).collect();
        let of = |account: &TurbotAccount| Some((account.aws_account_id.clone()?, account.id.clone()?));
        Self { template, taken, known: known.iter().filter_map(of).collect(), number: 0 }
    }

    /// The id of an account: the one it has, else the template's, with a number behind it where that is taken.
    pub(super) fn of(&mut self, account: &AwsAccountId, name: &str) -> Result<TurbotAccountId, IdError> {
        self.number += 1;
        if let Some(id) = self.known.get(account) {
            return TurbotAccountId::new(id.as_str());
        }
        let filled = self
            .template
            .replace("{name}", &plain(name))
            .replace("{account_id}", account.as_str())
            .replace("{number}", &format!("{:04}", self.number));
        let base: String = plain(&filled).chars().take(LONGEST).collect();
        let mut id = base.trim_matches('-').to_owned();
        let mut more = 1;
        while self.taken.contains(&id) {
            more += 1;
            id = format!("{}-{more}", base.trim_matches('-'));
        }
        let made = TurbotAccountId::new(id.as_str())?;
        self.taken.insert(id);
        Ok(made)
    }
}

/// Small letters, digits and single dashes.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            plain.push(c.to_ascii_lowercase());
        } else if !plain.ends_with('-') && !plain.is_empty() {
            plain.push('-');
        }
    }
    plain.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_avoid_what_is_taken_and_keep_what_is_known() {
        let aws = |n: u64| AwsAccountId::new(format!("{n:012}")).unwrap();
        let known = [
            TurbotAccount { id: Some("data".into()), urn: None, aws_account_id: Some(aws(9)), title: None },
            TurbotAccount { id: Some("old".into()), urn: None, aws_account_id: Some(aws(2)), title: None },
        ];
        let mut ids = Ids::new("{name}", &known);
        let mut of = |n: u64, name: &str| ids.of(&aws(n), name).map(|id| id.to_string());
        assert_eq!(of(1, "Data").unwrap(), "data-2");
        assert_eq!(of(2, "Whatever").unwrap(), "old");
        assert_eq!(of(3, "DATA!").unwrap(), "data-3");
        assert_eq!(of(4, "  R&D  (eu) ").unwrap(), "r-d-eu");
        assert!(of(5, "***").is_err());
        let mut ids = Ids::new("acme-{number}-{account_id}", &[]);
        assert_eq!(ids.of(&aws(7), "x").unwrap().as_str(), "acme-0001-000000000007");
    }
}
