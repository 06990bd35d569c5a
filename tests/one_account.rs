//! One account with the real binary: from bare AWS to verified in Turbot.

mod harness;

use harness::World;

#[test]
fn a_fresh_account_with_a_role_then_nothing_to_do() {
    let world = World::new();
    let account = world.verb("apply", &["--with", "role"]).exits(0).account();
    assert_eq!(account["outcome"], "imported", "{account:#}");
    assert_eq!(account["import"]["state"], "accepted");
    assert_eq!(account["leftovers"], serde_json::json!([]));
    assert_eq!(world.left(), Vec::<String>::new());
    let from = world.sandbox.log().len();
    let account = world.verb("apply", &["--with", "role"]).exits(0).account();
    assert_eq!(account["outcome"], "already-imported");
    assert_eq!(world.effects_since(from), Vec::<String>::new());
    assert_eq!(world.effective_imports(), 1);
}
