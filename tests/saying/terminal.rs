//! Control characters and terminal escapes, from every source there is, never reach the terminal raw.

use onboard_sandbox::{Fault, What};

use crate::harness::{Finished, NAME, World};

/// An escape sequence, a C1 one, one that reorders, one that hides, a bell, a line that pretends to be ours.
const EVIL: &str = "\u{1b}[31mred\u{9b}2J\u{202e}abc\u{200b}\u{7}\u{2066}\r\u{8}x";
/// The same where the carrier takes no C0: XML 1.0 does not.
const EVIL_IN_XML: &str = "red\u{9b}2J\u{202e}abc\u{200b}\u{2066}\u{85}x";

fn is_evil(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'))
}

#[track_caller]
fn harmless(source: &str, run: &Finished) {
    for (stream, text) in [("standard output", &run.stdout), ("standard error", &run.stderr)] {
        if let Some(at) = text.find(is_evil) {
            let from = text[..at].rfind('\n').map_or(0, |n| n + 1);
            let line = text[from..].lines().next().unwrap_or_default();
            panic!("{source}: a raw control character on {stream}: {line:?}");
        }
    }
}

/// Runs verbs as text and as JSON, at every verbosity.
#[track_caller]
fn all_harmless(source: &str, world: &World, verbs: &[&str], more: &[&str]) -> String {
    let mut said = String::new();
    for verb in verbs {
        for form in [&["--output", "text"][..], &["-vvv", "--output", "json"]] {
            let mut arguments: Vec<&str> = verb.split(' ').collect();
            arguments.extend(["--account-id", &world.account, "--turbot-id", &world.turbot_id]);
            if matches!(*verb, "apply" | "cleanup" | "maintenance set") {
                arguments.push("--yes");
            }
            arguments.extend(form);
            arguments.extend(more);
            let run = world.run(&arguments);
            harmless(&format!("{source}, {verb} {form:?}"), &run);
            said += &run.stdout;
            said += &run.stderr;
        }
    }
    said
}

fn status(world: &World, call: &str, code: u16, body: String) {
    world.sandbox.add_fault(Fault::new(call, What::Status { code, body }).times(0));
}

fn xml_error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>r{EVIL_IN_XML}</RequestId></ErrorResponse>"
    )
}

#[test]
fn the_accounts_alias() {
    let world = World::new();
    world.sandbox.cloud().set_alias(&world.account, Some(EVIL_IN_XML));
    let said = all_harmless("alias", &world, &["plan", "doctor", "apply", "verify"], &[]);
    assert!(said.contains("abc"), "the alias is shown: {said}");
}

#[test]
fn titles() {
    let world = World::new();
    world.sandbox.turbot().add_account(&world.turbot_id, &world.account, EVIL);
    let said = all_harmless("a title in Turbot", &world, &["plan", "apply", "verify", "maintenance show"], &[]);
    assert!(said.contains("[31mred"), "the title is shown: {said}");
    let world = World::new();
    all_harmless("--title", &world, &["plan", "apply"], &["--title", EVIL]);
    all_harmless("--turbot-id", &world, &["plan"], &["--role-name", EVIL]);
    all_harmless("an unknown option", &world, &["plan"], &[&format!("--{EVIL}")]);
}

#[test]
fn turbots_messages() {
    let message = serde_json::json!({"code": EVIL, "message": EVIL}).to_string();
    let raw = format!("{EVIL} and more");
    for body in [message, raw, format!("<html><title>{EVIL}</title></html>")] {
        for (call, code) in [
            ("turbot:GET /cluster", 403),
            ("turbot:GET /cluster", 500),
            ("turbot:GET /accounts", 400),
            ("turbot:GET /accounts/{id}", 500),
            ("turbot:GET /health", 503),
            ("turbot:POST /accounts", 400),
            ("turbot:POST /accounts", 409),
        ] {
            let mut world = World::new();
            world.set("visibility", "100ms");
            world.set("settle", "500ms");
            world.set("timeout", "300ms");
            status(&world, call, code, body.clone());
            let said = all_harmless(&format!("{call} {code}"), &world, &["apply"], &[]);
            let shown = call.contains("health") || call.contains("POST") || said.contains("[31mred");
            assert!(shown, "{call} {code}: the message is shown: {said}");
        }
    }
}

#[test]
fn turbots_values() {
    let world = World::new();
    status(&world, "turbot:GET /cluster", 200, serde_json::json!({"id": "mhe", "urn": EVIL}).to_string());
    all_harmless("the cluster's urn", &world, &["plan", "apply", "doctor"], &[]);
    let world = World::new();
    let account = serde_json::json!({"id": world.turbot_id, "urn": EVIL, "title": EVIL, "awsAccountId": EVIL});
    status(&world, "turbot:GET /accounts/{id}", 200, account.to_string());
    status(&world, "turbot:GET /accounts", 200, serde_json::json!({"items": [account]}).to_string());
    all_harmless("an account's values", &world, &["plan", "apply", "verify"], &[]);
    let world = World::new();
    world.verb("apply", &[]).exits(0);
    status(&world, "turbot:GET /policies", 200, serde_json::json!({"value": EVIL}).to_string());
    all_harmless("a window", &world, &["maintenance show", "plan"], &[]);
    let world = World::new();
    let listed = serde_json::json!({"items": [{"id": EVIL, "awsAccountId": world.account, "title": EVIL}]});
    status(&world, "turbot:GET /accounts", 200, listed.to_string());
    all_harmless("another id", &world, &["plan", "apply"], &[]);
}

#[test]
fn awss_messages() {
    for (call, code, error) in [
        ("sts:GetCallerIdentity", 403, "AccessDenied"),
        ("iam:GetRole", 403, "AccessDenied"),
        ("iam:ListPolicies", 400, EVIL_IN_XML),
        ("iam:CreateRole", 409, "LimitExceeded"),
        ("iam:AttachRolePolicy", 400, "InvalidInput"),
        ("iam:DeletePolicy", 403, "AccessDenied"),
        ("organizations:DescribeOrganization", 400, "AccessDeniedException"),
    ] {
        let world = World::new();
        let body = if call.starts_with("org") {
            serde_json::json!({"__type": error, "Message": EVIL}).to_string()
        } else {
            xml_error(error, &format!("with an explicit deny in a session policy: arn:aws:{EVIL_IN_XML}"))
        };
        status(&world, call, code, body);
        all_harmless(&format!("{call} {error}"), &world, &["plan", "apply"], &[]);
    }
    // C0 has no place in XML; a proxy's page may hold it all the same.
    let world = World::new();
    status(&world, "iam:CreateRole", 400, xml_error("Odd", EVIL));
    all_harmless("a message with C0", &world, &["apply"], &[]);
    let world = World::new();
    status(&world, "iam:CreateRole", 502, EVIL.to_owned());
    all_harmless("a proxy's page", &world, &["apply"], &[]);
}

#[test]
fn what_stands_in_the_account() {
    let world = World::new();
    let (cloud, trust) = (
        world.sandbox.cloud(),
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalTag/EVIL":"EVIL"}}}]}"#,
    );
    cloud.create_role_unchecked(&world.account, NAME, "/", &trust.replace("EVIL", EVIL_IN_XML), &[]).unwrap();
    cloud.edit_role(&world.account, NAME, |role| {
        role.description = Some(EVIL_IN_XML.to_owned());
        role.tags = vec![(EVIL_IN_XML.to_owned(), EVIL_IN_XML.to_owned())];
    });
    all_harmless("a role's parts", &world, &["plan", "plan --adopt", "verify", "cleanup"], &[]);
    let world = World::new();
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    for (run, turbot_id) in [(EVIL_IN_XML, "aab"), ("somebody", EVIL_IN_XML)] {
        let tags = [
            ("turbot-onboard:run", run),
            ("turbot-onboard:claimed-at", EVIL_IN_XML),
            ("turbot-onboard:turbot-id", turbot_id),
            ("turbot-onboard:cluster", "urn:turbot:mhe"),
            ("turbot-onboard:with", "role"),
            ("turbot-onboard:name", EVIL_IN_XML),
        ];
        world.sandbox.cloud().create_policy_unchecked(
            &world.account,
            "turbot-onboard-1",
            "/turbot-onboard/",
            deny,
            &tags,
        );
        all_harmless("a journal's tags", &world, &["plan", "cleanup"], &[]);
    }
}

#[test]
fn files() {
    let world = World::new();
    std::fs::write(world.path("turbot-onboard.toml"), format!("title = \"{EVIL_IN_XML}\"\n{EVIL_IN_XML} = 1\n"))
        .unwrap();
    all_harmless("a configuration file", &world, &["plan"], &[]);
    std::fs::remove_file(world.path("turbot-onboard.toml")).unwrap();
    let name = format!("{EVIL_IN_XML}.json");
    for (option, verb) in [("--config", "plan"), ("--plan", "apply"), ("--profile", "plan"), ("--policy-arn", "plan")] {
        all_harmless(option, &world, &[verb], &[option, &name]);
    }
    std::fs::write(world.path(&name), format!("{{\"schema\":\"{EVIL_IN_XML}\"}}")).unwrap();
    all_harmless("a damaged plan", &world, &["apply"], &["--plan", &name]);
    let run = world.run(&["import", "--handoff", &name, "--yes"]);
    harmless("a damaged hand-off", &run);
}
