//! Several roles by which an account may be entered: invited accounts have no `OrganizationAccountAccessRole`, those of a
//! Control Tower have `AWSControlTowerExecution`. The first that can be assumed serves.

use aws_bootstrap::{Aws, AwsErrorKind, GETTING_CREDENTIALS};
use onboard_core::{AwsAccountId, ErrorReport};

use crate::failure;
use crate::session::{AwsAccess, Session};

impl Session {
    /// The handle of one account, entered by the first of its roles that can be assumed. With one role or none nothing
    /// is asked here.
    pub(crate) async fn enter(
        &self,
        access: &AwsAccess,
        account: &AwsAccountId,
    ) -> Result<(Aws, Option<String>), ErrorReport> {
        let roles: Vec<&String> = access.assume_role.iter().chain(&access.or_roles).collect();
        if roles.len() < 2 {
            return Ok((self.aws(access, Some(account)).await?, None));
        }
        let mut denied = Vec::new();
        for (n, role) in roles.iter().enumerate() {
            let access = AwsAccess { assume_role: Some((*role).clone()), or_roles: vec![], ..access.clone() };
            let aws = self.aws(&access, Some(account)).await?;
            match aws.caller().await {
                Ok(_) => {
                    self.note(account, format!("entered by the role {role}"));
                    let note = (n > 0)
                        .then(|| format!("entered by the role {role}: {} could not be assumed", some(&roles[..n])));
                    return Ok((aws, note));
                }
                // Whether the role is missing or trusts somebody else is not told apart by AWS.
                Err(error) if error.is(AwsErrorKind::Denied) && error.operation == GETTING_CREDENTIALS => {
                    denied.push(error);
                }
                Err(error) => return Err(failure::of_aws("entering the account", &error)),
            }
        }
        let mut report = match denied.last() {
            Some(error) => failure::of_aws("entering the account", error),
            None => return Ok((self.aws(access, Some(account)).await?, None)),
        };
        report.hint = Some(format!("none of {} can be assumed: name another with --assume-role", some(&roles)));
        Err(report)
    }
}

fn some(roles: &[&String]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}
