//! The role's trust policy: written in one shape, read back from any, compared by meaning.

use serde_json::{Map, Value, json};

use crate::{Arn, AwsAccountId, ExternalId, Partition};

/// The trust policy this tool writes: one account may assume the role, under one external ID.
///
/// `StringEquals`, never `StringLike` or an `...IfExists` form, which would pass when no external ID is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The role's own partition: an account of another one cannot be trusted (AWS delegates within a partition only).
    pub partition: Partition,
    /// The account that may assume the role: Turbot's master account.
    pub account: AwsAccountId,
    /// The external ID it must give.
    pub external_id: ExternalId,
}

impl TrustPolicy {
    /// The policy document as JSON text.
    #[must_use]
    pub fn document(&self) -> String {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "TurbotMasterAssumesWithExternalId",
                "Effect": "Allow",
                "Principal": { "AWS": self.partition.account_principal(&self.account) },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": self.external_id.as_str() } }
            }]
        })
        .to_string()
    }

    /// Whether a document read back grants exactly what this policy grants.
    #[must_use]
    pub fn is_granted_by(&self, document: &str) -> bool {
        matches!(TrustReading::of(document), TrustReading::OneAccount { partition, account, external_id }
            if account == self.account && external_id == self.external_id && partition.as_ref().is_none_or(|p| *p == self.partition))
    }
}

/// What a trust policy read back from AWS says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustReading {
    /// Exactly our shape: one statement, one account, `StringEquals` of one valid external ID, and nothing else.
    OneAccount {
        /// The partition in the principal's ARN; `None` where the bare account id stands.
        partition: Option<Partition>,
        /// The account trusted.
        account: AwsAccountId,
        /// The external ID asked for.
        external_id: ExternalId,
    },
    /// Anything else, with the first reason found.
    Other(String),
}

impl TrustReading {
    /// Reads a trust policy document (decoded JSON text). Any input has a reading.
    #[must_use]
    pub fn of(document: &str) -> Self {
        match serde_json::from_str::<Value>(document) {
            Ok(value) => read(&value).unwrap_or_else(|why| Self::Other(why.to_owned())),
            Err(_) => Self::Other("it is not JSON".to_owned()),
        }
    }
}

fn read(document: &Value) -> Result<TrustReading, &'static str> {
    let policy = document.as_object().ok_or("it is not a policy document")?;
    only(policy, &["Version", "Id", "Statement"]).ok_or("it has fields of its own")?;
    if policy.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err("its version is not 2012-10-17");
    }
    let statement = one(policy.get("Statement").unwrap_or(&Value::Null)).ok_or("it has not exactly one statement")?;
    let statement = statement.as_object().ok_or("its statement is not an object")?;
    only(statement, &["Sid", "Effect", "Principal", "Action", "Condition"]).ok_or("its statement has other fields")?;
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err("its statement does not allow");
    }
    let action = statement.get("Action").and_then(one).and_then(Value::as_str);
    if !action.is_some_and(|a| a.eq_ignore_ascii_case("sts:AssumeRole")) {
        return Err("its action is not sts:AssumeRole alone");
    }
    let principal =
        statement.get("Principal").and_then(Value::as_object).ok_or("its principal is not an AWS account")?;
    only(principal, &["AWS"]).ok_or("it has principals other than AWS accounts")?;
    let principal =
        principal.get("AWS").and_then(one).and_then(Value::as_str).ok_or("it has not exactly one principal")?;
    let (partition, account) = account_of(principal).ok_or("its principal is not one whole account")?;
    let condition = statement.get("Condition").and_then(Value::as_object).ok_or("it asks for no external ID")?;
    let [(operator, operand)] = condition.iter().collect::<Vec<_>>()[..] else {
        return Err("it has not exactly one condition");
    };
    if !operator.eq_ignore_ascii_case("StringEquals") {
        return Err("its condition is not StringEquals");
    }
    let operand = operand.as_object().ok_or("its condition is malformed")?;
    let [(key, value)] = operand.iter().collect::<Vec<_>>()[..] else {
        return Err("it has not exactly one condition");
    };
    if !key.eq_ignore_ascii_case("sts:ExternalId") {
        return Err("its condition is not on sts:ExternalId");
    }
    let value = one(value).and_then(Value::as_str).ok_or("it accepts several external IDs")?;
    let external_id = ExternalId::new(value).map_err(|_| "STS would not accept its external ID")?;
    Ok(TrustReading::OneAccount { partition, account, external_id })
}

fn account_of(principal: &str) -> Option<(Option<Partition>, AwsAccountId)> {
    if let Ok(account) = AwsAccountId::new(principal) {
        return Some((None, account));
    }
    let arn = Arn::new(principal).ok()?;
    let (partition, account) = (arn.partition().clone(), AwsAccountId::new(arn.account()).ok()?);
    // To the letter: a region, which the principal of an account has none of, would be read past otherwise.
    (principal == partition.account_principal(&account)).then_some((Some(partition), account))
}

/// The single value of a scalar or of an array of one.
fn one(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(items) => match &items[..] {
            [item] if !item.is_array() => Some(item),
            _ => None,
        },
        Value::Null => None,
        other => Some(other),
    }
}

fn only(object: &Map<String, Value>, allowed: &[&str]) -> Option<()> {
    object.keys().all(|k| allowed.contains(&k.as_str())).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_with_a_region_is_not_an_account() {
        let ours = ours();
        for region in ["*", "us-east-1"] {
            let document = ours.document().replace(":iam::", &format!(":iam:{region}:"));
            assert!(!ours.is_granted_by(&document), "{document}");
            assert!(matches!(TrustReading::of(&document), TrustReading::Other(_)), "{document}");
        }
    }

    fn ours() -> TrustPolicy {
        TrustPolicy {
            partition: Partition::new("aws").unwrap(),
            account: AwsAccountId::new("999988887777").unwrap(),
            external_id: ExternalId::new("abc-123").unwrap(),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        assert!(ours().is_granted_by(&ours().document()));
        // As IAM may give it back: arrays of one, the bare account id, another order.
        let same = r#"{"Statement":{"Condition":{"StringEquals":{"sts:ExternalId":["abc-123"]}},"Action":["sts:AssumeRole"],
            "Principal":{"AWS":["999988887777"]},"Effect":"Allow"},"Version":"2012-10-17"}"#;
        assert!(ours().is_granted_by(same));
    }

    #[test]
    fn anything_wider_is_not_ours() {
        let document: Value = serde_json::from_str(&ours().document()).unwrap();
        type Change = fn(&mut Value);
        let changes: [(&str, Change); 16] = [
            ("second statement", |d| {
                let s = d["Statement"][0].clone();
                d["Statement"].as_array_mut().unwrap().push(s);
            }),
            ("no statement", |d| d["Statement"] = json!([])),
            ("deny", |d| d["Statement"][0]["Effect"] = json!("Deny")),
            ("star", |d| d["Statement"][0]["Principal"] = json!("*")),
            ("star account", |d| d["Statement"][0]["Principal"] = json!({"AWS": "*"})),
            ("two accounts", |d| d["Statement"][0]["Principal"] = json!({"AWS": ["999988887777", "111122223333"]})),
            ("a service too", |d| d["Statement"][0]["Principal"]["Service"] = json!("ec2.amazonaws.com")),
            ("one role", |d| d["Statement"][0]["Principal"] = json!({"AWS": "arn:aws:iam::999988887777:role/x"})),
            ("not principal", |d| {
                let s = d["Statement"][0].as_object_mut().unwrap();
                let p = s.remove("Principal").unwrap();
                s.insert("NotPrincipal".into(), p);
            }),
            ("tag session", |d| d["Statement"][0]["Action"] = json!(["sts:AssumeRole", "sts:TagSession"])),
            ("no condition", |d| {
                d["Statement"][0].as_object_mut().unwrap().remove("Condition");
            }),
            ("if exists", |d| {
                d["Statement"][0]["Condition"] = json!({"StringEqualsIfExists": {"sts:ExternalId": "abc-123"}});
            }),
            ("like", |d| d["Statement"][0]["Condition"] = json!({"StringLike": {"sts:ExternalId": "*"}})),
            ("two ids", |d| {
                d["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = json!(["abc-123", "x1"])
            }),
            ("another id", |d| d["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = json!("abc-124")),
            ("old version", |d| d["Version"] = json!("2008-10-17")),
        ];
        for (name, change) in changes {
            let mut changed = document.clone();
            change(&mut changed);
            assert!(!ours().is_granted_by(&changed.to_string()), "{name}");
        }
        for text in ["", "null", "[]", "{}", "{\"Statement\":[[]]}", "\u{0}"] {
            assert!(matches!(TrustReading::of(text), TrustReading::Other(_)), "{text}");
        }
    }

    #[test]
    fn another_partition_is_not_ours() {
        let document = ours().document().replace("arn:aws:", "arn:aws-cn:");
        assert!(!ours().is_granted_by(&document));
    }
}
