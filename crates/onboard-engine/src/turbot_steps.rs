//! The steps that Turbot has a part in: the import, the account showing, the credential going, the maintenance window.

use onboard_core::{Credential, ErrorKind, ErrorReport, ImportState, MaintenanceLevel, Outcome, Principal, Step, With};
use turbot_import::{ImportRequest, MaintenanceError, MaintenanceSet};

use crate::clock::Moment;
use crate::halt::Halt;
use crate::import_call::Importer;
use crate::intent::Intent;
use crate::recorder::Effected;
use crate::turbot_side::TurbotSide;
use crate::worker::Worker;

/// How the audit log names the setting of the maintenance window: one POST, and a second call where one stands.
const SET_WINDOW: &str = "turbot:set-maintenance-window";

impl<'a> Worker<'a> {
    /// The credential that is handed over; a key's secret leaves this worker for good.
    pub(crate) fn credential(&mut self) -> Result<Credential, Halt> {
        let bug = || Halt::Failed(ErrorReport::new(ErrorKind::Bug, "nothing to hand over"));
        match self.wanted.with {
            With::Role => Ok(Credential::Role {
                arn: self.arn.clone().ok_or_else(bug)?,
                external_id: self.external_id.clone().ok_or_else(bug)?,
            }),
            With::Keys => {
                let key = self.key.take().ok_or_else(bug)?;
                Ok(Credential::Keys { id: key.id, secret: key.secret })
            }
        }
    }

    pub(crate) fn side(&self) -> TurbotSide<'a> {
        TurbotSide { session: self.session, target: self.wanted.into() }
    }

    pub(crate) async fn import(&mut self, check_mode: bool, delete_credential: bool) -> Result<(), Halt> {
        let credential = self.credential()?;
        let request = ImportRequest {
            id: self.wanted.turbot_id.clone(),
            cluster: self.wanted.cluster_id.clone(),
            title: self.wanted.title.clone(),
            description: self.wanted.description.clone(),
            check_mode,
            delete_credential,
        };
        let Some(claim) = &self.claim else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "an import without a claim")));
        };
        let mut importer = Importer {
            side: self.side(),
            intent: Intent::Journal { claim, aws: &self.aws, pace: crate::worker::aws_pace(&self.session.times) },
            report: &mut self.report,
            seen: None,
        };
        let result = importer.import(&request, &credential).await;
        self.seen_after_import = importer.seen;
        result
    }

    pub(crate) async fn await_visible(&mut self) -> Result<(), Halt> {
        let Some(claim) = &self.claim else {
            return Err(Halt::Failed(ErrorReport::new(ErrorKind::Bug, "an import without a claim")));
        };
        let mut importer = Importer {
            side: self.side(),
            intent: Intent::Journal { claim, aws: &self.aws, pace: crate::worker::aws_pace(&self.session.times) },
            report: &mut self.report,
            seen: self.seen_after_import.take(),
        };
        importer.await_visible().await
    }

    /// Waits until Turbot has deleted the credential; false if it is still there when the time is over.
    pub(crate) async fn await_deletion(&mut self, principal: &Principal) -> Result<bool, Halt> {
        let (begun, at_most) = (Moment::now(), self.session.times.visibility);
        let interval = self.session.times.aws_interval();
        let mut gone = 0;
        loop {
            if self.credential_is_gone(principal).await? {
                gone += 1;
                // One read that does not find it may be stale; two in a row are believed.
                if gone == 2 {
                    return Ok(true);
                }
            } else {
                gone = 0;
            }
            if gone == 0 && begun.elapsed() >= at_most {
                break;
            }
            self.waiting("Turbot to delete the credential it was asked to delete", begun.elapsed(), at_most);
            self.pause(interval).await?;
        }
        self.credential_left = true;
        self.warn(format!(
            "Turbot was asked to delete the credential of {principal}, and it is still there after {} s; cleanup removes it",
            at_most.as_secs()
        ));
        Ok(false)
    }

    async fn credential_is_gone(&self, principal: &Principal) -> Result<bool, Halt> {
        let doing = |e: &_| Halt::aws("looking whether Turbot has deleted the credential", e);
        match principal {
            Principal::Role(name) => {
                let role = self.aws.read_role(name).await.map_err(|e| doing(&e))?;
                Ok(role.is_none_or(|r| self.unique_id.as_deref().is_some_and(|id| id != r.unique_id)))
            }
            Principal::User(name) => {
                let prior = match &self.claim {
                    Some(claim) => claim.record().await.prior_keys,
                    None => vec![],
                };
                let keys = self.aws.list_access_keys(name).await.map_err(|e| doing(&e))?;
                Ok(keys.iter().flatten().all(|k| prior.contains(&k.id.to_string())))
            }
        }
    }

    /// Sets the maintenance window and reads it back. Whatever happens here leaves the import an import.
    pub(crate) async fn set_maintenance(
        &mut self,
        step: &Step,
        urn: &str,
        level: MaintenanceLevel,
    ) -> Result<(), Halt> {
        if self.report.outcome == Outcome::Unchanged {
            self.report.outcome = match self.report.import.state {
                ImportState::Accepted => Outcome::Imported,
                _ => Outcome::AlreadyImported,
            };
        }
        let turbot = self.session.turbot().map_err(Halt::Failed)?.clone();
        let recorder = self.recorder(step);
        recorder.before(SET_WINDOW, self.aws.now())?;
        match turbot.set_maintenance_window(urn, level).await {
            Ok(set) => {
                recorder.after(SET_WINDOW, self.aws.now(), Effected::Done)?;
                let value = self.session.spelling.of(level).to_owned();
                if let MaintenanceSet::Unconfirmed { why } = set {
                    self.warn(format!(
                        "the maintenance window was set to {value:?}, and could not be read back: {why}"
                    ));
                }
                self.report.maintenance = Some(value);
                Ok(())
            }
            Err(error) => {
                let words = error.to_string();
                let open = matches!(error, MaintenanceError::Unknown { .. });
                let effected = if open { Effected::Unknown(&words) } else { Effected::Failed(&words) };
                recorder.after(SET_WINDOW, self.aws.now(), effected)?;
                let hint = match error {
                    MaintenanceError::Standing { .. } | MaintenanceError::NotInForce { .. } => {
                        "the import stays as it is; see in Turbot's console which window the account and its folders have"
                    }
                    MaintenanceError::Refused(_) => {
                        "the window needs Turbot/Admin, the import only Turbot/Operator; with that right: turbot-onboard maintenance set"
                    }
                    _ => "the import stays as it is; try again with: turbot-onboard maintenance set",
                };
                Err(Halt::Failed(
                    ErrorReport::new(ErrorKind::Maintenance, "the maintenance window could not be set")
                        .because(error.to_string())
                        .hint(hint),
                ))
            }
        }
    }
}
