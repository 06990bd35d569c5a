//! What an import does: it tries the credential for real, makes Turbot's own role, and then shows the account.

use std::time::Duration;

use axum::body::Bytes;
use tokio::time::{Instant, sleep_until};

use super::Turbot;
use super::accounts::{Entry, ImportOutcome, ImportRecord, TurbotAccount, json};
use super::answer::{Refusal, Reply};
use super::handshake::{self, Granted};
use super::options::{Deletion, TurbotOptions};
use super::payload::{self, Payload};

/// Imports an account. The work is a task of its own: who hangs up does not stop it.
pub(super) async fn import(turbot: Turbot, body: Bytes, options: TurbotOptions) -> Result<Reply, Refusal> {
    let seq = turbot.open_record();
    let work = tokio::spawn(accept(turbot.clone(), seq, body, options));
    match work.await {
        Ok(outcome) => outcome,
        Err(_) => {
            turbot.with_accounts(|accounts| accounts.end(seq));
            Err(Refusal::new(500, "InternalServerError", "the import broke down"))
        }
    }
}

async fn accept(turbot: Turbot, seq: u64, body: Bytes, options: TurbotOptions) -> Result<Reply, Refusal> {
    let began = turbot.now();
    let tried = try_credential(&turbot, seq, &body, &options).await;
    let (payload, granted) = match tried {
        Ok(tried) => tried,
        Err(refusal) => {
            turbot.close_record(seq, Err(&refusal));
            return Err(refusal);
        }
    };
    let status = options.status.unwrap_or(if options.asynchronous { 202 } else { 200 });
    let shown = TurbotAccount {
        id: payload.id.clone(),
        title: payload.title.clone(),
        description: payload.description.clone(),
        aws_account_id: options.wrong_aws_account.clone().unwrap_or_else(|| granted.account.clone()),
        window: (payload.check_mode && options.check_mode_sets_window).then(|| "Forced changes".to_owned()),
        visible: false,
    };
    let answer = Reply::Import(status, options.body, json(&shown, &options));
    let ready = began + options.import_time;
    if options.asynchronous {
        tokio::spawn(async move { finish(&turbot, seq, ready, began, &payload, &granted, shown, &options).await });
        return Ok(answer);
    }
    finish(&turbot, seq, ready, ready, &payload, &granted, shown, &options).await.map(|()| answer)
}

async fn try_credential(
    turbot: &Turbot,
    seq: u64,
    body: &[u8],
    options: &TurbotOptions,
) -> Result<(Payload, Granted), Refusal> {
    let payload = payload::read(body, &options.cluster_id)?;
    let now = turbot.now();
    turbot.with_accounts(|accounts| {
        if let Some(record) = accounts.record(seq) {
            record.id = Some(payload.id.clone());
            record.credential = Some(payload.offer.name().to_owned());
        }
        accounts.begin(seq, &payload.id, options, now)
    })?;
    let granted = handshake::prove(&turbot.cloud, &payload.offer, options).await?;
    turbot.with_accounts(|accounts| {
        if let Some(record) = accounts.record(seq) {
            record.aws_account_id = Some(granted.account.clone());
        }
        accounts.claim(seq, &granted.account, now)
    })?;
    Ok((payload, granted))
}

/// The work behind an accepted credential. `accepted` is when the answer leaves.
#[expect(clippy::too_many_arguments, reason = "the parts of one import, used once")]
async fn finish(
    turbot: &Turbot,
    seq: u64,
    ready: Instant,
    accepted: Instant,
    payload: &Payload,
    granted: &Granted,
    account: TurbotAccount,
    options: &TurbotOptions,
) -> Result<(), Refusal> {
    sleep_until(ready).await;
    if let Err(refusal) = handshake::make_superuser(&turbot.cloud, granted) {
        turbot.close_record(seq, Err(&refusal));
        return Err(refusal);
    }
    let visible_from = ready.max(accepted + options.visible_after);
    if payload.delete {
        match options.delete {
            Deletion::BeforeVisible => handshake::delete(&turbot.cloud, granted),
            Deletion::AfterVisible { after } => delete_later(turbot, granted.clone(), visible_from + after),
            Deletion::Never => {}
        }
    }
    let gone_at = options.vanish_after.map(|after| visible_from + after);
    turbot.with_accounts(|accounts| accounts.put(Entry { account, visible_from, gone_at }));
    turbot.close_record(seq, Ok(()));
    Ok(())
}

fn delete_later(turbot: &Turbot, granted: Granted, at: Instant) {
    let cloud = turbot.cloud.clone();
    tokio::spawn(async move {
        sleep_until(at).await;
        handshake::delete(&cloud, &granted);
    });
}

impl Turbot {
    fn open_record(&self) -> u64 {
        let started = self.millis();
        self.with_accounts(|accounts| {
            let seq = accounts.records.len() as u64 + 1;
            accounts.records.push(ImportRecord {
                seq,
                started,
                ended: None,
                id: None,
                aws_account_id: None,
                credential: None,
                outcome: ImportOutcome::InWork,
                effective: false,
            });
            seq
        })
    }

    fn close_record(&self, seq: u64, outcome: Result<(), &Refusal>) {
        let ended = self.millis();
        self.with_accounts(|accounts| {
            accounts.end(seq);
            if let Some(record) = accounts.record(seq) {
                record.ended = Some(ended);
                record.effective = outcome.is_ok();
                record.outcome = match outcome {
                    Ok(()) => ImportOutcome::Done,
                    Err(refusal) => ImportOutcome::Refused { status: refusal.status, message: refusal.message.clone() },
                };
            }
        });
    }

    fn millis(&self) -> u64 {
        let since: Duration = self.now() - self.started;
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
