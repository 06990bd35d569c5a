//! The documents that the tool writes fit the schemas that it prints.

use std::collections::BTreeMap;

use onboard_core::{
    AccountReport, AwsAccountId, Caller, Chosen, ClusterId, Difference, ErrorKind, ErrorReport, ExternalId, Leftover,
    MaintenanceLevel, Organization, Outcome, Plan, Report, RoleName, Secret, Step, StepReport, StepResult,
    TurbotAccountId, With,
};
use onboard_engine::{Check, CheckResult, DOCTOR_SCHEMA, DoctorReport, Planned, plan_document};
use serde_json::{Value, json};

use super::Document;
use crate::settings::wanted;

/// What of a value does not fit a schema: of JSON Schema that part which these schemas use.
fn misfits(value: &Value, schema: &Value, at: &str, out: &mut Vec<String>) {
    let of_its_type = schema.get("type").is_none_or(|name| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("an unknown type {other}"),
    });
    if !of_its_type {
        return out.push(format!("{at}: type"));
    }
    for (keyword, rule) in schema.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "$schema" | "$id" | "description" | "format" | "properties" | "type" => true,
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_i64().unwrap() >= rule.as_i64().unwrap(),
            "maximum" => value.as_i64().unwrap() <= rule.as_i64().unwrap(),
            "pattern" => matches(rule.as_str().unwrap(), value.as_str().unwrap()),
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                for (n, item) in value.as_array().unwrap().iter().enumerate() {
                    misfits(item, rule, &format!("{at}[{n}]"), out);
                }
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|one| {
                let mut misfit = Vec::new();
                misfits(value, one, at, &mut misfit);
                misfit.is_empty()
            }),
            "additionalProperties" => {
                for (name, inner) in value.as_object().unwrap() {
                    let at = format!("{at}.{name}");
                    match schema["properties"].get(name) {
                        Some(shape) => misfits(inner, shape, &at, out),
                        None if *rule == json!(false) => out.push(format!("{at} is not known")),
                        None => misfits(inner, rule, &at, out),
                    }
                }
                true
            }
            other => panic!("an unknown keyword {other}"),
        };
        if !fits {
            out.push(format!("{at}: {keyword}"));
        }
    }
}

/// The three patterns that the schemas have.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern {
        "^[0-9]{12}$" => AwsAccountId::new(value).is_ok(),
        "^hmac-sha256:[0-9a-f]{64}$" => value.len() == 76 && value.starts_with("hmac-sha256:"),
        "^([0-9]+(ms|h|m|s))+$" => crate::settings::duration::parse(value).is_ok(),
        other => panic!("an unknown pattern {other}"),
    }
}

fn assert_fits(document: Document, value: &Value) {
    let mut out = Vec::new();
    misfits(value, &document.schema(), document.name(), &mut out);
    assert_eq!(out, [""; 0], "{value:#}");
}

fn sample_wanted() -> onboard_core::Wanted {
    let mut wanted = wanted::default(
        AwsAccountId::new("111122223333").unwrap(),
        TurbotAccountId::new("aab").unwrap(),
        ClusterId::new("mhe").unwrap(),
        AwsAccountId::new("999988887777").unwrap(),
    );
    wanted.tags = BTreeMap::from([("Team".into(), "a".into())]);
    wanted.maintenance = Some(MaintenanceLevel::NoChanges);
    wanted
}

#[test]
fn reports_fit() {
    let mut account = AccountReport::new("111122223333", "aab", With::Role);
    let empty = Report::new("r".into(), "apply", "2026-01-01T00:00:00Z".into(), vec![account.clone()]);
    assert_fits(Document::Report, &serde_json::to_value(empty).unwrap());
    account.role_arn = Some("arn:aws:iam::111122223333:role/x".into());
    account.steps =
        [StepResult::Done, StepResult::Unchanged, StepResult::Failed, StepResult::Undone, StepResult::Unknown]
            .map(|result| StepReport { step: "claim", target: "t".into(), result, offset_millis: 0, millis: 1 })
            .into();
    account.differences = vec![Difference { what: "a".into(), wanted: "b".into(), found: "c".into() }];
    account.leftovers =
        Some(vec![Leftover { kind: "access-key", id: "i".into(), why: "w".into(), remove_with: "r".into() }]);
    account.undo_error = Some(ErrorReport::new(ErrorKind::Aws, "m"));
    let accounts = ErrorKind::ALL.iter().map(|kind| {
        let mut account = account.clone();
        account.fail(ErrorReport::new(*kind, "m").because("c").hint("h"));
        account
    });
    let report = Report::new("r".into(), "apply", "2026-01-01T00:00:00Z".into(), accounts.collect());
    assert_fits(Document::Report, &serde_json::to_value(report).unwrap());
}

#[test]
fn plans_fit() {
    let wanted = sample_wanted();
    let name = RoleName::new("turbot-onboard").unwrap();
    let planned = Planned {
        plan: Plan {
            steps: vec![
                Step::SetTrust { role: name.clone(), before: "{}".into(), after: "{\"a\": 1}".into() },
                Step::Release { generation: 1 },
            ],
            end: Outcome::Imported,
            warnings: vec![],
            external_id: None,
            delete_credential: true,
            then_again: false,
        },
        chosen: Chosen { external_id: ExternalId::new("an-external-id").unwrap() },
        caller: Caller {
            account: wanted.account_id.clone(),
            arn: onboard_core::Arn::new("arn:aws:iam::111122223333:user/me").unwrap(),
        },
        alias: None,
        organization: Organization::None,
        endpoint: None,
        observed: json!({}),
        wanted,
    };
    let secret = Secret::new("s".into());
    let mut unplanned = onboard_core::AccountReport::new("444455556666", "aac", onboard_core::With::Role);
    unplanned.fail(ErrorReport::new(ErrorKind::Denied, "AWS denied it"));
    for unplanned in [vec![], vec![unplanned]] {
        let document = plan_document(&[&planned], &unplanned, "https://t", jiff::Timestamp::UNIX_EPOCH, &secret);
        assert_eq!(document["unplanned"].as_array().map_or(0, Vec::len), unplanned.len());
        assert_fits(Document::Plan, &document);
    }
}

#[test]
fn doctors_fit() {
    let checks = [CheckResult::Proved, CheckResult::Likely, CheckResult::Unknown, CheckResult::Failed]
        .map(|result| Check { check: "aws.account", result, message: "m".into(), hint: None });
    let report = DoctorReport {
        schema: DOCTOR_SCHEMA,
        run: "r".into(),
        tool_version: "1",
        account_id: Some("111122223333".into()),
        turbot_id: Some("aab".into()),
        accounts: None,
        checks: checks.into(),
        failed: true,
    };
    assert_fits(Document::Doctor, &serde_json::to_value(report).unwrap());
}

#[test]
fn configuration_fits_and_mistakes_do_not() {
    let good = json!({
        "account_id": "111122223333", "tag": {"Team": "a"}, "policy_arn": ["a"], "timeout": "1h30m", "yes": true,
        "with": "keys", "max_session_duration": 3600, "turbot": {"key_command": ["op", "read"]},
        "maintenance_values": {"full": "Anytime"},
    });
    assert_fits(Document::Config, &good);
    for bad in [json!({"account_id": 1}), json!({"out": "x"}), json!({"with": "both"}), json!({"turbot": {"x": 1}})] {
        let mut out = Vec::new();
        misfits(&bad, &Document::Config.schema(), "config", &mut out);
        assert_eq!(out.len(), 1, "{bad}: {out:?}");
    }
}

#[test]
fn every_schema_has_its_name() {
    let all = super::all();
    for document in Document::ALL {
        assert_eq!(all[document.name()]["$id"], json!(format!("urn:turbot-onboard:{}:1", document.name())));
    }
}
