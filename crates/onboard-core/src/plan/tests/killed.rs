//! Runs that were killed after any of their steps: undo brings the world back, and the same command goes on from there.

use proptest::prelude::*;

use super::cases;
use super::facts::{amiss, drive};
use super::look::Run;
use super::oracle::{Shows, marked_adopted, ours, shows};
use super::scenes::{Scene, calm_scene};
use super::world::{Window, World};
use crate::plan::{Decision, Goal, Own, Plan, Wait, WaitFor, plan, remains_of, undo};
use crate::{ErrorKind, MaintenanceLevel, Origin, PolicyArn, Principal, Record, Step, UserSeen, Wanted, When, With};

fn first_plan(scene: &Scene) -> Option<Plan> {
    match scene.run.look(&scene.world, false, |s| plan(scene.goal, s)) {
        Decision::Go(plan) if !plan.steps.is_empty() => Some(plan),
        _ => None,
    }
}

/// Applies the steps up to the import at most, and stops dead.
fn killed_after(run: &Run, world: &mut World, steps: &[Step], n: usize) -> usize {
    let sent = |s: &Step| matches!(s, Step::Import { .. } | Step::HandOver { .. } | Step::Release { .. });
    let last = steps.iter().position(sent).unwrap_or(steps.len());
    let n = n % (last + 1);
    run.apply(world, &steps[..n]).unwrap();
    world.killed();
    n
}

fn newest(world: &World) -> Option<Record> {
    world.journals.last()?.record.clone()
}

/// The same wishes, changed as somebody might between two tries.
fn changed(wanted: &Wanted, how: u8) -> Wanted {
    let mut wanted = wanted.clone();
    match how % 5 {
        1 => wanted.adopt = false,
        2 => {
            wanted.policies = vec![
                PolicyArn::new(format!(
                    "arn:{}:iam::aws:policy/PowerUserAccess",
                    wanted.master_partition.as_ref().map_or("aws", |p| p.as_str())
                ))
                .unwrap(),
            ]
        }
        3 => drop(wanted.tags.insert("Later".into(), "1".into())),
        4 => wanted.role_description = "changed".into(),
        _ => {}
    }
    wanted
}

/// A user as undo leaves one that stood: its keys as they were.
fn keys(user: &UserSeen) -> Vec<(String, bool)> {
    user.keys.iter().map(|k| (k.id.to_string(), k.active)).collect()
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn undo_brings_back_what_was(scene in calm_scene(), n in 0usize..64, m in 0usize..64, how in any::<u8>()) {
        let Some(plan) = first_plan(&scene) else { return Ok(()) };
        let before = scene.world.clone();
        let mut world = scene.world.clone();
        killed_after(&scene.run, &mut world, &plan.steps, n);
        // A second run goes on, with other wishes perhaps, and is killed as well.
        world.pass(180);
        let second = Run { wanted: changed(&scene.run.wanted, how), ..scene.run.next("second-run") };
        let resumed = second.look(&world, false, |s| crate::plan(scene.goal, s));
        let mut last = scene.run.clone();
        if let (Decision::Go(plan), 1..) = (resumed, m) {
            killed_after(&second, &mut world, &plan.steps, m);
            last = second;
        }
        let Some(record) = newest(&world).filter(|r| r.run == last.id) else { return Ok(()) };
        let steps = last.look(&world, false, |s| undo(&record, s.aws, Own::default()).unwrap());
        last.apply(&mut world, &steps).unwrap();
        let again = last.look(&world, false, |s| undo(&record, s.aws, Own::default()).unwrap());
        prop_assert_eq!(again, vec![], "undo is not done");
        let wanted = &scene.run.wanted;
        let stood = |tags| ours(wanted, tags);
        match wanted.with {
            With::Role => {
                prop_assert_eq!(&world.users, &before.users);
                let role = before.find_role(wanted.role_name.as_str());
                match role.filter(|r| stood(&r.tags)) {
                    None => prop_assert_eq!(&world.roles, &before.roles, "{:#?}", steps),
                    Some(role) => {
                        prop_assert_eq!(record.origin, Origin::Stood);
                        prop_assert_eq!(steps, vec![]);
                        let now = world.find_role(wanted.role_name.as_str()).unwrap();
                        prop_assert!(now.unique_id == role.unique_id && ours(wanted, &now.tags));
                        prop_assert_eq!(marked_adopted(&now.tags), marked_adopted(&role.tags));
                    }
                }
            }
            With::Keys => {
                prop_assert_eq!(&world.roles, &before.roles);
                let user = before.find_user(wanted.user_name.as_str());
                match user.filter(|u| stood(&u.tags) && record.origin == Origin::Stood) {
                    None => match user.filter(|u| stood(&u.tags)) {
                        None => prop_assert_eq!(&world.users, &before.users, "{:#?}", steps),
                        // Ours by its tags alone, which prove nothing: adopted with consent, and left without our tags.
                        Some(user) => {
                            prop_assert!(wanted.adopt && record.origin == Origin::Adopted);
                            let now = world.find_user(wanted.user_name.as_str()).unwrap();
                            prop_assert_eq!((keys(now), &now.attached, &now.boundary), (keys(user), &user.attached, &user.boundary));
                        }
                    },
                    Some(user) => {
                        let now = world.find_user(wanted.user_name.as_str()).unwrap();
                        prop_assert_eq!(keys(now), keys(user), "{:#?}", steps);
                        prop_assert!(ours(wanted, &now.tags));
                        prop_assert!(wanted.adopt || marked_adopted(&now.tags) == marked_adopted(&user.tags));
                    }
                }
            }
        }
    }

    #[test]
    fn a_killed_apply_of_a_saved_plan_resumes(scene in calm_scene(), n in 0usize..64, m in 0usize..64) {
        let scene = Scene { goal: Goal::Apply, ..scene };
        let Some(saved) = first_plan(&scene) else { return Ok(()) };
        let mut world = scene.world.clone();
        let mut last = saved.clone();
        for (turn, n) in [n, m].into_iter().enumerate() {
            let run = scene.run.next(&format!("run-{turn}"));
            let now = run.look(&world, false, |s| plan(Goal::Apply, s));
            let Decision::Go(now) = now else { return Err(TestCaseError::fail(format!("{now:#?}"))) };
            prop_assert!(remains_of(&now.steps, &saved.steps), "{:#?}\nis not what remains of\n{:#?}", now.steps, saved.steps);
            run.apply(&mut world, &now.steps[..n % (now.steps.len() + 1)]).unwrap();
            world.killed();
            world.pass(180);
        }
        let run = scene.run.next("last-run");
        for _ in 0..3 {
            let now = run.look(&world, false, |s| plan(Goal::Apply, s));
            let Decision::Go(now) = now else { return Err(TestCaseError::fail(format!("{now:#?}"))) };
            prop_assert!(remains_of(&now.steps, &saved.steps), "{:#?}\nis not what remains of\n{:#?}", now.steps, saved.steps);
            run.apply(&mut world, &now.steps).unwrap();
            if !now.then_again {
                break;
            }
        }
        last.delete_credential = saved.delete_credential;
        if !matches!(shows(&scene), Shows::Visible(_)) {
            prop_assert_eq!(amiss(&scene, &last, &world), Vec::<String>::new());
        }
        prop_assert!(world.journals.is_empty());
        if run.wanted.maintenance.is_none() || world.window != Window::Unreadable {
            let again = run.look(&world, false, |s| plan(Goal::Apply, s));
            prop_assert!(matches!(&again, Decision::Go(plan) if plan.steps.is_empty()), "{again:#?}");
        }
    }

    /// The POST went out and its answer was lost: nothing is sent before the settle time is over.
    #[test]
    fn an_import_without_an_answer_is_waited_out(scene in calm_scene(), minutes in 0u64..40, taken in any::<bool>()) {
        let Some((saved, mut world)) = up_to_the_post(&scene) else { return Ok(()) };
        if taken {
            post(&scene, &saved, &mut world);
        } else {
            world.intend(&scene.run.id).unwrap();
        }
        world.killed();
        world.pass(minutes * 60);
        let next = scene.run.next("next-run");
        let claimed = minutes < 2;
        match next.look(&world, false, |s| plan(Goal::Apply, s)) {
            Decision::Wait(Wait { what: WaitFor::Claim, .. }) => prop_assert!(claimed),
            Decision::Wait(Wait { what: WaitFor::Answer, .. }) => prop_assert!(!claimed && !taken && minutes < 20),
            Decision::Go(plan) => {
                prop_assert!(!claimed && (taken || minutes >= 20));
                prop_assert!(remains_of(&plan.steps, &saved.steps), "{:#?}\n{:#?}", plan.steps, saved.steps);
                let intent = |s: &Step| matches!(s, Step::Claim { record, .. } if record.import_requested.is_some());
                prop_assert!(plan.steps.iter().any(intent), "the intent was forgotten");
                drive(&next, Goal::Apply, &mut world).unwrap();
                let scene = Scene { goal: Goal::Apply, ..scene };
                prop_assert_eq!(amiss(&scene, &saved, &world), Vec::<String>::new());
            }
            other => prop_assert!(false, "{other:#?} after {minutes} min"),
        }
    }

    /// Turbot accepted the credential and does not show the account: nothing is undone, and nothing sent for long.
    #[test]
    fn an_accepted_import_is_not_taken_back(scene in calm_scene(), minutes in 0u64..40, another in any::<bool>()) {
        let Some((saved, mut world)) = up_to_the_post(&scene) else { return Ok(()) };
        post(&scene, &saved, &mut world);
        let accepted = Some(When::At(world.now));
        world.journals[0].record.as_mut().unwrap().import_accepted = accepted;
        world.accounts.retain(|a| a.id.as_deref() != Some(scene.run.wanted.turbot_id.as_str()));
        world.killed();
        world.pass(minutes * 60);
        let mut next = scene.run.next("next-run");
        if another {
            next.wanted.with = if next.wanted.with == With::Role { With::Keys } else { With::Role };
        }
        match next.look(&world, false, |s| plan(Goal::Apply, s)) {
            Decision::Wait(Wait { what: WaitFor::Claim, .. }) => prop_assert!(minutes < 2),
            Decision::Wait(Wait { what: WaitFor::Visibility, .. }) => prop_assert!((2..5).contains(&minutes)),
            Decision::Stop(stop) => {
                prop_assert!(minutes >= 5, "{stop:?}");
                let keys = scene.run.wanted.with == With::Keys;
                prop_assert!(stop.kind == ErrorKind::NotVisible && (minutes < 20 || keys || another), "{stop:?}");
            }
            Decision::Go(plan) => {
                prop_assert!(minutes >= 20 && !another && scene.run.wanted.with == With::Role);
                let deleting = |s: &Step| matches!(s, Step::DeleteRole { .. });
                prop_assert!(!plan.steps.iter().any(deleting));
                let forgotten = |s: &Step| matches!(s, Step::Claim { record, .. } if record.import_accepted != accepted);
                prop_assert!(!plan.steps.iter().any(forgotten));
            }
            other => prop_assert!(false, "{other:#?} after {minutes} min"),
        }
    }
}

/// A plan of `apply` carried out until just before the POST.
fn up_to_the_post(scene: &Scene) -> Option<(Plan, World)> {
    let saved = first_plan(&Scene { goal: Goal::Apply, ..scene.clone() })?;
    let at = saved.steps.iter().position(|s| matches!(s, Step::Import { .. }))?;
    let mut world = scene.world.clone();
    scene.run.apply(&mut world, &saved.steps[..at]).unwrap();
    Some((saved, world))
}

fn post(scene: &Scene, saved: &Plan, world: &mut World) {
    for step in &saved.steps {
        if let Step::Import { principal, delete_credential, .. } = step {
            world.post(principal, *delete_credential, &scene.run.wanted, &scene.run.id).unwrap();
        }
    }
}

#[test]
fn what_goes_beyond_a_saved_plan() {
    let window = |before: Option<&str>, level| Step::SetMaintenance {
        urn: "urn:turbot:mhe:aab".into(),
        before: before.map(str::to_owned),
        level,
    };
    let attach = |policy: &str| Step::Attach {
        principal: Principal::Role(crate::RoleName::new("r").unwrap()),
        policy: PolicyArn::new(format!("arn:aws:iam::aws:policy/{policy}")).unwrap(),
    };
    let saved = [attach("a"), attach("b"), window(None, MaintenanceLevel::Check), Step::Release { generation: 1 }];
    let remains = |now: &[Step]| remains_of(now, &saved);
    assert!(remains(&[]) && remains(&saved) && remains(&saved[1..]));
    assert!(remains(&[Step::Release { generation: 7 }]), "book-keeping is no news");
    assert!(remains(&[window(Some("No changes"), MaintenanceLevel::Check)]), "what it was could not be known");
    assert!(!remains(&[window(None, MaintenanceLevel::Full)]));
    assert!(!remains(&[attach("c")]) && !remains(&[attach("b"), attach("a")]) && !remains(&[attach("a"), attach("a")]));
}
