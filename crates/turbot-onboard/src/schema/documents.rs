//! The documents that are written.

use onboard_core::{ErrorKind, REPORT_SCHEMA};
use onboard_engine::{AUDIT_SCHEMA, DOCTOR_SCHEMA, HANDOFF_SCHEMA, PLAN_SCHEMA};
use serde_json::{Map, Value, json};

use super::shape::{
    about, account_id, constant, count, inner, list, object, one_of, or_null, text, texts_by_name, time, truth, with,
};

const OUTCOMES: &[&str] = &[
    "imported",
    "already-imported",
    "done",
    "unchanged",
    "matches",
    "differs",
    "refused",
    "failed",
    "pending",
    "mixed",
    "interrupted",
    "skipped",
];
const WITH: &[&str] = &["role", "keys"];
const LEVELS: &[&str] = &["no-changes", "check", "full"];

pub(super) fn report() -> Map<String, Value> {
    object([
        ("schema", constant(REPORT_SCHEMA)),
        ("run", about("the run's id, which the audit log and the journal carry as well", text())),
        ("verb", text()),
        ("tool_version", text()),
        ("started_at", time()),
        ("accounts", list(account())),
        (
            "summary",
            inner([
                ("outcome", one_of(OUTCOMES)),
                ("exit_code", count()),
                ("accounts", count()),
                ("outcomes", json!({"type": "object", "additionalProperties": count()})),
            ]),
        ),
    ])
}

fn account() -> Value {
    inner([
        ("account_id", text()),
        ("turbot_id", text()),
        ("title", about("its title in Turbot, as wanted", or_null(text()))),
        ("outcome", one_of(OUTCOMES)),
        ("with", one_of(WITH)),
        ("role_arn", or_null(text())),
        ("user_arn", or_null(text())),
        ("access_key_id", or_null(text())),
        ("external_id", or_null(text())),
        (
            "import",
            inner([
                ("requests", about("how often the import was sent in this run", count())),
                ("state", one_of(&["none", "not-sent", "refused", "unknown", "in-flight", "accepted"])),
            ]),
        ),
        (
            "steps",
            list(inner([
                ("step", text()),
                ("target", text()),
                ("result", one_of(&["done", "unchanged", "failed", "undone", "unknown"])),
                ("offset_millis", about("when it was begun: milliseconds after the account", count())),
                ("millis", count()),
            ])),
        ),
        ("maintenance", about("the maintenance window, where it was read or set", or_null(text()))),
        ("differences", list(inner([("what", text()), ("wanted", text()), ("found", text())]))),
        ("warnings", list(text())),
        ("error", about("why it did not come out as asked", or_null(error()))),
        ("undo_error", about("why what was begun could not be taken back", or_null(error()))),
        (
            "leftovers",
            about(
                "what is left in the account that Turbot does not need; null where it was not looked at",
                or_null(list(inner([
                    ("kind", one_of(&["role", "user", "access-key", "journal"])),
                    ("id", text()),
                    ("why", text()),
                    ("remove_with", about("the command that removes it", text())),
                ]))),
            ),
        ),
        ("offset_millis", about("when it was begun: milliseconds after the run", count())),
        ("millis", about("how long it took in all, waits and looks included", count())),
    ])
}

fn error() -> Value {
    let kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    inner([("kind", one_of(&kinds)), ("message", text()), ("causes", list(text())), ("hint", or_null(text()))])
}

pub(super) fn plan() -> Map<String, Value> {
    let plan = object([
        ("schema", constant(PLAN_SCHEMA)),
        ("tool_version", text()),
        ("made_at", time()),
        ("expires_at", time()),
        (
            "caller",
            or_null(inner([
                ("account", account_id()),
                ("arn", text()),
                ("partition", text()),
                ("endpoint", about("the AWS endpoint, where it is not AWS's own", or_null(text()))),
            ])),
        ),
        ("turbot", or_null(inner([("url", text()), ("cluster_urn", text()), ("master_account_id", account_id())]))),
        (
            "accounts",
            list(inner([
                ("wanted", wanted()),
                ("chosen", inner([("external_id", text())])),
                ("observed", about("what AWS and Turbot showed, in short", json!({"type": "object"}))),
                (
                    "steps",
                    list(inner([
                        ("step", text()),
                        ("effect", one_of(&["create", "update", "delete", "read", "import", "journal"])),
                        ("target", text()),
                        ("before", about("what stands there, where it is known and is replaced or removed", json!({}))),
                        ("after", about("what will stand there", json!({}))),
                    ])),
                ),
            ])),
        ),
        ("seal", json!({"type": "string", "pattern": "^hmac-sha256:[0-9a-f]{64}$"})),
    ]);
    let unplanned = list(inner([
        ("account_id", text()),
        ("turbot_id", text()),
        ("error", or_null(error())),
        ("warnings", about("why it was not looked at, where there is no error", list(text()))),
    ]));
    with(plan, "unplanned", about("the accounts that cannot be planned, and why; only where there are some", unplanned))
}

fn wanted() -> Value {
    inner([
        ("account_id", account_id()),
        ("turbot_id", text()),
        ("cluster_id", text()),
        ("master_account_id", account_id()),
        ("master_partition", or_null(text())),
        ("title", text()),
        ("description", text()),
        ("with", one_of(WITH)),
        ("role_name", text()),
        ("user_name", text()),
        ("role_path", text()),
        ("role_description", text()),
        ("max_session_duration", json!({"type": "integer", "minimum": 3600, "maximum": 43200})),
        ("policies", about("empty stands for AdministratorAccess of the caller's partition", list(text()))),
        ("permissions_boundary", or_null(text())),
        ("external_id", or_null(text())),
        ("tags", texts_by_name()),
        ("check_mode", truth()),
        ("delete_credential", about("null is true for what is made, false for what is adopted", or_null(truth()))),
        ("maintenance", or_null(one_of(LEVELS))),
        ("verify_as", or_null(text())),
        ("adopt", truth()),
        ("allow_management_account", truth()),
        ("allow_root", truth()),
        ("allow_master_account", truth()),
    ])
}

pub(super) fn handoff() -> Map<String, Value> {
    object([
        ("schema", constant(HANDOFF_SCHEMA)),
        ("made_at", time()),
        ("run", text()),
        (
            "accounts",
            list(inner([
                ("account_id", account_id()),
                ("partition", text()),
                ("turbot_id", text()),
                ("title", text()),
                ("description", text()),
                ("cluster_id", text()),
                ("master_account_id", or_null(account_id())),
                ("check_mode", truth()),
                ("delete_credential", truth()),
                ("with", one_of(WITH)),
                ("role_arn", or_null(text())),
                ("role_unique_id", or_null(text())),
                ("external_id", or_null(text())),
                ("user_arn", or_null(text())),
                ("access_key_id", or_null(text())),
                ("secret_access_key", or_null(text())),
                ("requested_at", about("when an import was last about to be sent", or_null(time()))),
            ])),
        ),
    ])
}

pub(super) fn audit() -> Map<String, Value> {
    object([
        ("schema", constant(AUDIT_SCHEMA)),
        ("run", about("the run's id, which the report and the journal carry as well", text())),
        ("verb", text()),
        ("time", about("AWS's time, as far as it is known", time())),
        (
            "phase",
            about(
                "begin: the run begins (the values from account_id on are null). before: a request is about to be sent; \
                 where no record after it follows, the process ended in between. after: what came of it. Every attempt at \
                 an effect has its own two records, those that the AWS SDK repeats by itself and those that keep the \
                 claim alive included; reads have none, nor has the assuming of roles",
                one_of(&["begin", "before", "after"]),
            ),
        ),
        ("account_id", or_null(account_id())),
        ("turbot_id", or_null(text())),
        (
            "step",
            about(
                "the step of the plan or of the undo, as in the report; `journal` for whatever is written to the run's own \
                 record in the account, by any step",
                or_null(text()),
            ),
        ),
        (
            "operation",
            about(
                "iam: and the call's name in AWS's API; turbot:import; turbot:set-maintenance-window; handoff:give",
                or_null(text()),
            ),
        ),
        ("target", about("what it is done to", or_null(text()))),
        ("was", about("before an effect: what is replaced or removed, where that is known", json!({}))),
        ("becomes", about("before an effect: what will stand, or what Turbot is given, without secrets", json!({}))),
        (
            "outcome",
            about(
                "null but after an effect. failed: it did not happen. unknown: it may have",
                or_null(one_of(&["done", "failed", "unknown"])),
            ),
        ),
        ("request_id", about("AWS's, where it gave one", or_null(text()))),
        ("made", about("the unique id of the role, user, policy or access key that was made", or_null(text()))),
        ("error", about("why it failed or is unknown, in AWS's or Turbot's words", or_null(text()))),
    ])
}

pub(super) fn doctor() -> Map<String, Value> {
    object([
        ("schema", constant(DOCTOR_SCHEMA)),
        ("run", text()),
        ("tool_version", text()),
        ("account_id", about("null for a fleet", or_null(account_id()))),
        ("turbot_id", about("null for a fleet", or_null(text()))),
        ("checks", about("none for a fleet, whose accounts have them", checks())),
        ("failed", truth()),
        (
            "accounts",
            about(
                "a fleet's accounts, in the manifest's order; null for one account",
                or_null(list(inner([
                    ("account_id", account_id()),
                    ("turbot_id", text()),
                    ("checks", checks()),
                    ("failed", truth()),
                ]))),
            ),
        ),
    ])
}

fn checks() -> Value {
    list(inner([
        ("check", text()),
        ("result", one_of(&["proved", "likely", "unknown", "failed"])),
        ("message", text()),
        ("hint", or_null(text())),
    ]))
}
