//! What did not come out as asked, grouped by why.

use std::collections::HashMap;

use onboard_core::{Outcome, escaped};

use crate::account::Account;
use crate::collected::Collected;

/// Accounts that one cause kept from coming out as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The kind of error, or the outcome where there is no error.
    pub kind: &'static str,
    /// What was being done, without the accounts' own ids.
    pub message: String,
    /// Why, as the first of them says.
    pub because: Option<String>,
    /// The next step.
    pub hint: Option<String>,
    /// The accounts' places in the collection.
    pub accounts: Vec<usize>,
}

impl Cause {
    /// Every cause, the most frequent first; among equals the one met first.
    #[must_use]
    pub fn of(collected: &Collected) -> Vec<Self> {
        let mut causes: Vec<Self> = Vec::new();
        let mut places: HashMap<(&'static str, String), usize> = HashMap::new();
        for (n, (_, account)) in collected.accounts.iter().enumerate() {
            let Some(cause) = of(account) else {
                continue;
            };
            let place = *places.entry((cause.kind, cause.message.clone())).or_insert_with(|| {
                causes.push(cause);
                causes.len() - 1
            });
            causes[place].accounts.push(n);
        }
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.accounts.len()));
        causes
    }
}

fn of(account: &Account) -> Option<Cause> {
    let cause = |kind, message: String| Cause { kind, message, because: None, hint: None, accounts: vec![] };
    if let Some(error) = &account.error {
        let because = error.causes.iter().find(|cause| !error.message.contains(cause.as_str()));
        return Some(Cause {
            because: because.map(|text| without_names(text, account)),
            hint: error.hint.as_ref().map(|hint| without_names(hint, account)),
            ..cause(error.kind.as_str(), without_names(&error.message, account))
        });
    }
    match account.outcome {
        Outcome::Differs => {
            let mut what: Vec<&str> = account.differences.iter().map(|d| d.what.as_str()).collect();
            what.sort_unstable();
            let message = format!("not as wanted: {}", escaped(&what.join(", ")));
            let hint = Some("look at the differences below, then apply to put them right".to_owned());
            Some(Cause { hint, ..cause("differs", message) })
        }
        Outcome::Skipped => {
            let hint = Some("run the same command again: it goes on from here".to_owned());
            Some(Cause { hint, ..cause("skipped", "the run stopped before it came to them".into()) })
        }
        outcome if !account.is_as_asked() => Some(cause(outcome.as_str(), "no reason is given".into())),
        _ => None,
    }
}

/// A text in which the account's own ids stand for anybody's, so that the same failure of many is one cause.
fn without_names(text: &str, account: &Account) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let flush = |word: &mut String, out: &mut String| {
        if word.is_empty() {
            return;
        }
        match word.as_str() {
            id if id == account.account_id => out.push('…'),
            // An id such as `import` is a word of the language as well.
            id if id == account.turbot_id && id.len() > 2 && !is_a_word_of_ours(id) => out.push('…'),
            other => out.push_str(&escaped(other)),
        }
        word.clear();
    };
    for c in text.chars() {
        if part_of_a_name(c) {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push_str(&escaped(c.encode_utf8(&mut [0; 4])));
        }
    }
    flush(&mut word, &mut out);
    out
}

fn is_a_word_of_ours(id: &str) -> bool {
    ["account", "aws", "cluster", "import", "role", "turbot", "user", "the", "and", "not"].contains(&id)
}
