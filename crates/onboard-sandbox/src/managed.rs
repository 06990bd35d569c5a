//! AWS's own managed policies, by name. One copy serves all accounts.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::policy_document::{Document, Purpose};

/// Known policies with a document that grants, as far as IAM, STS and Organizations go, what AWS's grants. The others
/// grant nothing there.
const GRANTING: [(&str, &str); 9] = [
    ("AdministratorAccess", r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#),
    (
        "PowerUserAccess",
        r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
           {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail",
           "account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
           "organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}"#,
    ),
    (
        "ReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["iam:Generate*","iam:Get*","iam:List*","iam:Simulate*",
           "organizations:Describe*","organizations:List*","sts:GetAccessKeyInfo","sts:GetCallerIdentity",
           "sts:GetSessionToken"],"Resource":"*"}"#,
    ),
    (
        "SecurityAudit",
        r#"{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails",
           "iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy","organizations:Describe*",
           "organizations:List*","sts:GetAccessKeyInfo"],"Resource":"*"}"#,
    ),
    (
        "IAMFullAccess",
        r#"{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization",
           "organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren",
           "organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots",
           "organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}"#,
    ),
    (
        "IAMReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails",
           "iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}"#,
    ),
    ("AWSOrganizationsFullAccess", r#"{"Effect":"Allow","Action":"organizations:*","Resource":"*"}"#),
    (
        "AWSOrganizationsReadOnlyAccess",
        r#"{"Effect":"Allow","Action":["organizations:Describe*","organizations:List*"],"Resource":"*"}"#,
    ),
    ("AWSDenyAll", r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#),
];

const OTHERS: [&str; 20] = [
    "AmazonEC2FullAccess",
    "AmazonEC2ReadOnlyAccess",
    "AmazonRDSFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AWSSupportAccess",
    "AWSLambda_FullAccess",
    "CloudWatchFullAccess",
    "CloudWatchReadOnlyAccess",
    "AmazonVPCFullAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonSQSFullAccess",
    "AmazonSNSFullAccess",
    "job-function/Billing",
    "job-function/DatabaseAdministrator",
    "job-function/NetworkAdministrator",
    "job-function/SupportUser",
    "job-function/SystemAdministrator",
    "job-function/ViewOnlyAccess",
    "service-role/AWSLambdaBasicExecutionRole",
];

/// A policy of AWS's own.
pub(crate) struct Managed {
    /// Path and name, as they stand in the ARN behind `policy/`.
    pub(crate) full_name: &'static str,
    pub(crate) document: String,
    pub(crate) parsed: Arc<Document>,
}

impl Managed {
    pub(crate) fn path(&self) -> String {
        self.full_name.rsplit_once('/').map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.full_name.rsplit('/').next().unwrap_or(self.full_name)
    }
}

static ALL: LazyLock<HashMap<&'static str, Managed>> = LazyLock::new(|| {
    let inert = r#"{"Effect":"Allow","Action":["cloudwatch:Describe*"],"Resource":"*"}"#;
    let all = GRANTING.into_iter().chain(OTHERS.into_iter().map(|name| (name, inert)));
    all.map(|(full_name, statements)| {
        let document = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
        let parsed = Document::parse(&document, Purpose::Identity).expect("the table above holds valid policies");
        (full_name, Managed { full_name, document, parsed: Arc::new(parsed) })
    })
    .collect()
});

/// The policy that an ARN of this partition names.
pub(crate) fn by_arn(partition: &str, arn: &str) -> Option<&'static Managed> {
    let name = arn.strip_prefix(&format!("arn:{partition}:iam::aws:policy/"))?;
    ALL.get(name)
}

/// All policies, by name.
pub(crate) fn all() -> Vec<&'static Managed> {
    let mut all: Vec<_> = ALL.values().collect();
    all.sort_by_key(|managed| managed.full_name);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_path_and_partition() {
        let billing = by_arn("aws-cn", "arn:aws-cn:iam::aws:policy/job-function/Billing").unwrap();
        assert_eq!((billing.path().as_str(), billing.name()), ("/job-function/", "Billing"));
        assert!(by_arn("aws-cn", "arn:aws:iam::aws:policy/AdministratorAccess").is_none());
        assert_eq!(all().len(), GRANTING.len() + OTHERS.len());
    }
}
