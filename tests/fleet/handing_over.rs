//! The one file that holds every account's secret: what was handed over stays readable, whatever becomes of the rest.

use serde_json::{Value, json};

use crate::harness::{Finished, World};
use crate::scene::{arguments, manifest, many, of, organization, outcomes, report};

/// A fleet's bootstrap one after the other, whose files can have no more than so many bytes, as on a disk that is full.
fn cramped(world: &World, blocks_of_512: usize) -> Finished {
    let words = ["--handoff", "h.json", "--concurrency", "1", "--audit-log", "/dev/null"];
    let plain = world.command(&arguments("bootstrap", &words));
    world.start(world.on_a_full_disk(&plain, blocks_of_512)).finish(world)
}

#[test]
fn a_disk_that_is_full_costs_no_credential_that_was_handed_over() {
    let mut world = organization(many(4));
    world.set("propagation", "10s");
    manifest(&world, 4, &[("with", "keys")]);
    world.secrets.lock().unwrap().allow_file(&world.path("h.json"));
    let made = report(&cramped(&world, 5).exits(7), &world, 4);
    assert_eq!(outcomes(&made), of(&[("done", 3), ("failed", 1)]), "{made:#}");
    let failed = &made["accounts"][3];
    assert_eq!((&failed["error"]["kind"], &failed["leftovers"]), (&json!("settings"), &json!([])), "{failed:#}");
    world.account = world.sandbox.cloud().member(3);
    assert_eq!(world.left(), Vec::<String>::new(), "a key that nobody has was left");
    let handed: Value = serde_json::from_slice(&std::fs::read(world.path("h.json")).unwrap()).unwrap();
    let ids: Vec<&Value> = handed["accounts"].as_array().unwrap().iter().map(|a| &a["account_id"]).collect();
    assert_eq!(ids, [0, 1, 2].map(|n| &made["accounts"][n]["account_id"]).to_vec());
    assert!(!world.path(".h.json.new").exists());
    let imported = world.run(&["import", "--handoff", "h.json", "--yes", "--output", "json"]).exits(0).json();
    assert_eq!(outcomes(&imported), of(&[("imported", 3)]));
}
