//! A report document of many accounts, some of which came to grief.

use serde_json::{Value, json};

/// A title that is markup, script, template and formula at once.
pub const HOSTILE: &str =
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">=1+1 \u{202e}gpj";

/// The `n`th account's AWS id.
pub fn account_id(n: usize) -> String {
    format!("{:012}", 310_000_000_000_u64 + n as u64 * 7)
}

/// A fleet of `n` accounts, onboarded 256 at a time in five minutes each. Every 20th failed for one of three causes,
/// every 50th was there already; what is the 7th has a hostile title and a leftover.
pub fn report(n: usize) -> Value {
    let accounts: Vec<Value> = (0..n).map(account).collect();
    let mut outcomes = serde_json::Map::new();
    for account in &accounts {
        let count = outcomes.entry(account["outcome"].as_str().unwrap()).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap() + 1);
    }
    json!({
        "schema": "turbot-onboard/report/1",
        "run": "5b0c4f0e-8f0e-4a7e-9d55-2f5d7d0a4c11",
        "verb": "apply",
        "tool_version": "0.1.0",
        "started_at": "2026-03-01T08:00:00Z",
        "accounts": accounts,
        "summary": {"outcome": "mixed", "exit_code": 7, "accounts": n, "outcomes": outcomes},
    })
}

fn account(n: usize) -> Value {
    let (id, jitter) = (account_id(n), (n as u64 * 7919) % 97);
    let begun = (n as u64 / 256) * 312_000 + (n as u64 % 256) * 40;
    let failed = n % 20 == 19;
    let there = !failed && n % 50 == 25;
    let mut at = 180 + jitter;
    let mut steps = vec![];
    let mut step = |name: &str, target: &str, result: &str, millis: u64| {
        steps.push(json!({"step": name, "target": target, "result": result, "offset_millis": at, "millis": millis}));
        at += millis + 20;
    };
    let role = "role turbot-onboard";
    let cause = if failed { (n / 20) % 3 } else { 9 };
    if !there && cause != 0 {
        step("claim", "policy /turbot-onboard/turbot-onboard-1", "done", 900 + jitter * 9);
        step("create-role", role, if cause == 9 { "done" } else { "undone" }, 300 + jitter * 2);
        step("attach-policy", role, if cause == 9 { "done" } else { "undone" }, 240 + jitter);
        step("read-back", role, "done", 5000 + jitter * 60);
        let (result, millis) =
            if cause == 9 { ("done", 280_000 + jitter * 250) } else { ("failed", 2000 + jitter * 30) };
        step("import", &format!("urn:turbot:mhe:t{n:05}"), result, millis);
    }
    if !there && cause == 9 {
        step("await-visible", &format!("urn:turbot:mhe:t{n:05}"), "done", 1200 + jitter * 20);
        step("await-deletion", role, "done", 3000 + jitter * 12);
        step("release", "policy /turbot-onboard/turbot-onboard-1", "done", 250);
    }
    let error = |kind: &str, message: String, cause: &str, hint: &str| json!({"kind": kind, "message": message, "causes": [cause], "hint": hint});
    let (outcome, error) = match cause {
        0 => (
            "failed",
            error(
                "denied",
                format!("a service control policy denies iam:CreatePolicy in {id}"),
                "arn:aws:organizations::210987654321:policy/o-ab12/service_control_policy/p-7xk2",
                "allow it for the role that onboards, or move the account to another unit, then run the same command again",
            ),
        ),
        1 => (
            "refused",
            error(
                "turbot-refused",
                "Turbot refused the import: 400 no account may be added beyond the licence".into(),
                "licence exceeded",
                "raise the licence, then run the same command again",
            ),
        ),
        2 => (
            "pending",
            error(
                "unknown-outcome",
                format!("the import of t{n:05} was sent, and its answer is not known"),
                "connection reset after the request was sent",
                "run the same command again: it waits for the import to settle and goes on from there",
            ),
        ),
        _ => (if there { "already-imported" } else { "imported" }, Value::Null),
    };
    let left = if n == 7 {
        json!([{"kind": "role", "id": format!("arn:aws:iam::{id}:role/turbot-onboard"), "why": "Turbot was asked to delete it and did not",
            "remove_with": format!("turbot-onboard cleanup --account-id {id} --turbot-id t{n:05}")}])
    } else {
        json!([])
    };
    let units = ["Payments", "Data platform", "Retail web", "Logistics", "Machine learning", "Sandbox"];
    let stages = ["production", "staging", "development"];
    json!({
        "account_id": id,
        "turbot_id": format!("t{n:05}"),
        "title": if n == 7 { HOSTILE.to_owned() } else { format!("{} {} {}", units[n % 6], stages[n / 6 % 3], n / 18 + 1) },
        "outcome": outcome,
        "with": "role",
        "role_arn": format!("arn:aws:iam::{id}:role/turbot-onboard"),
        "user_arn": null,
        "access_key_id": null,
        "external_id": format!("0af8a16f-d9bc-4f69-85a0-4139{n:08}"),
        "import": {"requests": u8::from(!there && cause != 0),
            "state": match cause { 0 => "none", 1 => "refused", 2 => "unknown", _ if there => "none", _ => "accepted" }},
        "steps": steps,
        "maintenance": null,
        "differences": [],
        "warnings": [],
        "error": error,
        "undo_error": null,
        "leftovers": left,
        "offset_millis": begun,
        "millis": at + 150,
    })
}
