//! What stands before the run that meets a fault: the scenes of the modes.

use onboard_sandbox::{Fault, What};

use crate::harness::{NAME, World};

const OWNERS_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub fn nothing(_: &mut World) {}

fn set_up(world: &World, verb: &str, options: &[&str]) {
    world.verb(verb, options).exits(0);
}

pub fn imported(world: &mut World) {
    set_up(world, "apply", &["--with", "role"]);
}

/// Another window was set before, and which call replaces one is known.
pub fn another_window(world: &mut World) {
    imported(world);
    set_up(world, "maintenance set check", &[]);
    world.sandbox.turbot().change(|turbot| turbot.update_verbs = vec!["PUT".to_owned()]);
    std::fs::write(world.path("turbot-onboard.toml"), "[maintenance_values]\nreplaced_with = \"PUT\"\n").unwrap();
}

fn kept(world: &World, with: &str) {
    set_up(world, "apply", &["--with", with, "--delete-credential", "false"]);
}

/// Finished, the credential kept, and the account is not in Turbot any more.
pub fn gone_role(world: &mut World) {
    kept(world, "role");
    assert!(world.sandbox.turbot().remove_account(&world.turbot_id));
}

pub fn gone_user(world: &mut World) {
    kept(world, "keys");
    assert!(world.sandbox.turbot().remove_account(&world.turbot_id));
}

fn no() -> Fault {
    let no = What::Status { code: 422, body: r#"{"code": "Unprocessable", "message": "no"}"#.into() };
    Fault::new("turbot:POST /accounts", no).times(0)
}

/// Refused by Turbot, and left as it was.
fn unfinished(world: &World, with: &str) {
    world.sandbox.add_fault(no());
    world.verb("apply", &["--with", with, "--on-failure", "keep"]).exits(5);
    world.sandbox.clear_faults();
}

pub fn unfinished_role(world: &mut World) {
    unfinished(world, "role");
}

pub fn unfinished_keys(world: &mut World) {
    unfinished(world, "keys");
}

/// Turbot refuses every import from now on.
pub fn refused(world: &mut World) {
    world.sandbox.add_fault(no());
}

pub fn somebodys_role(world: &mut World) {
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", OWNERS_TRUST, &[]).unwrap();
}

/// Imported and kept; then somebody took the rights off by hand.
pub fn drifted(world: &mut World) {
    kept(world, "role");
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| role.attached.clear());
}

fn handed(world: &World, with: &str) {
    let file = world.path("handoff.json").display().to_string();
    set_up(world, "bootstrap", &["--with", with, "--handoff", &file]);
}

pub fn handed_role(world: &mut World) {
    handed(world, "role");
}

pub fn handed_keys(world: &mut World) {
    handed(world, "keys");
}

/// The caller is of the management account, and enters the account by a role.
pub fn from_the_organization(world: &mut World) {
    let management = world.sandbox.cloud().management_credentials();
    world.act_as(&management);
}
