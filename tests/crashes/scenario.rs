//! The scenarios, as data: the scene, the commands, and what must be so at the end.

use std::time::Duration;

use jiff::SignedDuration;
use onboard_sandbox::{Deletion, Fault, What};

use crate::final_state::{self as state, Checked, done_or_unchanged, imported_now_or_before, unchanged};
use crate::handed;
use crate::harness::{Finished, NAME, World};

/// What is run, killed, and run again.
pub struct Scenario {
    pub name: &'static str,
    /// Tried at more points, and killed twice in a row.
    pub main: bool,
    /// When Turbot deletes what it was asked to delete.
    pub deletion: Deletion,
    /// How far AWS's clock is ahead of the machine's.
    pub clock: SignedDuration,
    /// By how much the clock of the machine is wrong on which the later runs are made.
    pub later_clock: SignedDuration,
    /// Sets the scene.
    pub prepare: fn(&World),
    /// What the run that is killed ends with where it is not.
    pub whole: i32,
    /// The run that is killed. `{folder}` stands for the world's folder.
    pub first: &'static [&'static str],
    /// Every run after it.
    pub later: &'static [&'static str],
    /// What the run after the kill must come to.
    pub second: fn(&World, &Finished) -> Checked,
    /// What the last run must come to, beside changing nothing.
    pub third: fn(&World, &Finished) -> Checked,
    /// How the account must be at the end.
    pub state: fn(&World) -> Checked,
}

const BEFORE: Deletion = Deletion::BeforeVisible;
const AFTER: Deletion = Deletion::AfterVisible { after: Duration::from_millis(150) };
const HOUR: SignedDuration = SignedDuration::from_hours(1);

const ROLE: &[&str] = &["apply", "--with", "role"];
const KEYS: &[&str] = &["apply", "--with", "keys"];
const ROLE_KEPT: &[&str] = &["apply", "--with", "role", "--delete-credential", "false"];
const KEYS_KEPT: &[&str] = &["apply", "--with", "keys", "--delete-credential", "false"];
const ROLE_ADOPTED: &[&str] = &["apply", "--with", "role", "--adopt"];
const KEYS_ADOPTED: &[&str] = &["apply", "--with", "keys", "--adopt"];
const ROLE_TITLED: &[&str] =
    &["apply", "--with", "role", "--title", "Another", "--description", "another", "--tag", "team=x"];
const ROLE_RENAMED: &[&str] = &["apply", "--with", "role", "--role-name", "another-name"];
const KEYS_RENAMED: &[&str] = &["apply", "--with", "keys", "--user-name", "another-name"];
const ROLE_OF_ANOTHER_ID: &[&str] = &["apply", "--with", "role", "--external-id", "another-id-of-the-owner"];
const ROLE_IN_FULL: &[&str] = &["apply", "--with", "role", "--maintenance", "full"];
const CLEANUP: &[&str] = &["cleanup"];
const SET: &[&str] = &["maintenance", "set", "full"];
const PLANNED: &[&str] = &["apply", "--plan", "{folder}/plan.json"];
const IMPORT: &[&str] = &["import", "--handoff", "{folder}/handoff.json"];
const BOOTSTRAP: &[&str] = &["bootstrap", "--with", "role", "--handoff", "{folder}/handoff.json"];
const BOOTSTRAP_KEYS: &[&str] = &["bootstrap", "--with", "keys", "--handoff", "{folder}/handoff.json"];

/// A fresh account, imported, everything gone afterwards: what the others vary.
const FRESH: Scenario = Scenario {
    name: "",
    main: false,
    deletion: BEFORE,
    clock: SignedDuration::ZERO,
    later_clock: SignedDuration::ZERO,
    prepare: nothing,
    whole: 0,
    first: ROLE,
    later: ROLE,
    second: imported_now_or_before,
    third: state::already_imported,
    state: state::imported_clean,
};

pub fn all() -> Vec<Scenario> {
    let keys = Scenario { first: KEYS, later: KEYS, ..FRESH };
    let role_kept = Scenario { first: ROLE_KEPT, later: ROLE_KEPT, state: state::role_in_use, ..FRESH };
    let keys_kept = Scenario { first: KEYS_KEPT, later: KEYS_KEPT, state: state::key_in_use, ..FRESH };
    let role_adopted = Scenario { first: ROLE_ADOPTED, later: ROLE_ADOPTED, state: state::role_in_use, ..FRESH };
    let keys_adopted = Scenario { first: KEYS_ADOPTED, later: KEYS_ADOPTED, state: state::key_in_use, ..FRESH };
    let cleanup = Scenario {
        first: CLEANUP,
        later: CLEANUP,
        second: done_or_unchanged,
        third: unchanged,
        state: state::nothing_left,
        ..FRESH
    };
    vec![
        Scenario { name: "role", main: true, ..FRESH },
        Scenario { name: "keys", main: true, ..keys },
        Scenario { name: "role, deleted late", deletion: AFTER, ..FRESH },
        Scenario { name: "keys, deleted late", deletion: AFTER, ..keys },
        Scenario {
            name: "role, never deleted",
            deletion: Deletion::Never,
            third: state::left_by_turbot,
            state: state::role_in_use,
            ..FRESH
        },
        Scenario {
            name: "keys, never deleted",
            deletion: Deletion::Never,
            third: state::left_by_turbot,
            state: state::key_in_use,
            ..keys
        },
        Scenario { name: "role, kept", ..role_kept },
        Scenario { name: "keys, kept", ..keys_kept },
        Scenario { name: "role, adopted", prepare: somebodys_role, ..role_adopted },
        Scenario { name: "keys, adopted", prepare: somebodys_user, ..keys_adopted },
        Scenario { name: "role, drifted before the import", prepare: a_role_that_stood, ..FRESH },
        Scenario { name: "keys, drifted before the import", prepare: a_user_that_stood, ..keys },
        Scenario { name: "role, drifted after the import", prepare: a_drifted_role, ..role_kept },
        Scenario { name: "keys, drifted after the import", prepare: a_drifted_user, ..keys_kept },
        // Killed while it takes back what Turbot refused, too.
        Scenario { name: "role, refused at first", prepare: refused_by_turbot, whole: 5, ..FRESH },
        Scenario { name: "keys, refused at first", prepare: refused_by_turbot, whole: 5, ..keys },
        Scenario { name: "cleanup of a role", prepare: with_role, ..cleanup },
        Scenario { name: "cleanup of a user and its key", prepare: with_keys, ..cleanup },
        Scenario {
            name: "cleanup of an adopted role",
            prepare: with_adopted_role,
            state: state::as_its_owner_had_it,
            ..cleanup
        },
        Scenario {
            name: "cleanup of an adopted user",
            prepare: with_adopted_user,
            state: state::as_its_owner_had_it,
            ..cleanup
        },
        Scenario {
            name: "maintenance",
            prepare: imported,
            first: SET,
            later: SET,
            second: done_or_unchanged,
            third: unchanged,
            state: state::in_full_mode,
            ..FRESH
        },
        Scenario {
            name: "role and maintenance",
            first: ROLE_IN_FULL,
            later: ROLE_IN_FULL,
            state: |world| {
                state::imported_clean(world)?;
                state::in_full_mode(world)
            },
            ..FRESH
        },
        Scenario { name: "role, the clock an hour slow", clock: HOUR, ..FRESH },
        Scenario { name: "keys, the clock an hour fast", clock: SignedDuration::from_hours(-1), ..keys },
        Scenario { name: "role, then on a machine an hour fast", later_clock: HOUR, ..FRESH },
        Scenario { name: "keys, then on a machine an hour slow", later_clock: SignedDuration::from_hours(-1), ..keys },
        Scenario { name: "role, then keys", later: KEYS, ..FRESH },
        Scenario { name: "keys, then role", first: KEYS, ..FRESH },
        Scenario { name: "role, then another name", later: ROLE_RENAMED, ..FRESH },
        Scenario { name: "keys, then another name", later: KEYS_RENAMED, ..keys },
        Scenario { name: "role, then another external ID", later: ROLE_OF_ANOTHER_ID, ..FRESH },
        Scenario { name: "role, then kept", later: ROLE_KEPT, state: state::in_use_or_deleted, ..FRESH },
        Scenario { name: "role, then another title and tag", later: ROLE_TITLED, ..FRESH },
        Scenario {
            name: "role, then with maintenance",
            later: ROLE_IN_FULL,
            state: |world| {
                state::imported_clean(world)?;
                state::in_full_mode(world)
            },
            ..FRESH
        },
        Scenario { name: "a saved plan", prepare: planned, first: PLANNED, later: PLANNED, ..FRESH },
        Scenario {
            name: "hand-off of a role, imported",
            prepare: bootstrapped,
            first: IMPORT,
            later: IMPORT,
            state: |world| handed::closed_by_apply(world, "role", &[]),
            ..FRESH
        },
        Scenario {
            name: "hand-off of keys, imported",
            prepare: bootstrapped_with_keys,
            first: IMPORT,
            later: IMPORT,
            state: |world| handed::closed_by_apply(world, "keys", &[]),
            ..FRESH
        },
        Scenario {
            name: "bootstrap of a role",
            first: BOOTSTRAP,
            later: BOOTSTRAP,
            second: |world, run| handed::over_or_before(world, run, &[]),
            third: handed::over_before,
            state: |world| handed::imported(world, "role", &[]),
            ..FRESH
        },
        Scenario {
            name: "bootstrap of keys",
            first: BOOTSTRAP_KEYS,
            later: BOOTSTRAP_KEYS,
            second: |world, run| handed::over_or_before(world, run, &[]),
            third: handed::over_before,
            state: |world| handed::imported(world, "keys", &[]),
            ..FRESH
        },
    ]
}

// Scenes.

const OWNERS_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn nothing(_: &World) {}

fn set_up(world: &World, verb: &str, options: &[&str]) {
    world.verb(verb, options).exits(0);
}

fn imported(world: &World) {
    set_up(world, "apply", &["--with", "role"]);
}

fn refused_by_turbot(world: &World) {
    let no = What::Status { code: 422, body: r#"{"code": "Unprocessable", "message": "no"}"#.into() };
    world.sandbox.add_fault(Fault::new("turbot:POST /accounts", no).times(0));
}

fn with_role(world: &World) {
    set_up(world, "apply", &ROLE_KEPT[1..]);
}

fn with_keys(world: &World) {
    set_up(world, "apply", &KEYS_KEPT[1..]);
}

fn somebodys_role(world: &World) {
    world.sandbox.cloud().create_role_unchecked(&world.account, NAME, "/", OWNERS_TRUST, &[]).unwrap();
}

fn somebodys_user(world: &World) {
    let cloud = world.sandbox.cloud();
    cloud.create_user_unchecked(&world.account, NAME, "/", &[]);
    let key = cloud.add_key(&world.account, NAME);
    world.secrets.lock().unwrap().add(&key.secret_access_key);
    std::fs::write(world.path("prior-keys"), key.access_key_id).unwrap();
}

fn with_adopted_role(world: &World) {
    somebodys_role(world);
    set_up(world, "apply", &ROLE_ADOPTED[1..]);
}

fn with_adopted_user(world: &World) {
    somebodys_user(world);
    set_up(world, "apply", &KEYS_ADOPTED[1..]);
}

/// A role of ours from a run long ago that came to nothing: its trust policy is another by now, its rights are gone.
fn a_role_that_stood(world: &World) {
    somebodys_role(world);
    let tags = [("turbot-id", "aab"), ("cluster", "urn:turbot:mhe"), ("version", "1")];
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| {
        role.tags = tags.map(|(key, value)| (format!("turbot-onboard:{key}"), value.to_owned())).to_vec();
    });
}

/// A user of ours from such a run, without key and rights.
fn a_user_that_stood(world: &World) {
    world.sandbox.cloud().create_user_unchecked(&world.account, NAME, "/", &[]);
    let tags = [("turbot-id", "aab"), ("cluster", "urn:turbot:mhe"), ("version", "1")];
    world.sandbox.cloud().edit_user(&world.account, NAME, |user| {
        user.tags = tags.map(|(key, value)| (format!("turbot-onboard:{key}"), value.to_owned())).to_vec();
    });
}

fn a_drifted_role(world: &World) {
    with_role(world);
    world.sandbox.cloud().edit_role(&world.account, NAME, |role| {
        role.attached.clear();
        role.description = Some("somebody's".into());
        role.tags.retain(|(key, _)| key != "turbot-onboard:version");
    });
}

fn a_drifted_user(world: &World) {
    with_keys(world);
    world.sandbox.cloud().edit_user(&world.account, NAME, |user| {
        user.attached.clear();
        user.tags.retain(|(key, _)| key != "turbot-onboard:version");
    });
}

fn planned(world: &World) {
    let file = world.path("plan.json").display().to_string();
    set_up(world, "plan", &["--with", "role", "--out", &file]);
}

fn bootstrapped(world: &World) {
    bootstrapped_by(world, BOOTSTRAP);
}

fn bootstrapped_with_keys(world: &World) {
    bootstrapped_by(world, BOOTSTRAP_KEYS);
}

fn bootstrapped_by(world: &World, words: &[&str]) {
    let file = world.path("handoff.json");
    set_up(world, "bootstrap", &["--with", words[2], "--handoff", &file.display().to_string()]);
}
