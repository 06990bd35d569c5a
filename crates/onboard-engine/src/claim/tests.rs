//! A claim whose requests come late, against a simulated AWS.

use std::sync::atomic::AtomicU32;

use aws_bootstrap::Given;
use onboard_core::{AccessKeyId, AwsAccountId, MaintenanceSpelling, Origin, Secret, Times, TurbotAccountId, With};
use onboard_sandbox::{Consistency, Fault, Options, Sandbox, What};

use super::*;
use crate::session::{AwsAccess, Session, SessionSettings};
use crate::stop::StopSignal;
use crate::worker::aws_pace;

const LEASE: Duration = Duration::from_millis(400);

fn record(run: &str) -> Record {
    Record {
        run: RunId::new(run).unwrap(),
        claimed_at: When::At(Timestamp::now()),
        turbot_id: "aab".to_owned(),
        cluster: "urn:turbot:mhe".to_owned(),
        with: With::Role,
        name: "turbot-role".to_owned(),
        unique_id: None,
        origin: Origin::Stood,
        delete_credential: false,
        prior_keys: vec![],
        attaches: vec![],
        trust_before: None,
        import_requested: None,
        import_unsettled: false,
        import_accepted: None,
        handed_over: None,
    }
}

struct Scene {
    sandbox: Sandbox,
    aws: Aws,
    claim: Claim,
}

impl Scene {
    /// A run that holds the claim and renews it no more: its machine is about to sleep.
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let account = AwsAccountId::new(sandbox.cloud().member(0)).unwrap();
        let admin = sandbox.cloud().admin_credentials(account.as_str());
        let session = Session::new(SessionSettings {
            run: RunId::new("run-a").unwrap(),
            times: Times { propagation: Duration::from_secs(2), lease: LEASE, ..Times::default() },
            spelling: MaintenanceSpelling::default(),
            turbot: None,
            audit_log: None,
            take_over: false,
            quick: false,
            keep_on_failure: false,
            assume_not_sent: false,
            allowed_endpoint: None,
            events: Arc::new(|_| {}),
            stop: StopSignal::new(),
        })
        .unwrap();
        let access = AwsAccess {
            given: Some(Given {
                access_key_id: AccessKeyId::new(admin.access_key_id.clone()).unwrap(),
                secret: Arc::new(Secret::new(admin.secret_access_key.clone())),
                session_token: None,
                endpoint: Some(sandbox.aws_url()),
            }),
            ..AwsAccess::default()
        };
        let aws = session.aws(&access, Some(&account)).await.unwrap();
        let caller = aws.caller().await.unwrap();
        let recorder = Recorder::new(&session.audit, &account, &TurbotAccountId::new("aab").unwrap(), "journal", "it");
        let terms = Terms { lease: LEASE, at_once: false, pace: aws_pace(&session.times), stop: &session.stop };
        let (claim, _) = acquire(&aws, recorder, &caller, 1, &record("run-a"), &terms).await.unwrap();
        claim.keeper.abort();
        Self { sandbox, aws, claim }
    }

    /// Others took the account over, finished, and another run claimed it anew under the same name; then this run wakes.
    async fn sleep_while_others_work(&self, arn: &PolicyArn) {
        let caller = self.aws.caller().await.unwrap();
        self.aws.delete_journal(arn).await.unwrap();
        self.aws.create_journal(caller.partition(), &caller.account, 1, &record("run-b")).await.unwrap();
        tokio::time::sleep(LEASE / 2).await;
    }

    async fn holder(&self, arn: &PolicyArn) -> Option<(RunId, String)> {
        let record = self.aws.read_journal(arn).await.unwrap()?.record.unwrap();
        Some((record.run, record.name))
    }
}

#[tokio::test]
async fn what_is_sent_late_does_not_hit_the_journal_of_a_later_run() {
    let scene = Scene::new().await;
    let arn = scene.claim.arn().await;
    let shared = &scene.claim.shared;
    let others = Some((RunId::new("run-b").unwrap(), "turbot-role".to_owned()));
    let times = AtomicU32::new(0);
    let mut state = shared.state.lock().await;
    let deleted = shared.in_time(&mut state, |aws| {
        let (scene, arn, first) = (&scene, arn.clone(), times.fetch_add(1, Ordering::SeqCst) == 0);
        async move {
            if first {
                scene.sleep_while_others_work(&arn).await;
            }
            aws.delete_journal(&arn).await
        }
    });
    assert!(matches!(deleted.await, Err(ClaimError::Lost)));
    assert_eq!(scene.holder(&arn).await, others);
    assert_eq!(times.load(Ordering::SeqCst), 1, "a claim that is lost sends nothing again");
}

#[tokio::test]
async fn what_is_late_and_still_ours_is_sent_after_a_look() {
    let scene = Scene::new().await;
    let arn = scene.claim.arn().await;
    let shared = &scene.claim.shared;
    let times = AtomicU32::new(0);
    let mut state = shared.state.lock().await;
    let deleted = shared.in_time(&mut state, |aws| {
        let (arn, first) = (arn.clone(), times.fetch_add(1, Ordering::SeqCst) == 0);
        async move {
            if first {
                tokio::time::sleep(LEASE / 2).await;
            }
            aws.delete_journal(&arn).await
        }
    });
    deleted.await.unwrap();
    assert_eq!(scene.holder(&arn).await, None);
    assert_eq!(times.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_write_without_an_answer_is_sent_again_after_a_look() {
    let scene = Scene::new().await;
    let arn = scene.claim.arn().await;
    let lost = Fault::new("iam:TagPolicy", What::Timeout);
    for (fault, name) in [(lost.clone(), "turbot-role-2"), (lost.after(), "turbot-role-3")] {
        scene.sandbox.clear_faults();
        scene.claim.ensure().await.unwrap();
        scene.sandbox.add_fault(fault);
        scene.claim.write(|record| name.clone_into(&mut record.name)).await.unwrap();
        assert_eq!(scene.holder(&arn).await, Some((RunId::new("run-a").unwrap(), name.to_owned())));
        assert_eq!(scene.claim.record().await.name, name);
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_not_sent_again_when_another_run_took_over() {
    let scene = Scene::new().await;
    let arn = scene.claim.arn().await;
    scene.sandbox.add_fault(Fault::new("iam:TagPolicy", What::Timeout));
    let (written, ()) = tokio::join!(scene.claim.write(|record| "turbot-role-2".clone_into(&mut record.name)), async {
        while !scene.sandbox.log().iter().any(|entry| entry.call.operation == "TagPolicy") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene.sleep_while_others_work(&arn).await;
    });
    assert!(matches!(written, Err(ClaimError::Lost)), "{written:?}");
    assert_eq!(scene.holder(&arn).await, Some((RunId::new("run-b").unwrap(), "turbot-role".to_owned())));
}

#[tokio::test]
async fn a_release_whose_answer_was_lost_is_a_release() {
    for fault in [Fault::new("iam:DeletePolicy", What::Timeout), Fault::new("iam:DeletePolicy", What::Timeout).after()]
    {
        let scene = Scene::new().await;
        let arn = scene.claim.arn().await;
        scene.sandbox.add_fault(fault);
        scene.claim.release().await.unwrap();
        assert_eq!(scene.holder(&arn).await, None);
    }
}

/// The names of journals are used again, and AWS may still show what stood under one before.
#[tokio::test]
async fn an_old_read_of_an_earlier_journal_of_the_same_name_is_no_lost_claim() {
    let scene = Scene::new().await;
    let shared = &scene.claim.shared;
    scene.sandbox.cloud().set_consistency(Consistency { invisible_reads: 2, ..Consistency::default() });
    scene.claim.release().await.unwrap();
    // AWS says to the second when a policy was made.
    let made_at = shared.state.lock().await.journal.made_at.unwrap();
    while scene.aws.now().as_second() <= made_at.as_second() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (caller, stop) = (scene.aws.caller().await.unwrap(), StopSignal::new());
    let terms = Terms { lease: Duration::from_secs(8), at_once: false, pace: shared.pace, stop: &stop };
    let (aws, recorder) = (&scene.aws, shared.recorder.clone());
    let (claim, _) = acquire(aws, recorder, &caller, 1, &record("run-a"), &terms).await.unwrap();
    let shown = scene.aws.read_journal(&claim.arn().await).await.unwrap().unwrap();
    assert!(shown.stood_before(&claim.own().await.unwrap()), "the scene is what it is about: {shown:?}");
    claim.ensure_now().await.unwrap();
    claim.intend_import(scene.aws.now(), &terms.pace).await.unwrap();
    claim.release().await.unwrap();
}
