//! The import's payload, checked more strictly than the real Turbot is known to: the documented fields, each of them,
//! and no other.

use serde_json::{Map, Value};

use super::answer::Refusal;

/// What an import asks for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) check_mode: bool,
    pub(super) delete: bool,
    pub(super) offer: Offer,
}

/// The credential an import brings. It has no `Debug`: one of its fields is a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Offer {
    Role { arn: String, external_id: String },
    Key { id: String, secret: String },
}

const BOTH: [&str; 6] = ["id", "clusterId", "title", "type", "description", "checkMode"];
const ROLE: [&str; 3] = ["awsRoleArn", "awsRoleExternalId", "deleteAwsRole"];
const KEY: [&str; 3] = ["awsAccessKeyId", "$awsSecretAccessKey", "deleteAwsKey"];

/// Reads a payload for this cluster.
pub(super) fn read(body: &[u8], cluster: &str) -> Result<Payload, Refusal> {
    let bad = |message: String| Refusal::new(400, "BadRequest", message);
    let value: Value = serde_json::from_slice(body).map_err(|e| bad(format!("malformed JSON: {e}")))?;
    let Value::Object(fields) = value else { return Err(bad("malformed JSON: an object is expected".to_owned())) };

    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    let form = match (has(&ROLE), has(&KEY)) {
        (true, true) => return Err(bad("the fields of a role and of an access key must not be mixed".to_owned())),
        (true, false) => ROLE,
        (false, true) => KEY,
        (false, false) => return Err(bad("a role or an access key is required: awsRoleArn is missing".to_owned())),
    };
    let known = |name: &str| BOTH.contains(&name) || form.contains(&name);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(bad(format!("unknown field {name}")));
    }
    if let Some(name) = BOTH.iter().chain(&form).find(|name| !fields.contains_key(**name)) {
        return Err(bad(format!("{name} is required")));
    }
    let text = |name: &str| text(&fields, name);
    let flag = |name: &str| match fields.get(name) {
        Some(Value::Bool(flag)) => Ok(*flag),
        _ => Err(Refusal::new(400, "BadRequest", format!("{name} must be a boolean"))),
    };

    let (id, title, cluster_id, kind) = (text("id")?, text("title")?, text("clusterId")?, text("type")?);
    let description = match &fields["description"] {
        Value::String(description) => description.clone(),
        _ => return Err(bad("description must be a string".to_owned())),
    };
    let unfit = |message: String| Refusal::new(422, "UnprocessableEntity", message);
    if kind != "awsImport" {
        return Err(unfit(format!("type must be awsImport, not {kind}")));
    }
    if cluster_id != cluster {
        return Err(unfit(format!("clusterId must be {cluster}, not {cluster_id}")));
    }
    if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err(unfit("id must be of letters and digits".to_owned()));
    }
    let (offer, delete) = if form == ROLE {
        let offer = Offer::Role { arn: text("awsRoleArn")?, external_id: text("awsRoleExternalId")? };
        (offer, flag("deleteAwsRole")?)
    } else {
        let offer = Offer::Key { id: text("awsAccessKeyId")?, secret: text("$awsSecretAccessKey")? };
        (offer, flag("deleteAwsKey")?)
    };
    Ok(Payload { id, title, description, check_mode: flag("checkMode")?, delete, offer })
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    match fields.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::String(_)) => Err(Refusal::new(400, "BadRequest", format!("{name} must not be empty"))),
        _ => Err(Refusal::new(400, "BadRequest", format!("{name} must be a string"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role() -> Value {
        json!({
            "id": "aab", "clusterId": "mhe", "title": "T", "type": "awsImport", "description": "",
            "awsRoleArn": "arn:aws:iam::111122223333:role/x", "awsRoleExternalId": "e", "deleteAwsRole": true,
            "checkMode": true
        })
    }

    fn refused(change: impl FnOnce(&mut Map<String, Value>)) -> (u16, String) {
        let mut payload = role();
        change(payload.as_object_mut().unwrap());
        let refusal = read(payload.to_string().as_bytes(), "mhe").map(|_| ()).unwrap_err();
        (refusal.status, refusal.message)
    }

    #[test]
    fn the_documented_forms_are_read() {
        let payload = read(role().to_string().as_bytes(), "mhe").ok().unwrap();
        assert!(payload.delete && payload.check_mode && matches!(payload.offer, Offer::Role { .. }));
        let keys = json!({
            "type": "awsImport", "clusterId": "mhe", "deleteAwsKey": false, "checkMode": false, "id": "aab",
            "title": "T", "awsAccessKeyId": "AKIA", "$awsSecretAccessKey": "s", "description": "d"
        });
        let payload = read(keys.to_string().as_bytes(), "mhe").ok().unwrap();
        assert!(!payload.delete && matches!(payload.offer, Offer::Key { .. }));
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for name in BOTH.iter().chain(&ROLE[1..]) {
            let (status, message) = refused(|p| {
                p.remove(*name);
            });
            assert_eq!((status, message), (400, format!("{name} is required")));
        }
        for (field, value, status, words) in [
            ("extra", json!(1), 400, "unknown field extra"),
            ("awsSecretAccessKey", json!("s"), 400, "unknown field awsSecretAccessKey"),
            ("awsAccessKeyId", json!("AKIA"), 400, "must not be mixed"),
            ("checkMode", json!("true"), 400, "checkMode must be a boolean"),
            ("deleteAwsRole", json!(1), 400, "deleteAwsRole must be a boolean"),
            ("title", json!(""), 400, "title must not be empty"),
            ("title", json!(7), 400, "title must be a string"),
            ("description", json!(null), 400, "description must be a string"),
            ("type", json!("import"), 422, "type must be awsImport"),
            ("clusterId", json!("other"), 422, "clusterId must be mhe"),
            ("id", json!("a b"), 422, "id must be"),
        ] {
            let (seen, message) = refused(|p| {
                p.insert(field.to_owned(), value);
            });
            assert_eq!(seen, status, "{field}: {message}");
            assert!(message.contains(words), "{field}: {message}");
        }
        for body in ["", "{", "[]", "null"] {
            assert_eq!(read(body.as_bytes(), "mhe").map(|_| ()).unwrap_err().status, 400, "{body}");
        }
    }
}
