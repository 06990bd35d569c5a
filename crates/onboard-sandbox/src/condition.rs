//! Condition blocks of policies, evaluated against a request's context.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::pattern;

/// What is known of a request, by condition key in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    pub(crate) fn set_all(&mut self, key: &str, values: Vec<String>) {
        self.0.insert(key.to_ascii_lowercase(), values);
    }

    fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// Replaces policy variables such as `${aws:username}`; an unknown one is left and so matches nothing.
    pub(crate) fn expand(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = rest.split_at(start);
            expanded.push_str(before);
            let Some(end) = after.find('}') else {
                rest = after;
                break;
            };
            let name = &after[2..end];
            match (name, self.get(name)) {
                ("*" | "?" | "$", _) => expanded.push_str(name),
                (_, Some([value])) => expanded.push_str(value),
                _ => expanded.push_str(&after[..=end]),
            }
            rest = &after[end + 1..];
        }
        expanded.push_str(rest);
        expanded
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Qualifier {
    None,
    Any,
    All,
}

/// One operator over one key.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    qualifier: Qualifier,
    operator: String,
    if_exists: bool,
    key: String,
    values: Vec<String>,
}

const OPERATORS: [&str; 28] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Bool",
    "Null",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "BinaryNotEquals",
];

fn split(operator: &str) -> (Qualifier, &str, bool) {
    let (qualifier, rest) = match operator.split_once(':') {
        Some(("ForAnyValue", rest)) => (Qualifier::Any, rest),
        Some(("ForAllValues", rest)) => (Qualifier::All, rest),
        _ => (Qualifier::None, operator),
    };
    rest.strip_suffix("IfExists").map_or((qualifier, rest, false), |bare| (qualifier, bare, true))
}

/// Whether IAM knows this operator.
pub(crate) fn is_operator(operator: &str) -> bool {
    let (_, bare, if_exists) = split(operator);
    OPERATORS.contains(&bare) && !(if_exists && bare == "Null")
}

impl Condition {
    pub(crate) fn new(operator: &str, key: &str, values: Vec<String>) -> Self {
        let (qualifier, bare, if_exists) = split(operator);
        Self { qualifier, operator: bare.to_owned(), if_exists, key: key.to_owned(), values }
    }

    /// Whether the request meets the condition.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let present = context.get(&self.key).filter(|values| !values.is_empty());
        if self.operator == "Null" {
            let absent = present.is_none();
            return self.values.iter().any(|value| value.eq_ignore_ascii_case(if absent { "true" } else { "false" }));
        }
        let Some(actual) = present else {
            return self.if_exists || self.qualifier == Qualifier::All || self.negated();
        };
        let values: Vec<String> = self.values.iter().map(|value| context.expand(value)).collect();
        let one = |actual: &String| {
            let found = values.iter().any(|wanted| self.compare(actual, wanted));
            found != self.negated()
        };
        match self.qualifier {
            Qualifier::All => actual.iter().all(one),
            Qualifier::Any | Qualifier::None => actual.iter().any(one),
        }
    }

    fn negated(&self) -> bool {
        self.operator.contains("Not")
    }

    /// The positive form of the operator.
    fn compare(&self, actual: &str, wanted: &str) -> bool {
        match self.operator.as_str() {
            "StringEquals" | "StringNotEquals" | "BinaryEquals" | "BinaryNotEquals" => actual == wanted,
            "StringEqualsIgnoreCase" | "StringNotEqualsIgnoreCase" => actual.to_lowercase() == wanted.to_lowercase(),
            "StringLike" | "StringNotLike" => pattern::matches(wanted, actual),
            "ArnEquals" | "ArnLike" | "ArnNotEquals" | "ArnNotLike" => arn_matches(wanted, actual),
            "Bool" => actual.eq_ignore_ascii_case(wanted),
            "IpAddress" | "NotIpAddress" => in_network(actual, wanted),
            name if name.starts_with("Numeric") => {
                let numbers = actual.parse::<f64>().ok().zip(wanted.parse::<f64>().ok());
                numbers.is_some_and(|(a, w)| ordered(name, a.partial_cmp(&w)))
            }
            name if name.starts_with("Date") => {
                let times = moment(actual).zip(moment(wanted));
                times.is_some_and(|(a, w)| ordered(name, Some(a.cmp(&w))))
            }
            _ => false,
        }
    }
}

fn ordered(operator: &str, order: Option<std::cmp::Ordering>) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let Some(order) = order else { return false };
    if operator.ends_with("LessThanEquals") {
        order != Greater
    } else if operator.ends_with("LessThan") {
        order == Less
    } else if operator.ends_with("GreaterThanEquals") {
        order != Less
    } else if operator.ends_with("GreaterThan") {
        order == Greater
    } else {
        order == Equal
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Timestamp::from_second(text.parse().ok()?).ok())
}

/// ARN conditions compare each of the six parts by itself.
fn arn_matches(wanted: &str, actual: &str) -> bool {
    let wanted: Vec<&str> = wanted.splitn(6, ':').collect();
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    wanted.len() == actual.len() && wanted.iter().zip(&actual).all(|(w, a)| pattern::matches(w, a))
}

fn in_network(actual: &str, wanted: &str) -> bool {
    let (network, bits) = wanted.split_once('/').unwrap_or((wanted, "32"));
    let parsed = (actual.parse::<std::net::Ipv4Addr>(), network.parse::<std::net::Ipv4Addr>(), bits.parse::<u32>());
    match parsed {
        (Ok(actual), Ok(network), Ok(bits @ 0..=32)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            u32::from(actual) & mask == u32::from(network) & mask
        }
        _ => actual == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators() {
        let mut context = Context::default();
        context.set("sts:ExternalId", "abc");
        context.set("aws:PrincipalArn", "arn:aws:iam::1:role/p/q");
        context.set("aws:MultiFactorAuthPresent", "false");
        context.set("n", "5");
        context.set("ip", "10.1.2.3");
        context.set_all("aws:TagKeys", vec!["a".to_owned(), "b".to_owned()]);
        for (operator, key, value, expected) in [
            ("StringEquals", "STS:externalid", "abc", true),
            ("StringEquals", "sts:ExternalId", "ABC", false),
            ("StringEqualsIgnoreCase", "sts:ExternalId", "ABC", true),
            ("StringEquals", "missing", "abc", false),
            ("StringEqualsIfExists", "missing", "abc", true),
            ("StringEqualsIfExists", "sts:ExternalId", "x", false),
            ("StringNotEquals", "missing", "abc", true),
            ("StringLike", "sts:ExternalId", "a*", true),
            ("Null", "sts:ExternalId", "true", false),
            ("Null", "missing", "true", true),
            ("Bool", "aws:MultiFactorAuthPresent", "true", false),
            ("BoolIfExists", "missing", "true", true),
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", true),
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::1:user/*", false),
            ("ArnLike", "aws:PrincipalArn", "arn:*", false),
            ("NumericLessThanEquals", "n", "5", true),
            ("NumericGreaterThan", "n", "5", false),
            ("IpAddress", "ip", "10.0.0.0/8", true),
            ("NotIpAddress", "ip", "10.0.0.0/8", false),
            ("ForAllValues:StringEquals", "aws:TagKeys", "a", false),
            ("ForAnyValue:StringEquals", "aws:TagKeys", "a", true),
            ("ForAllValues:StringEquals", "missing", "a", true),
        ] {
            let condition = Condition::new(operator, key, vec![value.to_owned()]);
            assert_eq!(condition.holds(&context), expected, "{operator} {key} {value}");
        }
        assert!(!is_operator("NullIfExists"));
        assert!(!is_operator("stringequals"));
    }

    #[test]
    fn variables() {
        let mut context = Context::default();
        context.set("aws:username", "ann");
        assert_eq!(context.expand("user/${aws:username}/${*}${nothing}"), "user/ann/*${nothing}");
    }
}
