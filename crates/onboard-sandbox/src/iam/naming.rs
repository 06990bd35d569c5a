//! The patterns and lengths of IAM's fields (API model of 2010-05-08).

use crate::wire::{ApiError, Params, camel};

/// Longest name of a role or a new user.
pub(crate) const NAME: usize = 64;
/// Longest name by which an existing user, a policy or a group may be asked for.
pub(crate) const LONG_NAME: usize = 128;

/// A name that the request must have.
pub(crate) fn name<'a>(params: &'a Params, field: &str, longest: usize) -> Result<&'a str, ApiError> {
    let name = params.required(field)?;
    length(name, field, 1, longest)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c)) {
        Ok(name)
    } else {
        Err(ApiError::validation(format!(
            "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
            camel(field)
        )))
    }
}

/// The path of something new; `/` if the request has none.
pub(crate) fn path(params: &Params) -> Result<String, ApiError> {
    let Some(path) = params.get("Path") else { return Ok("/".to_owned()) };
    length(path, "Path", 1, 512)?;
    let right = path == "/"
        || (path.len() > 2
            && path.starts_with('/')
            && path.ends_with('/')
            && path.chars().all(|c| ('\u{21}'..='\u{7e}').contains(&c)));
    if right {
        Ok(path.to_owned())
    } else {
        Err(ApiError::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ))
    }
}

pub(crate) fn description(params: &Params) -> Result<Option<String>, ApiError> {
    let Some(text) = params.get("Description") else { return Ok(None) };
    length(text, "Description", 0, 1000)?;
    let printable = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    if text.chars().all(printable) {
        Ok(Some(text.to_owned()))
    } else {
        Err(ApiError::validation(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*",
        ))
    }
}

pub(crate) fn session_seconds(params: &Params) -> Result<Option<u32>, ApiError> {
    number(params, "MaxSessionDuration", 3600, 43_200)
}

/// A number within bounds, if the request has it.
pub(crate) fn number(params: &Params, field: &str, least: u32, most: u32) -> Result<Option<u32>, ApiError> {
    let Some(text) = params.get(field) else { return Ok(None) };
    let member = camel(field);
    let value: i64 = text
        .parse()
        .map_err(|_| ApiError::new(400, "MalformedInput", format!("the value at '{member}' is not a number")))?;
    let refuse = |relation: &str, bound: u32| {
        Err(ApiError::validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must \
             have value {relation} than or equal to {bound}"
        )))
    };
    if value < i64::from(least) {
        return refuse("greater", least);
    }
    if value > i64::from(most) {
        return refuse("less", most);
    }
    Ok(u32::try_from(value).ok())
}

pub(crate) fn length(text: &str, field: &str, least: usize, most: usize) -> Result<(), ApiError> {
    let length = text.chars().count();
    let (relation, bound) = if length < least {
        ("greater", least)
    } else if length > most {
        ("less", most)
    } else {
        return Ok(());
    };
    Err(ApiError::validation(format!(
        "1 validation error detected: Value '{text}' at '{}' failed to satisfy constraint: Member must have length \
         {relation} than or equal to {bound}",
        camel(field)
    )))
}

/// An ARN that the request must have.
pub(crate) fn arn<'a>(params: &'a Params, field: &str) -> Result<&'a str, ApiError> {
    let arn = params.required(field)?;
    length(arn, field, 20, 2048)?;
    if arn.starts_with("arn:") && arn.split(':').count() >= 6 {
        Ok(arn)
    } else {
        Err(ApiError::invalid_input(format!("ARN {arn} is not valid.")))
    }
}

/// A policy document that the request must have, as far as transport limits it.
pub(crate) fn document<'a>(params: &'a Params, field: &str) -> Result<&'a str, ApiError> {
    let text = params.required(field)?;
    length(text, field, 1, 131_072)?;
    if text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')) {
        Ok(text)
    } else {
        Err(ApiError::validation(format!(
            "The specified value for {} is invalid. It must contain only printable ASCII characters.",
            camel(field)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(field: &str, value: &str) -> Params {
        let encoded = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        Params::parse(&format!("{field}={encoded}"))
    }

    #[test]
    fn names() {
        for (value, right) in [
            ("turbot-onboard", true),
            ("a+b=c,d.e@f_g-h", true),
            ("bad name", false),
            ("bad/name", false),
            ("", false),
            ("ümlaut", false),
        ] {
            assert_eq!(name(&params("RoleName", value), "RoleName", NAME).is_ok(), right, "{value}");
        }
        let long = "x".repeat(65);
        let error = name(&params("RoleName", &long), "RoleName", NAME).unwrap_err();
        assert!(error.message.contains("'roleName'") && error.message.contains("less than or equal to 64"));
        assert!(name(&params("RoleName", &long), "RoleName", LONG_NAME).is_ok());
    }

    #[test]
    fn paths_and_numbers() {
        for (value, right) in [("/", true), ("/a/", true), ("/a/b/", true), ("a/", false), ("/a", false), ("//", false)]
        {
            assert_eq!(path(&params("Path", value)).is_ok(), right, "{value}");
        }
        for (value, right) in [("3600", true), ("43200", true), ("3599", false), ("43201", false), ("x", false)] {
            assert_eq!(session_seconds(&params("MaxSessionDuration", value)).is_ok(), right, "{value}");
        }
        assert!(description(&params("Description", "curly \u{201c}quotes\u{201d}")).is_err());
    }
}
