//! A caller who may do what a policy says and nothing else, and what comes of a verb in its hands.

use std::collections::BTreeSet;

use onboard_sandbox::Options;
use serde_json::{Value, json};

use crate::harness::World;
use crate::scenes::Scene;

/// The user whose policy is tried.
const OPERATOR: &str = "operator";

/// What came of a run.
#[derive(Debug)]
pub struct Verdict {
    pub code: i32,
    /// What a person or a pipeline sees of it, without what differs in every run.
    pub shown: Value,
    /// The actions that were asked of AWS.
    pub used: BTreeSet<String>,
    /// Those that were denied.
    pub denied: Vec<String>,
}

/// The policy that the command gives for the caller of a verb.
pub fn policy_of(verb: &str, options: &[&str]) -> Value {
    let world = World::new();
    let known = |option: &&str| !["--handoff", "handoff.json"].contains(option);
    let mut options: Vec<&str> = options.iter().copied().filter(known).collect();
    if verb == "bootstrap" {
        // Its scenes attach these, one or two at a time.
        options.extend(crate::scenes::ATTACHED);
    }
    let arguments = ["template", "policy", "--for", verb, "--account-id", "111122223333", "--turbot-id", "aab"];
    let printed = world.run(&[&arguments[..], &options].concat()).exits(0).stdout;
    let policy: Value = serde_json::from_str(&printed).unwrap();
    // The same policy is printed in the document of all of them.
    let whole = world.run(&[&["template", "policy"][..], &arguments[4..], &options].concat()).exits(0).json();
    assert_eq!(whole["callers"][verb], policy);
    policy
}

/// Every action that a policy allows.
pub fn actions_of(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions =
        statements.flat_map(|s| s["Action"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()));
    actions.collect()
}

/// The policy without one action.
pub fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().unwrap();
    for statement in statements.iter_mut() {
        statement["Action"].as_array_mut().unwrap().retain(|a| a != action);
    }
    statements.retain(|s| !s["Action"].as_array().unwrap().is_empty());
    policy
}

/// Sets a scene in a world of its own, and runs the verb there as a caller with this policy.
pub fn run(verb: &str, options: &[&str], scene: &Scene, policy: &Value) -> Verdict {
    let mut world = World::new();
    world.set("lease", "1s");
    (scene.set)(&mut world);
    let cloud = world.sandbox.cloud();
    cloud.set_alias(&world.account, Some("shown-by-its-alias"));
    cloud.create_user_unchecked(&world.account, OPERATOR, "/", &[]);
    // Policies name the account they were made for.
    let document = policy.to_string().replace("111122223333", &world.account);
    cloud.put_user_policy(&world.account, OPERATOR, "least", &document);
    let credentials = cloud.add_key(&world.account, OPERATOR);
    world.act_as(&credentials);
    world.secrets.lock().unwrap().allow_file(&world.path("handoff.json"));
    let place = world.sandbox.log().len();
    let mut run = world.verb(verb, &[options, scene.options].concat());
    if verb == "plan" {
        // A person's plan shows what the document does not.
        let arguments = ["plan", "--account-id", &world.account, "--turbot-id", &world.turbot_id];
        run.stderr.push_str(&world.run(&[&arguments[..], options, scene.options].concat()).stdout);
    }
    let calls = world.calls_since(place);
    let mine = calls.iter().filter(|c| c.call.access_key_id.as_deref() == Some(&credentials.access_key_id));
    let (mut used, mut denied) = (BTreeSet::new(), Vec::new());
    // Every look asks for the alias; where nobody is shown it, nothing is missing without it.
    let shows_no_alias = matches!(verb, "verify" | "doctor");
    for record in mine {
        let name = &record.call.name;
        if shows_no_alias && name == "iam:ListAccountAliases" {
            continue;
        }
        used.insert(name.clone());
        // Tags given at the creation need the permission to tag.
        if let Some(kind) = ["Role", "User", "Policy"].into_iter().find(|kind| *name == format!("iam:Create{kind}")) {
            used.insert(format!("iam:Tag{kind}"));
        }
        if record.fault.is_none() && record.error.as_deref().is_some_and(|error| error.contains("AccessDenied")) {
            denied.push(name.clone());
        }
    }
    Verdict { code: run.code, shown: shown(&run), used, denied }
}

/// Lists an organization as a caller of its management account with this policy: the run, and what it asked AWS.
pub fn discover(policy: &Value) -> (crate::harness::Finished, BTreeSet<String>) {
    let mut world = World::with(Options { organization_extras: true, accounts: 3, ..Options::default() });
    let cloud = world.sandbox.cloud();
    let management = cloud.management_account();
    cloud.create_user_unchecked(management, OPERATOR, "/", &[]);
    cloud.put_user_policy(management, OPERATOR, "least", &policy.to_string());
    let credentials = cloud.add_key(management, OPERATOR);
    world.act_as(&credentials);
    let run = world.run(&["discover", "--tags", "--output", "json"]);
    let calls = world.calls_since(0);
    let mine = calls.iter().filter(|c| c.call.access_key_id.as_deref() == Some(&credentials.access_key_id));
    // Who is calling is told to everybody.
    (run, mine.map(|c| c.call.name.clone()).filter(|name| name != "sts:GetCallerIdentity").collect())
}

/// The role by which an account is entered.
pub const ENTERED: &str = "Entered";

/// The policy that the command gives whoever enters an account by a role.
pub fn entering(options: &[&str]) -> Value {
    let arguments = ["template", "policy", "--for", "enter", "--account-id", "111122223333", "--turbot-id", "aab"];
    serde_json::from_str(&World::new().run(&[&arguments[..], options].concat()).exits(0).stdout).unwrap()
}

/// Runs a verb as a caller of the management account with one policy, that enters the account by a role with another.
pub fn enter(verb: &str, enter: &Value, entered: &Value) -> crate::harness::Finished {
    let mut world = World::new();
    let cloud = world.sandbox.cloud();
    let (management, account) = (cloud.management_account(), world.account.clone());
    let here = |policy: &Value| policy.to_string().replace("111122223333", &account);
    cloud.create_user_unchecked(management, OPERATOR, "/", &[]);
    cloud.put_user_policy(management, OPERATOR, "least", &here(enter));
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{management}:root")}}]});
    cloud.create_role_unchecked(&account, ENTERED, "/", &trust.to_string(), &[]).unwrap();
    cloud.put_role_policy(&account, ENTERED, "least", &here(entered));
    let credentials = cloud.add_key(management, OPERATOR);
    world.act_as(&credentials);
    world.verb(verb, &["--with", "role", "--assume-role", ENTERED])
}

/// What is seen of a run, without ids, times and paths of it.
fn shown(run: &crate::harness::Finished) -> Value {
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or(Value::Null);
    let alias = run.stderr.contains("shown-by-its-alias") || run.stdout.contains("shown-by-its-alias");
    let account = &document["accounts"][0];
    json!({
        "code": run.code,
        "alias": alias,
        "outcome": account["outcome"],
        "error": account["error"]["kind"],
        "undo_error": account["undo_error"]["kind"],
        "warnings": account["warnings"],
        "leftovers": account["leftovers"].as_array().map(Vec::len),
        "differences": account["differences"],
        "checks": document["checks"].as_array().map(|checks| {
            // What the caller may do is not known either way; why not is in the words.
            let words = |c: &Value| (c["check"] == "aws.rights").then(|| c["message"].clone());
            checks.iter().map(|c| json!([c["check"], c["result"], words(c)])).collect::<Vec<_>>()
        }),
    })
}
