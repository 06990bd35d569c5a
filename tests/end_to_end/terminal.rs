//! Somebody sits at the terminal: the plan is shown there and asked about, and the answer is what happens.

use crate::harness::World;

fn arguments(world: &World) -> [&str; 5] {
    ["apply", "--account-id", &world.account, "--turbot-id", &world.turbot_id]
}

#[test]
fn yes_does_it_and_asks_no_more() {
    let world = World::new();
    let mut run = world.at_terminal(&arguments(&world));
    let asked = run.shows("[y/N]");
    assert!(asked.contains("AdministratorAccess") && asked.contains(&world.account), "{asked}");
    assert_eq!(world.left(), Vec::<String>::new(), "nothing is done before the answer");
    run.types("yes");
    let (code, text) = run.ends(&world);
    assert_eq!(code, 0, "{text}");
    assert_eq!(text.matches("[y/N]").count(), 1, "{text}");
    assert_eq!(world.effective_imports(), 1);
}

#[test]
fn anything_else_is_no() {
    let world = World::new();
    let from = world.sandbox.log().len();
    for answer in ["", "n", "yes please"] {
        let mut run = world.at_terminal(&arguments(&world));
        run.shows("[y/N]");
        run.types(answer);
        let (code, text) = run.ends(&world);
        assert_eq!(code, 3, "{answer:?}\n{text}");
        assert!(text.contains("nothing was changed"), "{text}");
    }
    assert_eq!(world.effects_since(from), Vec::<String>::new());
}

#[test]
fn a_signal_at_the_question_ends_the_run_with_nothing_done() {
    let world = World::new();
    let from = world.sandbox.log().len();
    let mut run = world.at_terminal(&arguments(&world));
    run.shows("[y/N]");
    rustix::process::kill_process(rustix::process::Pid::from_child(&run.child), rustix::process::Signal::INT).unwrap();
    let (code, text) = run.ends(&world);
    assert_eq!(code, 130, "{text}");
    assert_eq!(world.effects_since(from), Vec::<String>::new());
}

#[test]
fn cleanup_shows_what_it_would_remove_and_asks() {
    let world = World::new();
    world.verb("apply", &["--delete-credential", "false"]).exits(0);
    let stands = world.left();
    let [_, account @ ..] = arguments(&world);
    let cleanup = [&["cleanup"], &account[..]].concat();
    let mut run = world.at_terminal(&cleanup);
    let asked = run.shows("[y/N]");
    assert!(asked.contains("delete role turbot-onboard"), "{asked}");
    run.types("n");
    assert_eq!(run.ends(&world).0, 3);
    assert_eq!(world.left(), stands);
    let mut run = world.at_terminal(&cleanup);
    run.shows("[y/N]");
    run.types("y");
    assert_eq!(run.ends(&world).0, 0);
    assert_eq!(world.left(), Vec::<String>::new());
}
