//! Accounts as Turbot's API writes them, read tolerantly: unknown fields are left aside, missing ones are named.

use onboard_core::{AwsAccountId, TurbotAccount, shown};
use serde_json::{Map, Value};

/// The names under which an answer would tell that it is one page of several. Whether v3 pages is not public; no known
/// client reads any. A page must not pass for the whole, or absence would be assumed from it.
const NEXT: [&str; 5] = ["next", "nextToken", "nextPage", "nextPageToken", "marker"];

/// Reads one account.
///
/// # Errors
/// What is missing or cannot be an account, in words.
pub(crate) fn account(value: &Value) -> Result<TurbotAccount, String> {
    let Value::Object(object) = value else { return Err(format!("{} in place of an account", kind(value))) };
    let account = TurbotAccount {
        id: text(object, "id"),
        urn: text(object, "urn"),
        aws_account_id: aws_account_id(object.get("awsAccountId")),
        title: text(object, "title"),
    };
    if account.id.is_none() && account.urn.is_none() && account.aws_account_id.is_none() {
        return Err("an account without any of `id`, `urn` and `awsAccountId`".to_owned());
    }
    Ok(account)
}

/// Reads `GET accounts/{id}`, which must be of the account that was asked for.
pub(crate) fn account_of(value: &Value, id: &str) -> Result<TurbotAccount, String> {
    let account = account(value)?;
    let named = account.id.as_deref().or_else(|| account.urn.as_deref()?.rsplit(':').next());
    match named {
        Some(named) if named == id => Ok(account),
        Some(other) => Err(format!("the account {} where {} was asked for", shown(other), shown(id))),
        None => Err("an account without `id` or `urn`".to_owned()),
    }
}

/// Reads `GET accounts`.
pub(crate) fn listing(value: &Value) -> Result<Vec<TurbotAccount>, String> {
    let items = match value.get("items") {
        Some(Value::Array(items)) => items,
        Some(other) => return Err(format!("{} as `items` in place of a list", kind(other))),
        None => return Err(format!("{} without `items`", kind(value))),
    };
    if next_page(value) {
        return Err(format!("one page of several ({} accounts on it), so that none can be called absent", items.len()));
    }
    let item = |(n, value)| account(value).map_err(|e| format!("at item {n}: {e}"));
    items.iter().enumerate().map(item).collect()
}

fn next_page(value: &Value) -> bool {
    let places = [Some(value), value.get("paging"), value.get("pagination"), value.get("page")];
    let names = |place: &Value| NEXT.iter().any(|n| place.get(n).is_some_and(is_something));
    places.into_iter().flatten().any(names)
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// A field as text; a number is written as one.
pub(crate) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An AWS account id, number or text: Turbot's own client pads it to 12 digits, so it may come without its zeros.
fn aws_account_id(value: Option<&Value>) -> Option<AwsAccountId> {
    let digits = match value? {
        Value::Number(number) => number.as_u64()?.to_string(),
        Value::String(text) => text.chars().filter(|c| !matches!(c, '-' | ' ')).collect(),
        _ => return None,
    };
    AwsAccountId::padded(&digits).ok()
}

/// What a JSON value is, for a message.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn aws_account_ids_are_padded_whatever_their_type() {
        for (given, expected) in [
            (json!("111122223333"), Some("111122223333")),
            (json!(12345678), Some("000012345678")),
            (json!("12345678"), Some("000012345678")),
            (json!("1111-2222-3333"), Some("111122223333")),
            (json!(null), None),
            (json!(""), None),
            (json!(1.5), None),
            (json!(-1), None),
            (json!("1111222233334"), None),
            (json!("none"), None),
        ] {
            let seen = account(&json!({"id": "aab", "awsAccountId": given})).unwrap();
            assert_eq!(seen.aws_account_id.as_ref().map(AwsAccountId::as_str), expected, "{given}");
        }
    }

    #[test]
    fn missing_fields_are_named_and_unknown_ones_are_not() {
        let seen = account_of(&json!({"urn": "urn:turbot:mhe:aab", "tags": {"a": []}, "x": 1}), "aab").unwrap();
        assert_eq!(seen.urn.as_deref(), Some("urn:turbot:mhe:aab"));
        for (value, hint) in [
            (json!({}), "without any of `id`"),
            (json!([]), "a list in place"),
            (json!({"code": "x", "message": "y"}), "without any of"),
            (json!({"id": "aac"}), "'aac' where 'aab'"),
            (json!({"awsAccountId": 1}), "without `id` or `urn`"),
        ] {
            let error = account_of(&value, "aab").unwrap_err();
            assert!(error.contains(hint), "{value}: {error}");
        }
    }

    #[test]
    fn a_listing_is_whole_or_it_is_none() {
        assert_eq!(listing(&json!({"items": []})), Ok(vec![]));
        assert_eq!(listing(&json!({"items": [{"id": "aab"}], "paging": {"next": null}})).unwrap().len(), 1);
        for (value, hint) in [
            (json!({}), "an object without `items`"),
            (json!([]), "a list without `items`"),
            (json!({"items": {}}), "an object as `items`"),
            (json!({"items": [{"id": "aab"}, 7]}), "item 1"),
            (json!({"items": [{"id": "aab"}], "paging": {"next": "t"}}), "one page of several"),
            (json!({"items": [{"id": "aab"}], "nextToken": "t"}), "one page of several"),
        ] {
            let error = listing(&value).unwrap_err();
            assert!(error.contains(hint), "{value}: {error}");
        }
    }
}
