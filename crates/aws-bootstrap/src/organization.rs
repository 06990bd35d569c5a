//! Who is calling, in which account, and the account's place in an organization.

use onboard_core::{Arn, AwsAccountId, Caller, ExternalId, Organization};

use crate::connect::Aws;
use crate::error::{AwsError, AwsErrorKind};

/// The session of a proof may do nothing at all.
const DENY_ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
/// The shortest session that STS gives, in seconds.
const SHORTEST_SESSION: i32 = 900;

impl Aws {
    /// Who is calling. Needs no permission, and works under an explicit deny. Asked each time, but for the session of an
    /// assumed role, which stays who it is: once for each handle.
    ///
    /// # Errors
    /// The credentials are not to be had or not accepted, or AWS is not to be reached.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        match self.session() {
            Some(known) => known.get_or_try_init(|| self.ask_who_calls()).await.cloned(),
            None => self.ask_who_calls().await,
        }
    }

    async fn ask_who_calls(&self) -> Result<Caller, AwsError> {
        const OPERATION: &str = "GetCallerIdentity";
        let answer = self.read(OPERATION, || self.sts().get_caller_identity().send()).await?;
        let malformed = |e: onboard_core::IdError| AwsError::new(AwsErrorKind::Malformed, OPERATION, e.to_string());
        let arn = Arn::new(answer.arn().unwrap_or_default()).map_err(malformed)?;
        let account = AwsAccountId::new(answer.account().unwrap_or_else(|| arn.account())).map_err(malformed)?;
        Ok(Caller { account, arn })
    }

    /// The account's place in an organization, by `DescribeOrganization`, which every member may call. What cannot be
    /// known is [`Organization::Unknown`]; nothing fails.
    pub async fn organization(&self) -> Organization {
        match futures::try_join!(self.caller(), self.management_account()) {
            Ok((caller, management)) => place(&caller, management),
            Err(error) => Organization::Unknown(error.to_string()),
        }
    }

    /// The management account of the caller's organization; `None` where it belongs to none.
    pub(crate) async fn management_account(&self) -> Result<Option<AwsAccountId>, AwsError> {
        const OPERATION: &str = "DescribeOrganization";
        match self.read(OPERATION, || self.organizations().describe_organization().send()).await {
            Ok(answer) => {
                let organization = answer.organization;
                let management = organization.as_ref().and_then(|o| o.master_account_id()).unwrap_or_default();
                AwsAccountId::new(management)
                    .map(Some)
                    .map_err(|e| AwsError::new(AwsErrorKind::Malformed, OPERATION, e.to_string()))
            }
            Err(error) if error.is(AwsErrorKind::NoOrganization) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The account's alias, where it has one and it may be read.
    pub async fn alias(&self) -> Option<String> {
        let answer = self.read("ListAccountAliases", || self.iam().list_account_aliases().send()).await.ok()?;
        answer.account_aliases.into_iter().next()
    }

    /// Assumes a role and forgets the credentials at once: a proof that it can be assumed with this external ID, or
    /// (with `None` or a wrong one) that it cannot. The session is the shortest there is and may do nothing.
    ///
    /// # Errors
    /// [`AwsErrorKind::Denied`]: AWS does not say whether the role is missing, its trust refuses the caller, or the
    /// external ID is wrong.
    pub async fn assume(&self, role: &Arn, external_id: Option<&ExternalId>) -> Result<(), AwsError> {
        let request = self
            .sts()
            .assume_role()
            .role_arn(role.as_str())
            .role_session_name(self.session_name())
            .duration_seconds(SHORTEST_SESSION)
            .policy(DENY_ALL)
            .set_external_id(external_id.map(|id| id.as_str().to_owned()));
        self.read("AssumeRole", || request.clone().send()).await.map(drop)
    }
}

pub(crate) fn place(caller: &Caller, management: Option<AwsAccountId>) -> Organization {
    match management {
        None => Organization::None,
        Some(management) if management == caller.account => Organization::Management,
        Some(management) => Organization::Member { management },
    }
}
