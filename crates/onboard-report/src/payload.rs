//! The accounts as the page's script reads them: JSON that is safe inside an HTML element.

use std::collections::HashMap;

use onboard_core::{ImportState, StepResult, escaped};
use serde_json::{Value, json};

use crate::account::{Account, Failure};
use crate::cause::Cause;
use crate::collected::Collected;
use crate::phase::Phase;

/// The document. Texts that come from elsewhere have their invisible characters written out.
pub(crate) fn payload(collected: &Collected, causes: &[Cause]) -> String {
    let mut cause_of = vec![None; collected.accounts.len()];
    for (n, cause) in causes.iter().enumerate() {
        for account in &cause.accounts {
            cause_of[*account] = Some(n);
        }
    }
    let mut texts = Texts::default();
    let accounts: Vec<Value> = collected
        .accounts
        .iter()
        .zip(cause_of)
        .map(|((run, account), cause)| of(account, *run, cause, &mut texts))
        .collect();
    let runs: Vec<Value> = collected
        .runs
        .iter()
        .map(|run| json!([escaped(&run.id), escaped(&run.verb), run.started_at.to_string()]))
        .collect();
    let phases: Vec<_> = Phase::ALL.iter().map(|phase| [phase.key(), phase.name()]).collect();
    let whole = json!({
        "makespan": collected.makespan(),
        "runs": runs,
        "phases": phases,
        "texts": texts.all,
        "accounts": accounts,
    });
    inside_html(&whole.to_string())
}

fn of(account: &Account, run: usize, cause: Option<usize>, texts: &mut Texts) -> Value {
    let mut out = json!({
        "a": escaped(&account.account_id),
        "t": escaped(&account.turbot_id),
        "o": account.outcome.as_str(),
        "b": account.offset_millis,
        "m": account.took(),
        "f": facts(account).map(|(name, value)| json!([texts.place(name), value])).collect::<Vec<_>>(),
        "s": account.steps.iter().map(|step| json!([
            texts.place(&step.step),
            texts.place(&step.target),
            result(step.result),
            Phase::of(&step.step) as usize,
            step.offset_millis,
            step.millis,
        ])).collect::<Vec<_>>(),
    });
    // What most accounts do not have is left out for all that do not.
    let mut more = |key: &str, value: Option<Value>| {
        if let (Some(value), Some(map)) = (value, out.as_object_mut()) {
            map.insert(key.to_owned(), value);
        }
    };
    let list = |values: Vec<Value>| (!values.is_empty()).then(|| Value::from(values));
    more("n", account.title.as_deref().map(|title| escaped(title).into()));
    more("r", (run > 0).then(|| run.into()));
    more("c", cause.map(Into::into));
    more("e", account.error.as_ref().map(failure));
    more("u", account.undo_error.as_ref().map(failure));
    more("w", list(account.warnings.iter().map(|warning| texts.place(warning).into()).collect()));
    let differences = account.differences.iter();
    more("d", list(differences.map(|d| json!([escaped(&d.what), escaped(&d.wanted), escaped(&d.found)])).collect()));
    let left = account.left().iter();
    more(
        "l",
        list(
            left.map(|l| json!([escaped(&l.kind), escaped(&l.id), escaped(&l.why), escaped(&l.remove_with)])).collect(),
        ),
    );
    out
}

fn facts(account: &Account) -> impl Iterator<Item = (&'static str, String)> {
    let state = match account.import.state {
        ImportState::None => None,
        ImportState::NotSent => Some("not sent"),
        ImportState::Refused => Some("refused"),
        ImportState::Unknown => Some("sent, answer unknown"),
        ImportState::InFlight => Some("in flight"),
        ImportState::Accepted => Some("accepted"),
    };
    let import = state.map(|state| match account.import.requests {
        0 | 1 => state.to_owned(),
        n => format!("{state}, after {n} requests"),
    });
    let safe = |text: &Option<String>| text.as_deref().map(|text| escaped(text).into_owned());
    [
        ("Role", safe(&account.role_arn)),
        ("User", safe(&account.user_arn)),
        ("Access key", safe(&account.access_key_id)),
        ("External ID", safe(&account.external_id)),
        ("Import", import),
        ("Maintenance window", safe(&account.maintenance)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

fn failure(failure: &Failure) -> Value {
    json!({
        "k": failure.kind.as_str(),
        "m": escaped(&failure.message),
        "c": failure.causes.iter().map(|cause| escaped(cause)).collect::<Vec<_>>(),
        "h": failure.hint.as_deref().map(escaped),
    })
}

pub(crate) fn result(result: StepResult) -> &'static str {
    match result {
        StepResult::Done => "done",
        StepResult::Unchanged => "unchanged",
        StepResult::Failed => "failed",
        StepResult::Undone => "taken back",
        StepResult::Unknown => "outcome unknown",
    }
}

/// Texts that many accounts share, each once.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    places: HashMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        let text = escaped(text);
        if let Some(place) = self.places.get(text.as_ref()) {
            return *place;
        }
        self.all.push(text.clone().into_owned());
        self.places.insert(text.into_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

/// JSON in which nothing can end a script element, begin a comment in it, or be read as markup.
fn inside_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            c => out.push(c),
        }
    }
    out
}
