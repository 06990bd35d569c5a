//! `plan` against the oracle, in any scene at all: the right decision, nothing foreign touched, and the right world in
//! the end.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::cases;
use super::facts::{amiss, drive, protected, protected_keys, role_amiss, touched, user_amiss};
use super::oracle::{Shows, Verdict, kept, may_be_sent, ours, partition, record, shows, verdict};
use super::scenes::{Scene, any_scene};
use super::world::Window;
use crate::plan::{Decision, Goal, Plan, cleanup, compare, plan};
use crate::{ErrorKind, MaintenanceSpelling, Principal, Step, With};

fn decide(scene: &Scene) -> Decision {
    scene.run.look(&scene.world, false, |s| plan(scene.goal, s))
}

fn planned(scene: &Scene) -> Option<Plan> {
    match decide(scene) {
        Decision::Go(plan) => Some(plan),
        Decision::Wait(_) | Decision::Stop(_) => None,
    }
}

/// A role gets no policy before its trust policy was read back as written.
fn granted_unproved(steps: &[Step]) -> bool {
    let mut proved = true;
    steps.iter().any(|step| {
        match step {
            Step::CreateRole { .. } | Step::SetTrust { .. } => proved = false,
            Step::ReadBack { principal: Principal::Role(_), .. } => proved = true,
            _ => {}
        }
        matches!(step, Step::Attach { principal: Principal::Role(_), .. }) && !proved
    })
}

/// The scenes are wide enough: every decision that there is comes up, and every step.
#[test]
fn everything_comes_up() {
    let mut runner = TestRunner::deterministic();
    let (mut decisions, mut steps) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..6000 {
        let scene = any_scene().new_tree(&mut runner).unwrap().current();
        if let Decision::Go(plan) = scene.run.look(&scene.world, true, cleanup) {
            steps.extend(plan.steps.iter().map(Step::name));
        }
        decisions.insert(match decide(&scene) {
            Decision::Stop(stop) => stop.kind.as_str().to_owned(),
            Decision::Wait(wait) => format!("{:?}", wait.what),
            Decision::Go(plan) => {
                steps.extend(plan.steps.iter().map(Step::name));
                format!("{:?}{}", plan.end, if plan.then_again { " then again" } else { "" })
            }
        });
    }
    let missed = |all: &[&'static str], seen: &dyn Fn(&str) -> bool| -> Vec<&'static str> {
        all.iter().copied().filter(|name| !seen(name)).collect()
    };
    let all = [
        "wrong-account",
        "root-caller",
        "master-account",
        "management-account",
        "partition",
        "not-ours",
        "conflict",
        "wrong-cluster",
        "cannot-converge",
        "missing-right",
        "handed-over",
        "turbot-unreachable",
        "turbot-tls",
        "turbot-redirect",
        "turbot-unavailable",
        "unknown-outcome",
        "not-visible",
        "Claim",
        "Answer",
        "Visibility",
        "Imported",
        "Done",
        "AlreadyImported",
        "AlreadyImported then again",
        "Unchanged then again",
    ];
    assert_eq!(missed(&all, &|name| decisions.contains(name)), Vec::<&str>::new());
    let all = [
        "claim",
        "note",
        "create-role",
        "set-trust-policy",
        "update-role",
        "create-user",
        "set-permissions-boundary",
        "tag",
        "untag",
        "attach-policy",
        "detach-policy",
        "delete-inline-policy",
        "read-back",
        "create-access-key",
        "prove-access-key",
        "deactivate-access-key",
        "delete-access-key",
        "prove-external-id",
        "import",
        "await-visible",
        "await-deletion",
        "hand-over",
        "delete-role",
        "delete-user",
        "release",
        "set-maintenance-window",
    ];
    assert_eq!(missed(&all, &|name| steps.contains(name)), Vec::<&str>::new());
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn the_decision_is_the_rules(scene in any_scene()) {
        let decision = decide(&scene);
        prop_assert_eq!(&decision, &decide(&scene), "not deterministic");
        match (&decision, verdict(&scene)) {
            (Decision::Stop(stop), Verdict::Stop(kinds)) => {
                prop_assert!(kinds.contains(&stop.kind), "{stop:?}, not {kinds:?}");
                prop_assert!(stop.hint.is_some(), "no next step: {stop:?}");
            }
            (Decision::Wait(wait), Verdict::Wait(what)) => {
                prop_assert_eq!(&wait.what, &what);
                prop_assert!(!wait.at_most.is_zero() && wait.at_most <= scene.run.times.settle());
            }
            (Decision::Go(_), Verdict::Go) => {}
            (decision, verdict) => prop_assert!(false, "{decision:#?}, not {verdict:?}"),
        }
    }

    #[test]
    fn nothing_foreign_is_touched(scene in any_scene()) {
        let Some(plan) = planned(&scene) else { return Ok(()) };
        let (roles, users) = protected(&scene);
        for step in &plan.steps {
            match touched(step) {
                Some(Principal::Role(name)) => {
                    prop_assert!(roles.iter().all(|r| r.name != name), "{}", step.sentence());
                }
                Some(Principal::User(name)) => {
                    prop_assert!(users.iter().all(|u| u.name != name), "{}", step.sentence());
                }
                None => {}
            }
            if let Step::DeactivateKey { key, .. } | Step::DeleteKey { key, .. } = step {
                prop_assert!(!protected_keys(&scene).contains(key.as_str()), "{}", step.sentence());
            }
        }
        prop_assert!(!granted_unproved(&plan.steps), "{:#?}", plan.steps);
        let said = plan.warnings.iter().any(|warning| warning.ends_with("it is taken back"));
        prop_assert!(!said || plan.steps.iter().any(|s| touched(s).is_some()), "nothing is: {:?}", plan.warnings);
    }

    #[test]
    fn nothing_is_deleted_or_sent_twice_on_a_guess(scene in any_scene()) {
        let Some(plan) = planned(&scene) else { return Ok(()) };
        let record = record(&scene);
        let sent = record.as_ref().is_some_and(may_be_sent);
        let shown = shows(&scene);
        let visible = matches!(shown, Shows::Visible(_));
        let imports = plan.steps.iter().filter(|s| matches!(s, Step::Import { .. })).count();
        prop_assert!(imports <= 1 && (imports == 0 || !visible));
        if imports == 1 && let Some(record) = &record {
            let answered = record.import_requested.is_none() && !record.import_unsettled;
            prop_assert!(shown == Shows::Absent || answered, "a second import");
            let young = |w: crate::When| w.age(scene.world.now).as_secs() < 20 * 60;
            prop_assert!(!record.import_requested.is_some_and(young), "the intent is young");
        }
        let deletes = plan.steps.iter().any(|s| matches!(s, Step::DeleteKey { .. }));
        if deletes {
            let untold = scene.goal == Goal::Bootstrap && !sent;
            prop_assert!(shown == Shows::Absent || (visible && !sent) || untold, "{:#?}", plan.steps);
        }
        let gone = |s: &Step| matches!(s, Step::DeleteRole { .. });
        if plan.steps.iter().any(gone) {
            let record = record.unwrap();
            prop_assert!(record.import_accepted.is_none() && record.handed_over.is_none(), "{:#?}", plan.steps);
        }
    }

    #[test]
    fn what_was_asked_is_so_in_the_end(scene in any_scene()) {
        if planned(&scene).is_none() {
            return Ok(());
        }
        let mut world = scene.world.clone();
        let visible = matches!(shows(&scene), Shows::Visible(_));
        // What Turbot does not show may be there all the same; then an import may come upon it.
        let there = |id: &Option<String>| id.as_deref() == Some(scene.run.wanted.turbot_id.as_str());
        if !visible && world.accounts.iter().any(|a| there(&a.id)) {
            return Ok(());
        }
        let plan = match drive(&scene.run, scene.goal, &mut world) {
            Ok(plan) => plan,
            // Tidied up after another role or user, and the one that is wanted cannot be had.
            Err(_) => return Ok(()),
        };
        let (roles, users) = protected(&scene);
        prop_assert!(roles.iter().all(|r| world.roles.contains(r)), "{:#?}", plan.steps);
        prop_assert!(users.iter().all(|u| world.users.contains(u)), "{:#?}", plan.steps);
        if visible {
            prop_assert_eq!(world.posts, 0);
            prop_assert!(world.journals.is_empty(), "{:#?}", plan.steps);
            // An adoption that was not imported with is taken back: then it is not ours any more.
            if kept(&scene) && record(&scene).is_none_or(|r| !may_be_sent(&r)) {
                let wanted = &scene.run.wanted;
                let amiss = match wanted.with {
                    With::Role => world
                        .find_role(wanted.role_name.as_str())
                        .filter(|r| ours(wanted, &r.tags))
                        .map(|r| role_amiss(&scene, r)),
                    With::Keys => world
                        .find_user(wanted.user_name.as_str())
                        .filter(|u| ours(wanted, &u.tags))
                        .map(|u| user_amiss(&scene, u)),
                };
                prop_assert_eq!(amiss.unwrap_or_default(), Vec::<String>::new());
            }
        } else {
            prop_assert_eq!(amiss(&scene, &plan, &world), Vec::<String>::new());
        }
        if scene.goal == Goal::Apply
            && let Some(level) = scene.run.wanted.maintenance
            && let Window::Value(value) = &world.window
        {
            prop_assert_eq!(MaintenanceSpelling::default().level(value), Some(level));
        }
    }

    #[test]
    fn a_second_run_has_nothing_to_do(scene in any_scene()) {
        let mut world = scene.world.clone();
        let mut scene = Scene { goal: Goal::Apply, ..scene };
        scene.run.blind = false;
        let there = |id: &Option<String>| id.as_deref() == Some(scene.run.wanted.turbot_id.as_str());
        let hidden = !matches!(shows(&scene), Shows::Visible(_)) && world.accounts.iter().any(|a| there(&a.id));
        let readable = scene.run.wanted.maintenance.is_none() || world.window != Window::Unreadable;
        if hidden || !readable || drive(&scene.run, Goal::Apply, &mut world).is_err() {
            return Ok(());
        }
        world.killed();
        // With that consent, a user of ours that somebody gave a policy meanwhile would be adopted.
        let mut next = scene.run.next("next-run");
        next.wanted.adopt = false;
        let again = next.look(&world, false, |s| plan(Goal::Apply, s));
        let seen = matches!(shows(&Scene { world: world.clone(), ..scene.clone() }), Shows::Visible(_));
        match again {
            Decision::Go(plan) if seen => prop_assert_eq!(plan.steps, vec![]),
            Decision::Go(plan) => {
                // Nothing tells that the account is in, and no journal says that it was sent.
                prop_assert!(plan.steps.iter().any(|s| matches!(s, Step::Import { .. })), "{:#?}", plan.steps);
            }
            // Somebody gave the user that we made, and that is kept, a policy: by its tags alone it is not ours.
            Decision::Stop(stop) if seen && stop.kind == ErrorKind::NotOurs => {
                let wanted = &scene.run.wanted;
                let policies = wanted.policies_in(&partition(&scene));
                let user = world.find_user(wanted.user_name.as_str()).unwrap();
                prop_assert!(!user.inline.is_empty() || user.attached.iter().any(|p| !policies.contains(p)));
            }
            other => prop_assert!(!seen, "{other:#?}"),
        }
    }

    #[test]
    fn verify_agrees_with_plan(scene in any_scene()) {
        let mut scene = Scene { goal: Goal::Apply, ..scene };
        scene.run.blind = false;
        let differences = scene.run.look(&scene.world, false, compare);
        let plan = planned(&scene);
        let idle = plan.as_ref().is_some_and(|p| p.steps.is_empty());
        if matches!(&differences, Ok(d) if d.is_empty()) {
            prop_assert!(idle, "{plan:#?}");
            prop_assert!(matches!(shows(&scene), Shows::Visible(_)));
        }
        if let (true, Shows::Visible(account)) = (idle, shows(&scene)) {
            let wanted = &scene.run.wanted;
            // What a plan only warns of, since nothing that this tool may do would change it.
            let mut known = vec![];
            known.extend((account.title.as_deref() != Some(&wanted.title)).then_some("turbot.title"));
            known.extend(account.aws_account_id.is_none().then_some("turbot.aws-account"));
            if !kept(&scene) {
                known.push(if wanted.with == With::Role { "aws.role" } else { "aws.user" });
            }
            known.push("aws.access-keys");
            let found: Vec<String> = differences.unwrap().into_iter().map(|d| d.what).collect();
            prop_assert!(found.iter().all(|d| known.contains(&d.as_str())), "{found:?}");
        }
    }
}
