//! What AWS says, in its own texts.

use onboard_sandbox::AccountState;

use crate::harness::World;
use crate::{answering, contains_all, said};

const WHO: &str = "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: iam:CreateRole on resource: \
                   arn:aws:iam::111122223333:role/turbot-onboard";
const SCP: &str = "arn:aws:organizations::999988887777:policy/o-aa111bb222/service_control_policy/p-examplepolicyid123";
const RCP: &str = "arn:aws:organizations::999988887777:policy/o-aa111bb222/resource_control_policy/p-abc";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

fn iam_error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ErrorResponse>"
    )
}

/// The run of an account in which CreateRole is refused with this.
fn create_role(status: u16, code: &str, message: &str) -> crate::harness::Finished {
    answering("iam:CreateRole", status, &iam_error(code, message)).verb("apply", &[])
}

#[test]
fn every_kind_of_denial_names_the_policy_and_who_can_help() {
    // AWS's documented contexts, each with what the hint must name.
    let contexts: &[(String, &[&str])] = &[
        (
            format!("with an explicit deny in a service control policy: {SCP}"),
            &["service control policy", SCP, "organization"],
        ),
        ("with an explicit deny in a service control policy".into(), &["service control policy", "organization"]),
        (
            "because no service control policy allows the iam:CreateRole action".into(),
            &["service control policy", "organization"],
        ),
        (
            format!("with an explicit deny in a resource control policy: {RCP}"),
            &["resource control policy", RCP, "organization"],
        ),
        ("with an explicit deny in a resource control policy".into(), &["resource control policy", "organization"]),
        ("because no permissions boundary allows the iam:CreateRole action".into(), &["permissions boundary"]),
        (format!("with an explicit deny in a permissions boundary: {BOUNDARY}"), &["permissions boundary", BOUNDARY]),
        ("because no session policy allows the iam:CreateRole action".into(), &["session policy"]),
        ("with an explicit deny in a session policy".into(), &["session policy"]),
        ("because no identity-based policy allows the iam:CreateRole action".into(), &["the caller's own policies"]),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/deny".into(),
            &["the caller's own policies", "policy/deny"],
        ),
        ("because no role trust policy allows the sts:AssumeRole action".into(), &["trust policy"]),
        ("with an explicit deny in the role trust policy".into(), &["trust policy"]),
        ("because no resource-based policy allows the iam:CreateRole action".into(), &["resource-based policy"]),
        ("because no VPC endpoint policy allows the iam:CreateRole action".into(), &["VPC endpoint"]),
        ("with an explicit deny".into(), &["permissions", "template policy"]),
    ];
    for (context, words) in contexts {
        let message = format!("{WHO} {context}");
        let text = said(create_role(403, "AccessDenied", &message), 4, "denied");
        contains_all(&text, words);
        contains_all(&text, &[&message, "AWS request id"]);
    }
}

#[test]
fn an_authorization_id_is_named_with_the_command_that_explains_it() {
    let message = format!(
        "{WHO} because no identity-based policy allows the iam:CreateRole action. Go to \
         https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/AbC123 to learn more, or \
         call the GetRequestAuthorizationDetails API with the following authorization id: AbC123."
    );
    let text = said(create_role(403, "AccessDenied", &message), 4, "denied");
    contains_all(&text, &["get-request-authorization-details", "--authorization-id AbC123"]);
}

#[test]
fn codes_have_their_kind_and_their_step() {
    let skew = "Signature expired: 20261123T220000Z is now earlier than 20261123T221500Z (20261123T223000Z - 15 min.)";
    let cases: &[(u16, &str, &str, &str, &[&str])] = &[
        (403, "ExpiredToken", "The security token included in the request is expired", "credentials", &["log in"]),
        (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            "credentials",
            &["access key"],
        ),
        (403, "SignatureDoesNotMatch", skew, "clock-skew", &["clock", skew]),
        (403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region.", "partition", &["partition"]),
        (
            403,
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
            "credentials",
            &["get-session-token"],
        ),
        (403, "AccountSuspended", "Your account is suspended.", "account-unusable", &["suspended"]),
        (
            403,
            "OptInRequired",
            "The AWS Access Key Id needs a subscription for the service",
            "account-unusable",
            &["sign-up"],
        ),
        (
            403,
            "RegionDisabledException",
            "STS is not activated in this region for account:111122223333.",
            "account-unusable",
            &["--region"],
        ),
        (409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", "quota", &["RolesPerAccount", "quota"]),
        (400, "Throttling", "Rate exceeded", "throttled", &["Rate exceeded", "later"]),
        (
            400,
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::210987654321:root\"",
            "invalid-principal",
            &["--master-account-id"],
        ),
        (
            400,
            "MalformedPolicyDocument",
            "Partition \"aws-cn\" is not valid for resource \"x\".",
            "partition",
            &["partition"],
        ),
        (
            503,
            "ServiceUnavailable",
            "Service is unable to handle request.",
            "aws-unavailable",
            &["run the same command again"],
        ),
    ];
    for (status, code, message, kind, words) in cases {
        let escaped = message.replace('"', "&quot;");
        let exit = if *kind == "partition" { 3 } else { 4 };
        let text = said(create_role(*status, code, &escaped), exit, kind);
        contains_all(&text, words);
        contains_all(&text, &[message]);
    }
}

#[test]
fn a_text_that_nobody_knows_is_shown_whole() {
    let long =
        format!("Something new happened to the widget {} and this is the end of it.", "frobnication ".repeat(60));
    let run = create_role(400, "NewlyInventedProblem", &long);
    let account = run.exits(4).account();
    assert_eq!(account["error"]["kind"], "aws", "{account:#}");
    assert!(account["error"]["causes"].to_string().contains(long.trim()), "{account:#}");
    // The same where a denial has none of the documented forms.
    let odd = "You shall not pass: computer says no, for reasons of its own.";
    let text = said(create_role(403, "AccessDenied", odd), 4, "denied");
    contains_all(&text, &[odd]);
}

#[test]
fn a_suspended_account_is_called_so() {
    let world = World::new();
    world.sandbox.cloud().set_account_state(&world.account, AccountState::Suspended);
    let run = world.verb("apply", &[]);
    assert_eq!(run.code, 4, "{}", run.stdout);
    let account = run.account();
    assert!(["account-unusable", "credentials"].contains(&account["error"]["kind"].as_str().unwrap()), "{account:#}");
    assert!(account["error"]["hint"].is_string());
}

#[test]
fn a_region_that_is_switched_off_is_called_so_at_the_first_call() {
    let body = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                <Code>RegionDisabledException</Code><Message>STS is not activated in this region for \
                account:111122223333. Your account administrator can activate STS in this region using the IAM \
                Console.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>";
    let text = said(answering("sts:GetCallerIdentity", 403, body).verb("apply", &[]), 4, "account-unusable");
    contains_all(&text, &["STS is not activated", "--region"]);
}

#[test]
fn what_would_cross_partitions_is_named_with_both() {
    let world = World::new();
    let run = world.verb("apply", &["--policy-arn", "arn:aws-cn:iam::aws:policy/AdministratorAccess"]);
    contains_all(&said(run, 3, "partition"), &["aws-cn", "is in aws", "--policy-arn"]);
}
