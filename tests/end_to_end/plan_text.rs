//! The plan as a security reviewer reads it: who gets what, in which account, under which external ID, and what Turbot is
//! asked to delete.

use crate::harness::World;
use crate::scene::{imported_and_kept, kept_and_gone_from_turbot, trust};

/// The plan's text without what differs from run to run: the ports.
fn text(world: &World, more: &[&str]) -> String {
    let base = ["plan", "--account-id", &world.account, "--turbot-id", "aab", "--external-id", "abc-123:xyz"];
    let arguments = if more.contains(&"keys") { [&base[..5], more].concat() } else { [&base[..], more].concat() };
    let run = world.run(&arguments).exits(0);
    assert_eq!(run.stderr, "", "the plan is the result, and nothing else is said");
    run.stdout.replace(&world.sandbox.aws_url(), "http://AWS").replace(&world.sandbox.turbot_url(), "http://TURBOT")
}

#[track_caller]
fn reads(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn of_a_bare_account() {
    let world = World::new();
    world.sandbox.cloud().set_alias(&world.account, Some("data-prod"));
    reads("plan-role", &text(&world, &["--title", "Data", "--tag", "team=data", "--maintenance", "full"]));
    reads("plan-keys", &text(&world, &["--with", "keys", "--check-mode", "false"]));
}

#[test]
fn of_an_imported_account() {
    let world = World::new();
    imported_and_kept(&world, "role", &["--external-id", "abc-123:xyz"]);
    reads("plan-nothing", &text(&world, &["--delete-credential", "false"]));
}

#[test]
fn of_a_role_that_drifted() {
    let world = World::new();
    kept_and_gone_from_turbot(&world, "role");
    world.sandbox.cloud().set_trust(&world.account, crate::harness::NAME, &trust("210987654321", None)).unwrap();
    reads("plan-drift", &text(&world, &["--max-session-duration", "7200"]));
}

#[test]
fn text_of_others_is_shown_as_data() {
    let world = World::new();
    world.sandbox.cloud().set_alias(&world.account, Some("x\u{1b}[2Jy\u{202e}z\u{200b}"));
    let shown = text(&world, &["--title", "a\u{200b}b"]);
    let wild = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{200b}');
    assert!(!shown.contains(wild), "{shown:?}");
}
