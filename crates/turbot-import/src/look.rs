//! The looks: health, the cluster, one account, all accounts, and everything about one account side by side.

use onboard_core::{
    AwsAccountId, ClusterId, Health, LookFailure, LookFault, TurbotAccount, TurbotAccountId, TurbotObserved, escaped,
};
use serde_json::Value;

use crate::Turbot;
use crate::account::{account_of, kind, listing, text};
use crate::client::Inner;
use crate::exchange::{Answer, Ending, OF_A_LISTING, OF_A_LOOK};
use crate::said::Said;

impl Turbot {
    /// Turbot's own health check. It is a plain GET; only where that is refused (401, 403) is the key sent along.
    pub async fn health(&self) -> Health {
        let inner = &*self.inner;
        let url = inner.url.health();
        let answer = match inner.get_openly("health", &url).await {
            Ok(answer) if matches!(answer.status, 401 | 403) => match inner.get("health", &url, OF_A_LOOK).await {
                Ok(answer) => answer,
                Err(failure) => return Health::Unknown(failure.message),
            },
            Ok(answer) => answer,
            Err(trouble) => return Health::Unknown(trouble.story),
        };
        match answer.status {
            200..=299 => Health::Ok,
            400 | 503 => Health::Failing(failing_parts(&answer, inner)),
            _ => Health::Unknown(inner.refused_look("health", &answer).message),
        }
    }

    /// The URN of the cluster this installation is, `urn:turbot:<cluster>`.
    ///
    /// # Errors
    /// No usable answer, or one without `urn`.
    pub async fn cluster_urn(&self) -> Result<String, LookFailure> {
        let inner = &*self.inner;
        let what = "reading the cluster";
        let value = inner.read(what, &inner.url.v3(&["cluster"]), OF_A_LOOK).await?;
        let value = value.ok_or_else(|| {
            inner.failure(LookFault::NotFound, what, "404, there is no such resource; is this a Turbot v3 API?")
        })?;
        value
            .as_object()
            .and_then(|o| text(o, "urn"))
            .ok_or_else(|| inner.failure(LookFault::Malformed, what, &format!("{} without `urn`", kind(&value))))
    }

    /// One account by its Turbot id; `None` is a 404.
    ///
    /// # Errors
    /// No usable answer, or another account than the one asked for.
    pub async fn account(&self, id: &TurbotAccountId) -> Result<Option<TurbotAccount>, LookFailure> {
        let inner = &*self.inner;
        let what = format!("reading the account {id}");
        let Some(value) = inner.read(&what, &inner.url.v3(&["accounts", id.as_str()]), OF_A_LOOK).await? else {
            return Ok(None);
        };
        account_of(&value, id.as_str()).map(Some).map_err(|e| inner.failure(LookFault::Malformed, &what, &e))
    }

    /// Every account that the key may see. An empty list may also mean that it may see none.
    ///
    /// # Errors
    /// No usable answer, an item that is no account, or one page of several: what is not whole proves no absence.
    pub async fn accounts(&self) -> Result<Vec<TurbotAccount>, LookFailure> {
        let inner = &*self.inner;
        let what = "listing the accounts";
        let value = inner.read(what, &inner.url.v3(&["accounts"]), OF_A_LISTING).await?;
        let value = value.ok_or_else(|| inner.failure(LookFault::NotFound, what, "404, there is no such resource"))?;
        listing(&value).map_err(|e| inner.failure(LookFault::Malformed, what, &e))
    }

    /// Reads everything about one account side by side. `maintenance` asks for its maintenance window, too.
    pub async fn look(
        &self,
        cluster: &ClusterId,
        id: &TurbotAccountId,
        aws: &AwsAccountId,
        maintenance: bool,
    ) -> TurbotObserved {
        let (rest, listed) = tokio::join!(self.look_beside_listing(cluster, id, maintenance), self.accounts());
        TurbotObserved { listed: listed.map(|all| about(&all, id, aws)), ..rest }
    }

    /// The same with a listing that was read once for a whole fleet.
    pub async fn look_listed(
        &self,
        cluster: &ClusterId,
        id: &TurbotAccountId,
        aws: &AwsAccountId,
        maintenance: bool,
        listed: &[TurbotAccount],
    ) -> TurbotObserved {
        let rest = self.look_beside_listing(cluster, id, maintenance).await;
        TurbotObserved { listed: Ok(about(listed, id, aws)), ..rest }
    }

    async fn look_beside_listing(
        &self,
        cluster: &ClusterId,
        id: &TurbotAccountId,
        maintenance: bool,
    ) -> TurbotObserved {
        let urn = cluster.account_urn(id);
        let window = async { if maintenance { Some(self.maintenance_window(&urn).await) } else { None } };
        let (health, cluster_urn, by_id, maintenance) =
            tokio::join!(self.health(), self.cluster_urn(), self.account(id), window);
        TurbotObserved { health, version: self.version(), cluster_urn, by_id, listed: Ok(Vec::new()), maintenance }
    }
}

/// Those accounts that carry this Turbot id or this AWS account.
fn about(all: &[TurbotAccount], id: &TurbotAccountId, aws: &AwsAccountId) -> Vec<TurbotAccount> {
    let concerns = |a: &&TurbotAccount| a.id.as_deref() == Some(id.as_str()) || a.aws_account_id.as_ref() == Some(aws);
    all.iter().filter(concerns).cloned().collect()
}

impl Inner {
    /// A GET of JSON; `None` is a 404, whose body nobody documents.
    pub(crate) async fn read(&self, what: &str, url: &str, bound: usize) -> Result<Option<Value>, LookFailure> {
        let answer = self.get(what, url, bound).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(self.refused_look(what, &answer));
        }
        match serde_json::from_slice(&answer.body) {
            Ok(value) => Ok(Some(value)),
            Err(_) => {
                let said = Said::read(&answer.body, self.redactor()).sentence();
                let story = format!("{} with an answer that is not JSON: {said}", answer.status);
                Err(self.failure(LookFault::Malformed, what, &story))
            }
        }
    }
}

/// The parts of a failing health answer that are not `OK`; else what it says.
fn failing_parts(answer: &Answer, inner: &Inner) -> String {
    let said = || format!("{}: {}", answer.status, Said::read(&answer.body, inner.redactor()).sentence());
    if answer.ending != Ending::Whole {
        return said();
    }
    let Ok(Value::Object(parts)) = serde_json::from_slice(&answer.body) else { return said() };
    // The documented answer has one text for each part, `OK` where it works, beside times and the instance's id.
    let failing: Vec<String> = parts
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "instanceId" | "code" | "message"))
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .filter(|(_, state)| !state.eq_ignore_ascii_case("ok"))
        .map(|(name, state)| format!("{name}: {state}"))
        .collect();
    if failing.is_empty() {
        return said();
    }
    let all: String = failing.join(", ").chars().take(400).collect();
    inner.redactor().clean(&escaped(&all))
}
