//! What each answer of Turbot to the import means: the outcome, the exit code, what the report says of the import, and
//! what stands in AWS and in Turbot afterwards.

use std::time::Duration;

use onboard_sandbox::{Fault, ImportBody, KeyKind, Moment, What};
use serde_json::{Value, json};

use crate::harness::{NAME, World};
use crate::scene::{BOTH, Untouched, ended};

const IMPORT: &str = "turbot:POST /accounts";

fn status(code: u16, message: &str) -> What {
    What::Status { code, body: json!({"code": "Some", "message": message}).to_string() }
}

#[track_caller]
fn import(account: &Value, requests: u32, state: &str) {
    assert_eq!(account["import"], json!({"requests": requests, "state": state}), "{account:#}");
}

/// What the report says is left, by kind.
fn left(account: &Value) -> Vec<&str> {
    account["leftovers"].as_array().unwrap().iter().map(|l| l["kind"].as_str().unwrap()).collect()
}

#[test]
fn any_2xx_with_any_body_is_acceptance() {
    for code in [200, 201, 202, 204] {
        for body in [ImportBody::Json, ImportBody::Empty, ImportBody::Html, ImportBody::NotJson] {
            if code == 204 && body != ImportBody::Empty {
                continue;
            }
            let world = World::new();
            world.sandbox.turbot().change(|turbot| {
                turbot.status = Some(code);
                turbot.body = body;
            });
            let account = ended(world.verb("apply", &[]), 0, "imported", "");
            import(&account, 1, "accepted");
            assert_eq!(world.left(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_definite_no_takes_everything_back() {
    for code in [302, 307, 400, 401, 403, 404, 405, 413, 415, 422] {
        for with in BOTH {
            if with == "keys" && code != 422 {
                continue;
            }
            let world = World::new();
            let untouched = Untouched::from_here(&world);
            world.sandbox.add_fault(Fault::new(IMPORT, status(code, "no, and here is why")));
            let account = ended(world.verb("apply", &["--with", with]), 5, "refused", "turbot-refused");
            import(&account, 1, "refused");
            assert!(account["error"].to_string().contains(&code.to_string()), "{account:#}");
            assert_eq!(left(&account), Vec::<&str>::new());
            assert!(account["steps"].as_array().unwrap().iter().any(|s| s["result"] == "undone"), "{account:#}");
            untouched.restored();
            assert_eq!(world.effective_imports(), 0);
        }
    }
}

#[test]
fn what_is_taken_back_goes_in_the_reverse_order() {
    for (with, order) in [
        ("role", &["iam:DetachRolePolicy", "iam:DeleteRole", "iam:DeletePolicy"][..]),
        (
            "keys",
            &[
                "iam:UpdateAccessKey",
                "iam:DeleteAccessKey",
                "iam:DetachUserPolicy",
                "iam:DeleteUser",
                "iam:DeletePolicy",
            ],
        ),
    ] {
        let world = World::new();
        world.sandbox.add_fault(Fault::new(IMPORT, status(422, "no")));
        ended(world.verb("apply", &["--with", with]), 5, "refused", "turbot-refused");
        let calls = world.calls_since(0);
        let import = calls.iter().position(|c| c.call.name == IMPORT).unwrap();
        let changes = ["iam:Delete", "iam:Detach", "iam:UpdateAccessKey"];
        let undone: Vec<&str> = calls[import..].iter().map(|c| c.call.name.as_str()).collect();
        let undone: Vec<&str> = undone.into_iter().filter(|n| changes.iter().any(|c| n.starts_with(c))).collect();
        assert_eq!(undone, order, "{with}");
    }
}

/// Turbot says no for a reason of its own, and the answer is lost: nothing is taken back before the settle time, and the
/// same command again goes on with the same role.
#[test]
fn a_refusal_that_is_lost_is_not_known() {
    for with in BOTH {
        let mut world = World::new();
        // Turbot really refuses: this key may not import.
        world.use_turbot_key(KeyKind::Metadata);
        world.sandbox.add_fault(Fault::new(IMPORT, What::Reset).after());
        let account = ended(world.verb("apply", &["--with", with]), 6, "pending", "unknown-outcome");
        import(&account, 1, "unknown");
        assert!(!left(&account).is_empty() && world.effective_imports() == 0, "{account:#}");
        world.use_turbot_key(KeyKind::Admin);
        ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1), "{with}");
    }
}

/// Whoever removes the account from Turbot wants it there no more; who runs the command again wants it anew.
#[test]
fn visible_and_gone_again_is_imported_anew() {
    let world = World::new();
    ended(world.verb("apply", &[]), 0, "imported", "");
    world.sandbox.turbot().remove_account(&world.turbot_id);
    ended(world.verb("verify", &[]), 8, "differs", "");
    ended(world.verb("apply", &[]), 0, "imported", "");
    assert_eq!((world.left(), world.effective_imports()), (vec![], 2));
}

#[test]
fn a_no_with_on_failure_keep_leaves_what_was_made() {
    let world = World::new();
    world.sandbox.add_fault(Fault::new(IMPORT, status(422, "no")));
    let account =
        ended(world.verb("apply", &["--with", "keys", "--on-failure", "keep"]), 5, "refused", "turbot-refused");
    assert_eq!(left(&account), ["user", "access-key", "journal"]);
    // A key whose secret went with the run is of no use to the next one: it is made anew.
    ended(world.verb("apply", &["--with", "keys"]), 0, "imported", "");
    assert_eq!(world.left(), Vec::<String>::new());

    let world = World::new();
    world.sandbox.add_fault(Fault::new(IMPORT, status(422, "no")));
    let account = ended(world.verb("apply", &["--on-failure", "keep"]), 5, "refused", "turbot-refused");
    assert_eq!(left(&account), ["role", "journal"]);
    assert_eq!(world.left().len(), 2);
    // The next run goes on from there, and the one after it has nothing to do.
    let id = account["external_id"].clone();
    let account = ended(world.verb("apply", &[]), 0, "imported", "");
    assert_eq!((&account["external_id"], world.left()), (&id, vec![]));
}

#[test]
fn a_lost_answer_of_an_import_that_took_place_is_found_by_a_look() {
    for what in [
        status(408, "x"),
        status(425, "x"),
        What::InternalError,
        status(502, "x"),
        What::Unavailable,
        status(504, "x"),
        What::Html,
        What::Reset,
        What::Timeout,
        What::Truncated,
    ] {
        let world = World::new();
        world.sandbox.add_fault(Fault::new(IMPORT, what.clone()).after());
        let account = ended(world.verb("apply", &["--timeout", "2s"]), 0, "imported", "");
        assert_eq!(account["import"]["requests"], 1, "{what:?}");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1), "{what:?}");
    }
}

#[test]
fn without_a_definite_answer_nothing_is_taken_back_and_nothing_sent_again_before_it_settles() {
    for (with, what) in [
        ("role", What::Unavailable),
        ("role", What::Reset),
        ("keys", What::Reset),
        ("role", What::Timeout),
        ("role", status(408, "x")),
    ] {
        let mut world = World::new();
        // Settled only when the three looks below are over, on a busy machine too.
        for (option, value) in [("timeout", "1500ms"), ("settle", "8s"), ("visibility", "500ms")] {
            world.set(option, value);
        }
        world.sandbox.add_fault(Fault::new(IMPORT, what.clone()));
        let account = ended(world.verb("apply", &["--with", with]), 6, "pending", "unknown-outcome");
        import(&account, 1, "unknown");
        let expected: &[&str] = if with == "role" { &["role", "journal"] } else { &["user", "access-key", "journal"] };
        assert_eq!(left(&account), expected);
        // Verbs that only look say that it is under way; cleanup does not pull it away either.
        let untouched = Untouched::from_here(&world);
        for verb in ["plan", "verify", "cleanup"] {
            ended(world.verb(verb, &["--with", with]), 6, "pending", "in-flight");
        }
        untouched.never_touched();
        // The same command waits until the first import counts as settled, proves absence, and sends it once more.
        let sent = last_import(&world);
        let account = ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        import(&account, 1, "accepted");
        assert!(last_import(&world) >= sent + 8_000, "the second import came too early");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

/// When the last import reached Turbot, in milliseconds of the sandbox.
fn last_import(world: &World) -> u64 {
    world.sandbox.log().iter().filter(|c| c.call.name == IMPORT).map(|c| c.started).max().unwrap()
}

#[test]
fn an_import_that_shows_before_it_settles_is_not_sent_again() {
    let mut world = World::new();
    world.set("visibility", "500ms");
    world.sandbox.add_fault(Fault::new(IMPORT, What::Reset).after());
    world.sandbox.turbot().change(|turbot| turbot.visible_after = Duration::from_secs(4));
    let account = ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    import(&account, 1, "unknown");
    let account = ended(world.verb("apply", &[]), 0, "already-imported", "");
    import(&account, 0, "none");
    assert_eq!((world.left(), world.sandbox.turbot().imports().len()), (vec![], 1));
}

#[test]
fn slower_than_the_time_out_and_then_it_shows() {
    for with in BOTH {
        let world = World::new();
        world.sandbox.turbot().change(|turbot| turbot.import_time = Duration::from_secs(3));
        let more = ["--with", with, "--timeout", "1s", "--visibility", "20s"];
        let account = ended(world.verb("apply", &more), 0, "imported", "");
        assert_eq!(account["import"]["requests"], 1);
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn busy_is_asked_again_when_it_says() {
    let world = World::new();
    world.sandbox.add_fault(Fault::new(IMPORT, What::Throttle { retry_after: Some(1) }).times(2));
    let account = ended(world.verb("apply", &["--timeout", "20s"]), 0, "imported", "");
    import(&account, 3, "accepted");
    let times: Vec<u64> = world.sandbox.log().iter().filter(|c| c.call.name == IMPORT).map(|c| c.started).collect();
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + 1_000), "Retry-After was not kept: {times:?}");
    assert_eq!(world.left(), Vec::<String>::new());
}

#[test]
fn busy_for_longer_than_there_is_time_is_a_refusal() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    world.sandbox.add_fault(Fault::new(IMPORT, What::Throttle { retry_after: Some(3600) }).times(0));
    let account = ended(world.verb("apply", &[]), 5, "refused", "turbot-refused");
    import(&account, 1, "refused");
    untouched.restored();
}

#[test]
fn exists_already_means_look() {
    // The same account shows: somebody else was faster. What this run made is not Turbot's and goes.
    let world = World::new();
    let (turbot, account) = (world.sandbox.turbot().clone(), world.account.clone());
    world.script().at(IMPORT, Moment::Before, 1, move || turbot.add_account("aab", &account, "aab"));
    let report = ended(world.verb("apply", &[]), 0, "already-imported", "");
    import(&report, 1, "refused");
    assert_eq!((world.left(), world.effective_imports()), (vec![], 0));

    // Another account shows under that id: a conflict, and nothing of ours stays.
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    let turbot = world.sandbox.turbot().clone();
    world.script().at(IMPORT, Moment::Before, 1, move || turbot.add_account("aab", "012345678901", "theirs"));
    let report = ended(world.verb("apply", &[]), 3, "refused", "conflict");
    import(&report, 1, "refused");
    untouched.restored();

    // Nothing shows: it cannot be known whose it is.
    let world = World::new();
    world.sandbox.add_fault(Fault::new(IMPORT, status(409, "it exists")));
    let report = ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    import(&report, 1, "unknown");
    assert_eq!(left(&report), ["role", "journal"]);
}

#[test]
fn cannot_assume_is_asked_again_until_it_can() {
    for (with, message) in [
        ("role", "Unable to assume the role arn:aws:iam::111122223333:role/turbot-onboard"),
        ("keys", "The security token included in the request is invalid (InvalidClientTokenId)"),
    ] {
        let world = World::new();
        world.sandbox.add_fault(Fault::new(IMPORT, status(400, message)).times(2));
        let account = ended(world.verb("apply", &["--with", with, "--propagation", "20s"]), 0, "imported", "");
        import(&account, 3, "accepted");
        let credentials: Vec<_> = world.sandbox.turbot().imports().into_iter().filter_map(|i| i.credential).collect();
        assert!(credentials.windows(2).all(|pair| pair[0] == pair[1]), "the same credential each time");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
    }
}

#[test]
fn cannot_assume_for_ever_is_a_refusal() {
    let world = World::new();
    let untouched = Untouched::from_here(&world);
    world.sandbox.add_fault(Fault::new(IMPORT, status(400, "Unable to assume role")).times(0));
    let account = ended(world.verb("apply", &["--propagation", "1s"]), 5, "refused", "turbot-refused");
    assert_eq!(account["import"]["state"], "refused");
    assert!(account["import"]["requests"].as_u64().unwrap() > 1, "{account:#}");
    assert!(account["error"]["hint"].as_str().unwrap().contains("--master-account-id"), "{account:#}");
    untouched.restored();
}

#[test]
fn accepted_and_never_visible_is_pending() {
    let mut world = World::new();
    world.set("visibility", "700ms");
    world.sandbox.add_fault(Fault::new(IMPORT, status(200, "thank you")));
    let account = ended(world.verb("apply", &[]), 6, "pending", "not-visible");
    import(&account, 1, "accepted");
    // Past the point of no return: nothing is taken back by itself.
    assert_eq!(left(&account), ["role", "journal"]);
    ended(world.verb("apply", &[]), 6, "pending", "not-visible");
    assert_eq!(world.sandbox.counts()[IMPORT], 1);
}

#[test]
fn accepted_and_visible_later_is_found_by_the_next_run() {
    let mut world = World::new();
    world.set("visibility", "700ms");
    world.sandbox.turbot().change(|turbot| turbot.visible_after = Duration::from_secs(3));
    let account = ended(world.verb("apply", &[]), 6, "pending", "not-visible");
    import(&account, 1, "accepted");
    let account = ended(world.verb("apply", &["--visibility", "20s"]), 0, "already-imported", "");
    import(&account, 0, "none");
    assert_eq!((world.left(), world.effective_imports()), (vec![], 1));
}

#[test]
fn another_aws_account_shows_than_the_one_imported() {
    let world = World::new();
    world.sandbox.turbot().change(|turbot| turbot.wrong_aws_account = Some("012345678901".into()));
    let account = ended(world.verb("apply", &[]), 5, "failed", "wrong-aws-account");
    import(&account, 1, "accepted");
    assert!(account["error"]["message"].as_str().unwrap().contains("012345678901"), "{account:#}");
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn visible_and_gone_again_is_seen_by_verify() {
    let world = World::new();
    world.sandbox.turbot().change(|turbot| turbot.vanish_after = Some(Duration::from_secs(2)));
    ended(world.verb("apply", &[]), 0, "imported", "");
    while world.sandbox.turbot().accounts().iter().any(|account| account.visible) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let account = ended(world.verb("verify", &[]), 8, "differs", "");
    assert_eq!(account["differences"][0]["what"], "turbot.account", "{account:#}");
}

#[test]
fn an_account_id_without_its_leading_zeros_is_the_same() {
    let mut world = World::new();
    world.enter("012345678901");
    world.sandbox.turbot().change(|turbot| turbot.account_id_as_number = true);
    ended(world.verb("apply", &[]), 0, "imported", "");
    ended(world.verb("apply", &[]), 0, "already-imported", "");
    ended(world.verb("verify", &[]), 0, "matches", "");
}

#[test]
fn a_key_that_may_not_list_imports_with_a_warning_and_sends_nothing_twice() {
    let mut world = World::new();
    world.use_turbot_key(KeyKind::NoListing);
    let account = ended(world.verb("apply", &[]), 0, "imported", "");
    assert!(account["warnings"].to_string().contains("cannot be proved"), "{account:#}");

    let mut world = World::new();
    world.use_turbot_key(KeyKind::NoListing);
    for (option, value) in [("timeout", "1s"), ("settle", "1500ms"), ("visibility", "300ms")] {
        world.set(option, value);
    }
    world.sandbox.add_fault(Fault::new(IMPORT, What::Reset));
    ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    // However long ago it was sent: without proof of absence it is never sent again, and nothing is deleted.
    let account = ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    import(&account, 0, "none");
    assert_eq!(world.sandbox.counts()[IMPORT], 1);
    assert!(world.sandbox.cloud().role(&world.account, NAME).is_some());
}

#[test]
fn turbot_leaves_the_credential_it_was_asked_to_delete() {
    for with in BOTH {
        let mut world = World::new();
        world.set("visibility", "700ms");
        world.sandbox.turbot().change(|turbot| turbot.delete = onboard_sandbox::Deletion::Never);
        let account = ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        assert_eq!(left(&account)[0], if with == "role" { "role" } else { "user" }, "{account:#}");
        assert!(account["warnings"].to_string().contains("cleanup"), "{account:#}");
        ended(world.verb("cleanup", &[]), 0, "done", "");
        assert_eq!(world.left(), Vec::<String>::new());
    }
}

#[test]
fn a_refusal_after_an_unknown_answer_is_not_final() {
    let mut world = World::new();
    for (option, value) in [("timeout", "1s"), ("settle", "1500ms"), ("visibility", "300ms")] {
        world.set(option, value);
    }
    world.sandbox.add_fault(Fault::new(IMPORT, What::Reset));
    ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    world.sandbox.add_fault(Fault::new(IMPORT, status(422, "no")));
    let account = ended(world.verb("apply", &[]), 6, "pending", "unknown-outcome");
    import(&account, 1, "refused");
    assert!(world.sandbox.cloud().role(&world.account, NAME).is_some(), "the first import may still need it");
}

/// The credential may have been made anew since: that Turbot cannot use it yet is no verdict on the earlier import.
#[test]
fn a_credential_not_usable_yet_after_an_unknown_answer_is_offered_again() {
    for (with, words) in [("role", "Unable to assume the role"), ("keys", "InvalidClientTokenId")] {
        let mut world = World::new();
        for (option, value) in [("timeout", "1s"), ("settle", "1500ms"), ("visibility", "300ms")] {
            world.set(option, value);
        }
        world.sandbox.add_fault(Fault::new(IMPORT, What::Reset));
        ended(world.verb("apply", &["--with", with]), 6, "pending", "unknown-outcome");
        world.sandbox.add_fault(Fault::new(IMPORT, status(400, words)).times(2));
        let account = ended(world.verb("apply", &["--with", with]), 0, "imported", "");
        import(&account, 3, "accepted");
        assert_eq!((world.left(), world.effective_imports()), (vec![], 1), "{with}");
    }
}
