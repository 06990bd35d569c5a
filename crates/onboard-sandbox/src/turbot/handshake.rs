//! What Turbot does in AWS: it uses the credential for real, makes its own role, and deletes what it was given.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::cloud::Cloud;
use crate::identity::Identity;

use super::answer::Refusal;
use super::options::TurbotOptions;
use super::payload::Offer;

/// The role Turbot makes for itself in every account.
pub(super) const SUPERUSER: &str = "turbot_superuser";

const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// A credential that works and has administrator rights.
#[derive(Clone)]
pub(super) struct Granted {
    /// The AWS account it is of.
    pub(super) account: String,
    what: What,
}

#[derive(Clone)]
enum What {
    Role { name: String },
    Key { id: String },
}

impl Offer {
    /// The part of it that is no secret.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Role { arn, .. } => arn,
            Self::Key { id, .. } => id,
        }
    }
}

/// Uses the credential. A role must be assumable with its external id and not without it or with another: one that is
/// would let every customer of the same vendor into the account (the confused deputy).
pub(super) async fn prove(cloud: &Cloud, offer: &Offer, options: &TurbotOptions) -> Result<Granted, Refusal> {
    let (granted, identity) = match offer {
        Offer::Role { arn, external_id } => assumed(cloud, arn, external_id)?,
        Offer::Key { id, secret } => {
            let identity = cloud.use_key(id, secret).map_err(|denied| {
                Refusal::new(400, &denied.code, format!("the AWS access key {id} does not work: {denied}"))
            })?;
            let granted = Granted { account: identity.account.clone(), what: What::Key { id: id.clone() } };
            (granted, identity)
        }
    };
    // The credential works, so it will not be tried again by who sent it: a policy that has only just been attached
    // must be given time here.
    let deadline = Instant::now() + options.rights_patience;
    while !is_administrator(cloud, &identity) {
        if Instant::now() >= deadline {
            let message = format!("{} has no administrator rights", identity.arn);
            return Err(Refusal::new(422, "UnprocessableEntity", message));
        }
        sleep(BETWEEN_TRIES).await;
    }
    Ok(granted)
}

fn assumed(cloud: &Cloud, arn: &str, external_id: &str) -> Result<(Granted, Identity), Refusal> {
    let unfit = |message: String| Refusal::new(422, "UnprocessableEntity", message);
    let (account, name) = role_of(arn).ok_or_else(|| unfit(format!("awsRoleArn {arn} is not the ARN of a role")))?;
    let assume = |external_id| cloud.assume_role(cloud.master_account(), arn, external_id);
    let session = assume(Some(external_id)).map_err(|denied| {
        Refusal::new(400, "CannotAssumeRole", format!("Unable to assume the role {arn}: {denied}"))
    })?;
    let wrong = format!("not-{external_id}");
    for (given, how) in [(None, "without its external id"), (Some(wrong.as_str()), "with any external id")] {
        if assume(given).is_ok() {
            return Err(unfit(format!("the role {arn} can be assumed {how}: its trust policy must require it")));
        }
    }
    Ok((Granted { account, what: What::Role { name } }, session.identity))
}

/// Whether an identity may do what Turbot does in an account.
fn is_administrator(cloud: &Cloud, identity: &Identity) -> bool {
    ["iam:CreateRole", "s3:CreateBucket", "ec2:CreateFlowLogs", "events:PutRule", "sns:CreateTopic"]
        .into_iter()
        .all(|action| cloud.may(identity, action))
}

/// Makes Turbot's own role, unless it stands there from an earlier import.
pub(super) fn make_superuser(cloud: &Cloud, granted: &Granted) -> Result<(), Refusal> {
    if cloud.role(&granted.account, SUPERUSER).is_some() {
        return Ok(());
    }
    let partition = cloud.partition();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{partition}:iam::{}:root", cloud.master_account())},
            "Action": "sts:AssumeRole"
        }]
    });
    let administrator = format!("arn:{partition}:iam::aws:policy/AdministratorAccess");
    cloud
        .create_role_unchecked(&granted.account, SUPERUSER, "/turbot/core/", &trust.to_string(), &[&administrator])
        .map_err(|denied| Refusal::new(500, "InternalServerError", format!("{SUPERUSER} was not made: {denied}")))
}

/// Deletes the credential. One that is gone already is as good.
pub(super) fn delete(cloud: &Cloud, granted: &Granted) {
    match &granted.what {
        What::Role { name } => cloud.delete_role_force(&granted.account, name),
        What::Key { id } => cloud.delete_access_key_force(id),
    };
}

/// The account and the name of `arn:<partition>:iam::<account>:role/<path><name>`.
fn role_of(arn: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else { return None };
    let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
    let whole = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty();
    whole.then(|| ((*account).to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::role_of;

    #[test]
    fn arns_of_roles() {
        let both = |a: &str, n: &str| Some((a.to_owned(), n.to_owned()));
        assert_eq!(role_of("arn:aws-cn:iam::111122223333:role/a/b/c"), both("111122223333", "c"));
        assert_eq!(role_of("arn:aws:iam::111122223333:role/c"), both("111122223333", "c"));
        for bad in ["", "arn:aws:iam::111122223333:user/c", "arn:aws:iam::1:role/c", "arn:aws:iam::111122223333:role/"]
        {
            assert_eq!(role_of(bad), None, "{bad}");
        }
    }
}
