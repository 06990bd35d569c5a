//! A verb over many accounts: the looks, the one question, the work, and the results in the manifest's order.

use std::collections::HashMap;
use std::sync::Arc;

use onboard_core::{AccountReport, AwsAccountId, Chosen, ErrorKind, ErrorReport, Step, Wanted, remains_of};
use onboard_engine::{Answer, Consent, Ended, HandedAccount, Job, Planned, Planning, Session, fleet, plan_for};

use crate::consent::{Asker, Who};
use crate::render::fleet as render;
use crate::run::Run;
use crate::settings::fleet::Accounts;

/// What the plan of one account came to.
pub(crate) type Plan = Result<Box<Planned>, Box<AccountReport>>;

impl Run {
    /// Does the work on every account.
    pub(crate) async fn all<T, F>(&self, accounts: &Accounts, work: impl Fn(Arc<Session>, Job) -> F) -> Vec<T>
    where
        T: Ended,
        F: Future<Output = T> + Send + 'static,
    {
        self.each(accounts, |session, n| work(session, accounts.jobs[n].clone())).await
    }

    /// The same, told the account's number.
    pub(crate) async fn each<T, F>(&self, accounts: &Accounts, work: impl Fn(Arc<Session>, usize) -> F) -> Vec<T>
    where
        T: Ended,
        F: Future<Output = T> + Send + 'static,
    {
        fleet(&self.session, &accounts.jobs, &self.fleet, |n| work(Arc::clone(&self.session), n)).await
    }

    /// Looks at every account; whoever wants to stop need not wait for the looks that are under way.
    pub(crate) async fn look_at_all<T, F>(&self, accounts: &Accounts, look: impl Fn(Arc<Session>, Job) -> F) -> Vec<T>
    where
        T: Ended,
        F: Future<Output = T> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.all(accounts, |session, job| {
            let (stop, wanted) = (stop.clone(), job.wanted.clone());
            let look = look(session, job);
            async move { stop.or(look).await.unwrap_or_else(|| T::of(interrupted(&wanted))) }
        })
        .await
    }

    /// The plan of every account.
    pub(crate) async fn plan_all(&self, verb: Planning, accounts: &Accounts) -> Vec<Plan> {
        self.look_at_all(
            accounts,
            move |session, job| async move { plan_for(verb, &session, &job).await.map(Box::new) },
        )
        .await
    }

    /// Asks once for the whole fleet, where somebody can be asked; the answer no is every account's report.
    ///
    /// # Errors
    /// The reports of a fleet of which nothing was done.
    pub(crate) async fn agree(
        &self,
        verb: Planning,
        accounts: &Accounts,
        action: &'static str,
    ) -> Result<Arc<FleetConsent>, Vec<AccountReport>> {
        let mut asker = self.asker(action);
        if self.who != Who::Terminal {
            asker.show = false;
            return Ok(Arc::new(FleetConsent { asker, approved: HashMap::new(), anything: false }));
        }
        let plans = self.plan_all(verb, accounts).await;
        let open = plans.iter().filter(|plan| plan.as_ref().is_ok_and(|p| !p.plan.steps.is_empty())).count();
        if open == 0 || self.stop.is_requested() {
            return Ok(Arc::new(FleetConsent { asker, approved: HashMap::new(), anything: false }));
        }
        let text = render::plans(&plans, self.turbot_url.as_deref(), self.paint);
        match asker.put(&text, &format!("{action} in {}?", render::accounts(open))) {
            Answer::Yes => {
                let approved = plans.into_iter().flatten().map(|planned| {
                    let Planned { wanted, plan, chosen, .. } = *planned;
                    (wanted.account_id, Approved { chosen, steps: plan.steps })
                });
                Ok(Arc::new(FleetConsent { asker, approved: approved.collect(), anything: false }))
            }
            Answer::No | Answer::CannotAsk => Err(plans.into_iter().map(declined).collect()),
        }
    }

    /// Asks once for something that is the same for every account.
    ///
    /// # Errors
    /// The reports of a fleet of which nothing was done.
    pub(crate) fn agree_to(
        &self,
        accounts: &Accounts,
        action: &'static str,
        what: &str,
    ) -> Result<Arc<FleetConsent>, Vec<AccountReport>> {
        let mut asker = self.asker(action);
        if self.who != Who::Terminal {
            asker.show = false;
            return Ok(Arc::new(FleetConsent { asker, approved: HashMap::new(), anything: false }));
        }
        let count = render::accounts(accounts.jobs.len());
        match asker.put(what, &format!("{action} for {count}?")) {
            Answer::Yes => Ok(Arc::new(FleetConsent { asker, approved: HashMap::new(), anything: true })),
            Answer::No | Answer::CannotAsk => Err(accounts.wanted().map(no).collect()),
        }
    }
}

/// An account's plan as it was shown and agreed to.
struct Approved {
    chosen: Chosen,
    steps: Vec<Step>,
}

/// The consent to a fleet's plan: for an account whose plan is what was shown, or what remains of it.
pub(crate) struct FleetConsent {
    asker: Asker,
    approved: HashMap<AwsAccountId, Approved>,
    /// The same was agreed to for every account.
    anything: bool,
}

impl Consent for FleetConsent {
    fn chosen(&self, wanted: &Wanted) -> Option<Chosen> {
        self.approved.get(&wanted.account_id).map(|shown| shown.chosen.clone())
    }

    fn ask(&self, planned: &Planned) -> Answer {
        let shown = self.approved.get(&planned.wanted.account_id);
        if shown.is_some_and(|shown| remains_of(&planned.plan.steps, &shown.steps)) {
            Answer::Yes
        } else {
            self.asker.ask(planned)
        }
    }

    fn ask_import(&self, account: &HandedAccount) -> Answer {
        self.asker.ask_import(account)
    }

    fn ask_maintenance(&self, wanted: &Wanted, step: &Step) -> Answer {
        if self.anything { Answer::Yes } else { self.asker.ask_maintenance(wanted, step) }
    }
}

fn blank(wanted: &Wanted) -> AccountReport {
    AccountReport::new(wanted.account_id.as_str(), wanted.turbot_id.as_str(), wanted.with)
}

fn no(wanted: &Wanted) -> AccountReport {
    let mut report = blank(wanted);
    report.fail(ErrorReport::new(ErrorKind::Declined, "the answer was no; nothing was changed"));
    report
}

fn declined(plan: Plan) -> AccountReport {
    match plan {
        Err(report) => *report,
        Ok(planned) if planned.plan.steps.is_empty() => {
            AccountReport { outcome: planned.plan.end, ..blank(&planned.wanted) }
        }
        Ok(planned) => no(&planned.wanted),
    }
}

fn interrupted(wanted: &Wanted) -> AccountReport {
    let mut report = blank(wanted);
    report.fail(ErrorReport::new(ErrorKind::Interrupted, "interrupted; nothing was changed"));
    report
}
