//! Hostile texts from AWS and from people: trust policies, tags, ids, ARNs.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

use mutator::{fuzz, is_clean, shape};
use onboard_core::*;

#[path = "../../../tests/fuzz/mutator.rs"]
mod mutator;

/// Any document has a reading, and what is read as ours is granted by exactly the policy that we would write for it.
#[test]
fn trust_policies() {
    let tokens = [
        r#""Version":"2012-10-17""#,
        r#""Statement":[{"#,
        r#""Statement":{"#,
        r#""Effect":"Allow""#,
        r#""Effect":"Deny""#,
        r#""Principal":{"AWS":"#,
        r#""NotPrincipal":"#,
        r#""Action":"sts:AssumeRole""#,
        r#""Action":["sts:AssumeRole","sts:TagSession"]"#,
        r#""Condition":{"#,
        r#""StringEquals":{"#,
        r#""StringLike":{"#,
        r#""StringEqualsIfExists":{"#,
        r#""sts:ExternalId":"#,
        r#""STS:externalid":"#,
        r#""arn:aws:iam::999988887777:root""#,
        r#""arn:aws-cn:iam::999988887777:root""#,
        r#""999988887777""#,
        r#""*""#,
        r#""Service":"ec2.amazonaws.com""#,
        r#""abc-123""#,
        "},{",
        "]}",
    ];
    fuzz("trust", &tokens, |input| {
        let text = String::from_utf8_lossy(input);
        match TrustReading::of(&text) {
            TrustReading::OneAccount { partition, account, external_id } => {
                let partition = partition.unwrap_or_else(|| Partition::new("aws").expect("a partition"));
                let ours = TrustPolicy { partition, account, external_id };
                assert!(ours.is_granted_by(&text), "{ours:?}");
                assert!(ours.is_granted_by(&ours.document()), "{ours:?}");
                whole_by_another_reading(&text);
                "ours".to_owned()
            }
            TrustReading::Other(why) => {
                assert!(is_clean(&why), "{why:?}");
                why
            }
        }
    });
}

/// What the reader calls ours, looked at without it: no word of a wider grant stands where it could count.
fn whole_by_another_reading(text: &str) {
    let mut document: serde_json::Value = serde_json::from_str(text).expect("it was read");
    // What says nothing about the grant: names that anybody may choose.
    document.as_object_mut().expect("an object").remove("Id");
    let statement = match &mut document["Statement"] {
        serde_json::Value::Array(all) => {
            assert_eq!(all.len(), 1);
            &mut all[0]
        }
        one => one,
    };
    statement.as_object_mut().expect("an object").remove("Sid");
    let operator = statement["Condition"].as_object_mut().expect("a condition").values_mut().next().expect("one");
    let key = operator.as_object().expect("an operand").keys().next().expect("a key").clone();
    assert!(key.eq_ignore_ascii_case("sts:ExternalId"));
    operator[&key] = serde_json::Value::Null;
    let rest = document.to_string().to_ascii_lowercase();
    for foreign in ["notprincipal", "notaction", "ifexists", "like", "deny", "*", "service", "tagsession", "federated"]
    {
        assert!(!rest.contains(foreign), "{foreign} in {rest}");
    }
}

/// Tags as AWS gives them back, one `key=value` on each line: a record that can be read can be written, and reads the
/// same.
#[test]
fn journal_tags() {
    let tokens = [
        "run=",
        "claimed-at=",
        "turbot-id=",
        "cluster=",
        "with=role",
        "with=keys",
        "name=",
        "origin=made",
        "origin=adopted",
        "unique-id=",
        "prior-keys=",
        "attaches-0=",
        "attaches-1=",
        "attaches-10=",
        "trust-before-00=",
        "trust-before-01=",
        "import-requested=",
        "import-accepted=",
        "import-unsettled=true",
        "handed-over=",
        "delete-credential=true",
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "-009999-01-01T00:00:00Z",
        "7b7d",
        "+f",
        "zz",
    ];
    fuzz("tags", &tokens, |input| {
        let text = String::from_utf8_lossy(input);
        let tags: BTreeMap<String, String> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (format!("{TAG_PREFIX}{key}"), value.to_owned()))
            .collect();
        let Some(record) = Record::from_tags(&tags) else { return (false, String::new()) };
        let now = "2026-06-01T00:00:00Z".parse().expect("a time");
        let times = [Some(record.claimed_at), record.import_requested, record.import_accepted, record.handed_over];
        assert!(times.into_iter().flatten().all(|when| !when.age(now).is_negative()));
        match record.tags() {
            Ok(tags) => {
                assert!(tags.len() <= 50, "IAM's limit: {}", tags.len());
                assert_eq!(Record::from_tags(&tags).as_ref(), Some(&record));
                (true, format!("{:?} {} {}", record.origin, record.attaches.len(), record.trust_before.is_some()))
            }
            Err(error) => (true, shape(&error.to_string())),
        }
    });
}

/// What is taken is kept as it is, can be shown, and survives its serialisation; what is not is told in clean words.
fn id<T>(text: &str, made: Result<T, IdError>) -> String
where
    T: Display + Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    match made {
        Ok(id) => {
            let written = serde_json::to_string(&id).expect("an id can be written");
            assert_eq!(serde_json::from_str::<T>(&written).expect("and read"), id);
            assert_eq!(id.to_string(), text);
            assert!(is_clean(text), "{id:?}");
            String::new()
        }
        Err(error) => {
            let message = error.to_string();
            assert!(is_clean(&message) && message.chars().count() < 3000, "{message:?}");
            shape(&message)
        }
    }
}

#[test]
fn ids_and_arns() {
    let tokens = [
        "111122223333",
        "0",
        "aab",
        "mhe",
        "turbot-onboard",
        "/path/",
        "AKIAIOSFODNN7EXAMPLE",
        "arn:",
        "aws",
        "aws-cn",
        "iam",
        ":role/",
        ":user/",
        ":root",
        ":policy/",
        "abc-123",
        "urn:turbot:mhe:aab",
        "@",
        "+=,.@-_",
        "turbot-onboard-1",
    ];
    fuzz("ids", &tokens, |input| {
        let text = String::from_utf8_lossy(input);
        let text = text.as_ref();
        let _ = (Journal::generation_of(text), AwsAccountId::padded(text).map(|id| id.to_string()));
        let shown = shown(text);
        assert!(is_clean(&shown) && is_clean(&escaped(text)), "{shown:?}");
        assert!(escaped_lines(text).split('\n').all(is_clean));
        let arn = match Arn::new(text) {
            Ok(arn) => {
                let parts = [arn.partition().as_str(), arn.service(), arn.account(), arn.resource(), arn.name()];
                assert!(parts.iter().all(|part| text.contains(part)), "{arn}");
                assert!(!arn.is_root() || arn.resource() == "root");
                id::<Arn>(text, Ok(arn))
            }
            Err(error) => id::<Arn>(text, Err(error)),
        };
        [
            arn,
            id(text, AwsAccountId::new(text)),
            id(text, TurbotAccountId::new(text)),
            id(text, ClusterId::new(text)),
            id(text, ExternalId::new(text)),
            id(text, RoleName::new(text)),
            id(text, UserName::new(text)),
            id(text, IamPath::new(text)),
            id(text, AccessKeyId::new(text)),
            id(text, RunId::new(text)),
            id(text, Partition::new(text)),
            id(text, PolicyArn::new(text)),
        ]
    });
}
