use serde_json::{Map, Value, json};

use crate::trust;
use crate::world::{Grants, World};

/// The whole of an account's IAM in a form that compares equal if nothing was changed.
pub(crate) fn of(world: &mut World, id: &str) -> Value {
    let Ok(account) = world.account(id) else { return Value::Null };
    let roles: Vec<_> = account.roles.all().cloned().collect();
    let users: Map<String, Value> = account
        .users
        .all()
        .map(|user| {
            let groups: Vec<&String> =
                user.groups.iter().filter_map(|key| account.groups.get(key)).map(|group| &group.name).collect();
            let blockers = json!({
                "mfa": user.mfa_devices, "ssh": user.ssh_keys,
                "service-credentials": user.service_credentials, "certificates": user.certificates,
            });
            let mut value = grants(&user.grants);
            value.insert("path".to_owned(), json!(user.path));
            value.insert("groups".to_owned(), json!(groups));
            value.insert("login-profile".to_owned(), json!(user.login_profile.is_some()));
            value.insert("other-credentials".to_owned(), blockers);
            (user.name.clone(), Value::Object(value))
        })
        .collect();
    let keys: Map<String, Value> = account
        .keys
        .values()
        .map(|key| {
            let user = key.user.as_ref().and_then(|user| account.users.truth(user)).map(|user| user.name.clone());
            (key.id.clone(), json!({"user": user, "active": key.active}))
        })
        .collect();
    let policies: Map<String, Value> = account
        .policies
        .all()
        .map(|policy| {
            let versions: Map<String, Value> = policy
                .versions
                .iter()
                .map(|version| (format!("v{}", version.number), json!(version.document)))
                .collect();
            let value = json!({
                "arn": policy.arn, "description": policy.description, "default": policy.default_version,
                "versions": versions, "tags": tags(&policy.tags),
            });
            (policy.name.clone(), value)
        })
        .collect();
    let groups: Vec<String> = account.groups.values().map(|group| group.name.clone()).collect();
    let profiles: Map<String, Value> = account
        .profiles
        .values()
        .map(|profile| {
            let role = profile.role.as_ref().and_then(|key| account.roles.truth(key)).map(|role| role.name.clone());
            (profile.name.clone(), json!(role))
        })
        .collect();
    let alias = account.alias.clone();

    let roles: Map<String, Value> = roles
        .iter()
        .map(|role| {
            let trust = trust::shown(world, role);
            let mut value = grants(&role.grants);
            value.insert("path".to_owned(), json!(role.path));
            value.insert("description".to_owned(), json!(role.description));
            value.insert("max-session".to_owned(), json!(role.max_session));
            value.insert("trust".to_owned(), serde_json::from_str(&trust).unwrap_or(Value::String(trust)));
            (role.name.clone(), Value::Object(value))
        })
        .collect();
    json!({
        "account": id, "alias": alias, "roles": roles, "users": users, "access-keys": keys, "policies": policies,
        "groups": groups, "instance-profiles": profiles,
    })
}

fn grants(grants: &Grants) -> Map<String, Value> {
    let mut attached = grants.attached.clone();
    attached.sort();
    let mut map = Map::new();
    map.insert("attached".to_owned(), json!(attached));
    map.insert("inline".to_owned(), json!(grants.inline));
    map.insert("boundary".to_owned(), json!(grants.boundary));
    map.insert("tags".to_owned(), tags(&grants.tags));
    map
}

fn tags(tags: &[(String, String)]) -> Value {
    let mut sorted = tags.to_vec();
    sorted.sort();
    Value::Object(sorted.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
}
