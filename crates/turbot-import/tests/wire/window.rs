use std::sync::Mutex;

use onboard_core::{MaintenanceLevel, UpdateVerb};
use turbot_import::{MaintenanceError, MaintenanceSet};

use crate::server::{Reply, Seen, Server, json};

const URN: &str = "urn:turbot:mhe:aab";

/// A policy that stands or not, written and read like Turbot's.
fn policy(standing: Option<&str>, update: &'static str) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let value = Mutex::new(standing.map(str::to_owned));
    move |seen| {
        let mut value = value.lock().unwrap();
        let method = seen.line.split(' ').next().unwrap();
        if method == "GET" {
            return match &*value {
                Some(value) => json(200, &serde_json::json!({"value": value}).to_string()),
                None => json(404, ""),
            };
        }
        if method == "POST" && value.is_some() {
            return json(409, r#"{"code":409,"message":"exists"}"#);
        }
        if method != "POST" && method != update {
            return json(405, r#"{"message":"no such verb"}"#);
        }
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        *value = Some(body["value"].as_str().unwrap().to_owned());
        json(200, "{}")
    }
}

#[tokio::test]
async fn it_is_set_as_turbots_own_tool_does_and_read_back() {
    let server = Server::http(policy(None, "-")).await;
    let turbot = server.turbot();
    assert_eq!(turbot.maintenance_window(URN).await, Ok(None));
    let set = turbot.set_maintenance_window(URN, MaintenanceLevel::Full).await;
    assert_eq!(set, Ok(MaintenanceSet::Set { value: "Anytime".to_owned() }));
    assert_eq!(turbot.maintenance_window(URN).await, Ok(Some("Anytime".to_owned())));
    let post = server.seen().into_iter().find(|s| s.line.starts_with("POST")).unwrap();
    assert_eq!(
        post.line,
        "POST /api/v3/resources/urn:turbot:mhe:aab/policies/Turbot:Environment:MaintenanceWindow?exception=true HTTP/1.1"
    );
    assert_eq!(post.body, r#"{"requirement":"MUST","notes":"","expirationTimestamp":"","value":"Anytime"}"#);
}

#[tokio::test]
async fn a_standing_window_is_compared_not_believed() {
    let server = Server::http(policy(Some("No Changes"), "PUT")).await;
    let turbot = server.turbot();
    assert_eq!(
        turbot.set_maintenance_window(URN, MaintenanceLevel::NoChanges).await,
        Ok(MaintenanceSet::AlreadySet { value: "No Changes".to_owned() })
    );
    let error = turbot.set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    let MaintenanceError::Standing { seen, .. } = &error else { panic!("{error:?}") };
    assert_eq!(seen.as_deref(), Some("No Changes"));
    assert!(error.to_string().contains("'No Changes'") && error.to_string().contains("not public"), "{error}");
    // With the verb named it is replaced; with a wrong one it says so.
    let patch = server.turbot_replacing_windows_with(UpdateVerb::Patch);
    let error = patch.set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    assert!(error.to_string().contains("PATCH was refused with 405"), "{error}");
    let put = server.turbot_replacing_windows_with(UpdateVerb::Put);
    assert_eq!(
        put.set_maintenance_window(URN, MaintenanceLevel::Full).await,
        Ok(MaintenanceSet::Set { value: "Anytime".to_owned() })
    );
}

fn post_or_get(post: Reply, get: Reply) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |seen| if seen.line.starts_with("POST") { post.clone() } else { get.clone() }
}

#[tokio::test]
async fn taken_but_not_readable_is_said() {
    for get in [json(404, ""), json(403, ""), json(200, "{}"), json(200, "<html>")] {
        let server = Server::http(post_or_get(json(200, ""), get)).await;
        let set = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Check).await;
        assert!(matches!(set, Ok(MaintenanceSet::Unconfirmed { .. })), "{set:?}");
    }
}

#[tokio::test]
async fn another_value_in_force_is_named() {
    let server = Server::http(post_or_get(json(200, ""), json(200, r#"{"value":"No changes"}"#))).await;
    let error = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    assert_eq!(error.to_string(), "the maintenance window was set to 'Anytime', and 'No changes' is in force");
}

#[tokio::test]
async fn a_value_that_shows_late_is_waited_for() {
    let reads = Mutex::new(0);
    let server = Server::http(move |seen| {
        if seen.line.starts_with("POST") {
            return json(200, "");
        }
        let mut reads = reads.lock().unwrap();
        *reads += 1;
        json(200, if *reads < 3 { r#"{"value":"No changes"}"# } else { r#"{"value":"Anytime"}"# })
    })
    .await;
    let set = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await;
    assert_eq!(set, Ok(MaintenanceSet::Set { value: "Anytime".to_owned() }));
}

#[tokio::test]
async fn refusals_name_the_right_and_lost_answers_are_read_back() {
    let server = Server::http(|_| json(403, r#"{"code":"Forbidden","message":"no"}"#)).await;
    let error = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    assert!(error.to_string().contains("Turbot/Admin"), "{error}");

    let lost = post_or_get(Reply::Reset(Vec::new()), json(200, r#"{"value":"Anytime"}"#));
    let server = Server::http(lost).await;
    let set = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await;
    assert_eq!(set, Ok(MaintenanceSet::Set { value: "Anytime".to_owned() }));

    let server = Server::http(post_or_get(json(502, ""), json(404, ""))).await;
    let error = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    assert!(matches!(error, MaintenanceError::Unknown { .. }), "{error:?}");

    let busy = Reply::Answer(429, "retry-after: 2\r\n", String::new());
    let server = Server::http(move |_| busy.clone()).await;
    let error = server.turbot().set_maintenance_window(URN, MaintenanceLevel::Full).await.unwrap_err();
    assert!(matches!(error, MaintenanceError::NotTaken { retry_after: Some(_), .. }), "{error:?}");
}
