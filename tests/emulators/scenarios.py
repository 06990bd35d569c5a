"""What is tried against every emulator: each call that the tool makes, and the errors it tells apart."""

import json

from emulators import MASTER, Credentials

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
NO_POLICY = "arn:aws:iam::aws:policy/NoSuchPolicyAnywhere"
DENY_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
TAGS = [{"Key": "turbot-onboard:turbot-id", "Value": "aab"}, {"Key": "turbot-onboard:version", "Value": "1"}]
TOO_MANY = [{"Key": f"k{n}", "Value": "v"} for n in range(51)]


def trust(account, external_id="right-id", **more):
    """A trust policy of the form that the tool writes."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | condition | more]})


BAD_TRUST = {
    "trust not JSON": "{",
    "trust with a Resource": trust(MASTER, Resource="*"),
    "trust with a bad effect": trust(MASTER, Effect="Maybe"),
    "trust of 5 kB": trust(MASTER, ["x" * 1000] * 5),
}


def roles(p):
    call, iam = p.call, p.iam
    good = trust(MASTER)
    call(iam, "GetRole", "missing", RoleName="conf-role")
    call(iam, "ListAttachedRolePolicies", "missing", RoleName="conf-role")
    made = {"Path": "/conf/", "RoleName": "conf-role", "AssumeRolePolicyDocument": good}
    call(iam, "CreateRole", Description="d", MaxSessionDuration=7200, Tags=TAGS, **made)
    call(iam, "CreateRole", "duplicate", **made)
    call(iam, "GetRole", RoleName="conf-role")
    call(iam, "ListRoles", PathPrefix="/conf/")
    call(iam, "ListRoles", "another path", PathPrefix="/nothing-here/")
    call(iam, "UpdateAssumeRolePolicy", RoleName="conf-role", PolicyDocument=trust(MASTER, "other-id"))
    call(iam, "UpdateAssumeRolePolicy", "missing", RoleName="conf-none", PolicyDocument=good)
    call(iam, "UpdateRole", RoleName="conf-role", Description="new", MaxSessionDuration=3600)
    call(iam, "UpdateRole", "missing", RoleName="conf-none", Description="new")
    call(iam, "GetRole", "after updates", RoleName="conf-role")
    call(iam, "CreateRole", "plain", RoleName="conf-plain", AssumeRolePolicyDocument=good)
    call(iam, "GetRole", "plain", RoleName="conf-plain")
    call(iam, "CreateRole", "boundary", PermissionsBoundary=ADMINISTRATOR, **made | {"RoleName": "conf-bound"})


def refused_roles(p):
    """What IAM refuses. What an emulator takes all the same must not stand in the way of the next call."""
    call, iam = p.call, p.iam
    lax = {"AssumeRolePolicyDocument": trust(MASTER)}
    call(iam, "CreateRole", "duplicate in another case", RoleName="CONF-role", **lax)
    call(iam, "CreateRole", "bad name", RoleName="bad name!", **lax)
    call(iam, "CreateRole", "65 characters", RoleName="r" * 65, **lax)
    call(iam, "CreateRole", "bad path", Path="conf", RoleName="conf-path", **lax)
    call(iam, "CreateRole", "long session", RoleName="conf-long", MaxSessionDuration=43201, **lax)
    call(iam, "CreateRole", "51 tags", RoleName="conf-tags", Tags=TOO_MANY, **lax)
    call(iam, "CreateRole", "missing boundary", RoleName="conf-b2", PermissionsBoundary=NO_POLICY, **lax)
    call(iam, "UpdateRole", "long session", RoleName="conf-plain", MaxSessionDuration=43201)
    for number, (trying, document) in enumerate(BAD_TRUST.items()):
        call(iam, "CreateRole", trying, RoleName=f"conf-bad-{number}", AssumeRolePolicyDocument=document)
        call(iam, "UpdateAssumeRolePolicy", trying, RoleName="conf-plain", PolicyDocument=document)


def role_tags(p):
    call, iam = p.call, p.iam
    call(iam, "TagRole", RoleName="conf-role", Tags=[{"Key": "Team", "Value": "Cloud"}])
    call(iam, "TagRole", "again", RoleName="conf-role", Tags=[{"Key": "Team", "Value": "Other"}])
    call(iam, "TagRole", "missing", RoleName="conf-none", Tags=TAGS)
    call(iam, "TagRole", "aws: key", RoleName="conf-role", Tags=[{"Key": "aws:x", "Value": "v"}])
    call(iam, "TagRole", "bad characters", RoleName="conf-role", Tags=[{"Key": "a;b", "Value": "v"}])
    call(iam, "TagRole", "51 tags", RoleName="conf-role", Tags=TOO_MANY)
    twice = [{"Key": "One", "Value": "a"}, {"Key": "One", "Value": "b"}]
    call(iam, "TagRole", "a key twice", RoleName="conf-role", Tags=twice)
    call(iam, "UntagRole", RoleName="conf-role", TagKeys=["Team"])
    call(iam, "UntagRole", "absent key", RoleName="conf-role", TagKeys=["Nothing"])
    call(iam, "UntagRole", "missing", RoleName="conf-none", TagKeys=["Team"])


def role_policies(p):
    call, iam = p.call, p.iam
    name = {"RoleName": "conf-role"}
    call(iam, "ListAttachedRolePolicies", "none", **name)
    call(iam, "AttachRolePolicy", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "AttachRolePolicy", "again", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "AttachRolePolicy", "missing policy", PolicyArn=NO_POLICY, RoleName="conf-plain")
    call(iam, "AttachRolePolicy", "missing role", RoleName="conf-none", PolicyArn=ADMINISTRATOR)
    call(iam, "AttachRolePolicy", "no ARN", PolicyArn="AdministratorAccess-is-no-ARN", RoleName="conf-plain")
    call(iam, "ListAttachedRolePolicies", **name)
    call(iam, "DeleteRole", "policy attached", **name)
    call(iam, "DetachRolePolicy", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "DetachRolePolicy", "again", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "DetachRolePolicy", "missing role", RoleName="conf-none", PolicyArn=ADMINISTRATOR)
    call(iam, "PutRolePolicy", PolicyName="inline", PolicyDocument=DENY_ALL, **name)
    call(iam, "PutRolePolicy", "malformed", PolicyName="bad", PolicyDocument="{", **name)
    call(iam, "ListRolePolicies", **name)
    call(iam, "DeleteRole", "inline policy", **name)
    call(iam, "DeleteRolePolicy", PolicyName="inline", **name)
    call(iam, "DeleteRolePolicy", "again", PolicyName="inline", **name)
    call(iam, "PutRolePermissionsBoundary", PermissionsBoundary=ADMINISTRATOR, **name)
    lax = {"RoleName": "conf-plain"}
    call(iam, "PutRolePermissionsBoundary", "missing policy", PermissionsBoundary=NO_POLICY, **lax)
    call(iam, "GetRole", "boundary", **name)
    call(iam, "DeleteRolePermissionsBoundary", **name)
    call(iam, "DeleteRolePermissionsBoundary", "again", **name)
    call(iam, "CreateInstanceProfile", InstanceProfileName="conf-profile")
    call(iam, "AddRoleToInstanceProfile", InstanceProfileName="conf-profile", **name)
    call(iam, "ListInstanceProfilesForRole", **name)
    call(iam, "DeleteRole", "in an instance profile", **name)
    call(iam, "RemoveRoleFromInstanceProfile", InstanceProfileName="conf-profile", **name)
    call(iam, "DeleteRole", **name)
    call(iam, "DeleteRole", "again", **name)


def users(p):
    call, iam = p.call, p.iam
    name = {"UserName": "conf-user"}
    call(iam, "GetUser", "missing", **name)
    call(iam, "ListAccessKeys", "missing", **name)
    call(iam, "ListAttachedUserPolicies", "missing", **name)
    call(iam, "CreateUser", Path="/conf/", Tags=TAGS, **name)
    call(iam, "CreateUser", "duplicate", **name)
    call(iam, "CreateUser", "duplicate in another case", UserName="CONF-user")
    call(iam, "CreateUser", "bad name", UserName="bad name!")
    call(iam, "CreateUser", "65 characters", UserName="u" * 65)
    call(iam, "CreateUser", "boundary", UserName="conf-bound", PermissionsBoundary=ADMINISTRATOR)
    call(iam, "GetUser", **name)
    call(iam, "ListUsers", PathPrefix="/conf/")
    call(iam, "TagUser", Tags=[{"Key": "Team", "Value": "Cloud"}], **name)
    call(iam, "TagUser", "missing", UserName="conf-none", Tags=TAGS)
    call(iam, "UntagUser", TagKeys=["Team"], **name)
    call(iam, "UntagUser", "missing", UserName="conf-none", TagKeys=["Team"])
    call(iam, "PutUserPermissionsBoundary", PermissionsBoundary=ADMINISTRATOR, **name)
    call(iam, "GetUser", "boundary", **name)
    call(iam, "DeleteUserPermissionsBoundary", **name)
    call(iam, "AttachUserPolicy", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "AttachUserPolicy", "missing policy", PolicyArn=NO_POLICY, UserName="conf-bound")
    call(iam, "ListAttachedUserPolicies", **name)
    call(iam, "DeleteUser", "policy attached", **name)
    call(iam, "DetachUserPolicy", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "DetachUserPolicy", "again", PolicyArn=ADMINISTRATOR, **name)
    call(iam, "PutUserPolicy", PolicyName="inline", PolicyDocument=DENY_ALL, **name)
    call(iam, "ListUserPolicies", **name)
    call(iam, "DeleteUserPolicy", PolicyName="inline", **name)
    call(iam, "DeleteUserPolicy", "again", PolicyName="inline", **name)
    iam.create_user(UserName="conf-inline")
    iam.put_user_policy(UserName="conf-inline", PolicyName="inline", PolicyDocument=DENY_ALL)
    call(iam, "DeleteUser", "inline policy", UserName="conf-inline")
    for operation in ("ListGroupsForUser", "ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates"):
        call(iam, operation, **name)
    call(iam, "ListServiceSpecificCredentials", **name)
    call(iam, "GetLoginProfile", "none", **name)
    call(iam, "CreateLoginProfile", Password="Aa1!aa1!aa1!aa1!", **name)
    call(iam, "GetLoginProfile", **name)
    call(iam, "DeleteUser", "login profile", **name)


def access_keys(p):
    call, iam = p.call, p.iam
    name = {"UserName": "conf-keys"}
    iam.create_user(**name)
    call(iam, "ListAccessKeys", "none", **name)
    first = call(iam, "CreateAccessKey", **name)["AccessKey"]
    second = call(iam, "CreateAccessKey", "second", **name)["AccessKey"]
    call(iam, "CreateAccessKey", "missing user", UserName="conf-none")
    call(iam, "ListAccessKeys", **name)
    sts = p.client("sts", Credentials.of(first))
    call(sts, "GetCallerIdentity", "new user")
    call(p.client("iam", Credentials.of(first)), "ListRoles", "no policy allows it")
    call(iam, "UpdateAccessKey", AccessKeyId=first["AccessKeyId"], Status="Inactive", **name)
    call(iam, "UpdateAccessKey", "missing", AccessKeyId="AKIAIOSFODNN7EXAMPLE", Status="Inactive", **name)
    call(sts, "GetCallerIdentity", "inactive key")
    call(iam, "DeleteAccessKey", AccessKeyId=first["AccessKeyId"], **name)
    call(iam, "DeleteAccessKey", "again", AccessKeyId=first["AccessKeyId"], **name)
    call(sts, "GetCallerIdentity", "deleted key")
    call(iam, "DeleteAccessKey", "second", AccessKeyId=second["AccessKeyId"], **name)
    call(iam, "DeleteAccessKey", "missing user", AccessKeyId=first["AccessKeyId"], UserName="conf-none")
    call(iam, "DeleteUser", **name)
    call(iam, "DeleteUser", "again", **name)
    iam.create_user(UserName="conf-two")
    for trying in ("first of two", "second of two", "third"):
        call(iam, "CreateAccessKey", trying, UserName="conf-two")
    call(iam, "DeleteUser", "access keys", UserName="conf-two")


def policies(p):
    call, iam = p.call, p.iam
    made = {"Path": "/turbot-onboard/", "PolicyName": "turbot-onboard-1", "PolicyDocument": DENY_ALL}
    arn = {"PolicyArn": p.arn("policy/turbot-onboard/turbot-onboard-1")}
    call(iam, "GetPolicy", "missing", **arn)
    call(iam, "CreatePolicy", Description="d", Tags=TAGS, **made)
    call(iam, "CreatePolicy", "duplicate", **made)
    call(iam, "CreatePolicy", "the name under another path", **made | {"Path": "/"})
    call(iam, "CreatePolicy", "malformed", PolicyName="conf-bad", PolicyDocument="{")
    call(iam, "CreatePolicy", "bad name", PolicyName="bad name!", PolicyDocument=DENY_ALL)
    call(iam, "GetPolicy", **arn)
    call(iam, "GetPolicy", "no ARN", PolicyArn="this-is-not-an-ARN-at-all")
    call(iam, "ListPolicies", Scope="Local", PathPrefix="/turbot-onboard/")
    call(iam, "ListPolicies", "another path", Scope="Local", PathPrefix="/nothing-here/")
    call(iam, "TagPolicy", Tags=[{"Key": "Team", "Value": "Cloud"}], **arn)
    call(iam, "TagPolicy", "missing", PolicyArn=p.arn("policy/none"), Tags=TAGS)
    call(iam, "UntagPolicy", TagKeys=["Team"], **arn)
    call(iam, "UntagPolicy", "missing", PolicyArn=p.arn("policy/none"), TagKeys=["Team"])
    call(iam, "ListPolicyTags", **arn)
    call(iam, "CreatePolicyVersion", PolicyDocument=DENY_ALL, **arn)
    call(iam, "ListPolicyVersions", **arn)
    call(iam, "DeletePolicyVersion", "default", VersionId="v1", **arn)
    call(iam, "DeletePolicyVersion", VersionId="v2", **arn)
    call(iam, "DeletePolicyVersion", "again", VersionId="v2", **arn)
    iam.create_user(UserName="conf-holder")
    call(iam, "AttachUserPolicy", "own policy", UserName="conf-holder", **arn)
    call(iam, "DeletePolicy", "attached", **arn)
    twice = {"PolicyArn": p.arn("policy/conf-twice")}
    iam.create_policy(PolicyName="conf-twice", PolicyDocument=DENY_ALL)
    iam.create_policy_version(PolicyDocument=DENY_ALL, **twice)
    call(iam, "DeletePolicy", "two versions", **twice)
    once = {"PolicyArn": p.arn("policy/conf-once")}
    iam.create_policy(PolicyName="conf-once", PolicyDocument=DENY_ALL)
    call(iam, "DeletePolicy", **once)
    call(iam, "DeletePolicy", "again", **once)


def assuming(p):
    call, sts = p.call, p.sts
    p.iam.create_role(RoleName="conf-own", AssumeRolePolicyDocument=trust(p.account))
    p.iam.create_role(RoleName="conf-masters", AssumeRolePolicyDocument=trust(MASTER))
    p.iam.attach_role_policy(RoleName="conf-masters", PolicyArn=ADMINISTRATOR)
    session = {"RoleSessionName": "conf"}
    own = session | {"RoleArn": p.arn("role/conf-own")}
    call(sts, "GetCallerIdentity")
    call(p.client("sts", Credentials("AKIAIOSFODNN7EXAMPLE", "s")), "GetCallerIdentity", "unknown key")
    call(p.client("sts", Credentials(p.admin.key, "wrong")), "GetCallerIdentity", "wrong secret")
    call(sts, "AssumeRole", ExternalId="right-id", **own)
    call(sts, "AssumeRole", "wrong external id", ExternalId="wrong-id", **own)
    call(sts, "AssumeRole", "no external id", **own)
    call(sts, "AssumeRole", "external id of one character", ExternalId="x", **own)
    call(sts, "AssumeRole", "missing role", RoleArn=p.arn("role/conf-none"), **session)
    call(sts, "AssumeRole", "too long", ExternalId="right-id", DurationSeconds=7200, **own)
    call(sts, "AssumeRole", "too short", ExternalId="right-id", DurationSeconds=899, **own)

    masters = session | {"RoleArn": p.arn("role/conf-masters")}
    call(sts, "AssumeRole", "not trusted, right external id", ExternalId="right-id", **masters)
    master = p.client("sts", p.emulator.admin(MASTER))
    call(master, "AssumeRole", "master, wrong external id", ExternalId="wrong-id", **masters)
    call(master, "AssumeRole", "master, no external id", **masters)
    granted = call(master, "AssumeRole", "master", ExternalId="right-id", **masters)
    as_role = Credentials.of(granted["Credentials"])
    call(p.client("sts", as_role), "GetCallerIdentity", "session")
    call(p.client("iam", as_role), "GetRole", "by a session", RoleName="conf-masters")
    limited = {"ExternalId": "right-id", "Policy": DENY_ALL, "DurationSeconds": 900}
    granted = call(master, "AssumeRole", "master, session policy", **limited, **masters)
    as_nobody = Credentials.of(granted["Credentials"])
    call(p.client("iam", as_nobody), "GetRole", "under a session policy", RoleName="conf-masters")
    p.iam.detach_role_policy(RoleName="conf-masters", PolicyArn=ADMINISTRATOR)
    p.iam.delete_role(RoleName="conf-masters")
    call(master, "AssumeRole", "deleted role", ExternalId="right-id", **masters)


def account(p):
    call, iam = p.call, p.iam
    call(iam, "ListAccountAliases", "none")
    call(iam, "CreateAccountAlias", AccountAlias=f"conf-{p.emulator.name}")
    call(iam, "ListAccountAliases")
    call(iam, "GetAccountSummary")
    admin = p.arn("user/admin")
    call(iam, "SimulatePrincipalPolicy", PolicySourceArn=admin, ActionNames=["iam:CreateRole", "iam:DeleteRole"])
    call(p.organizations, "ListAccounts", "not by the management account")
    management = p.client("organizations", p.emulator.management_admin())
    call(management, "DescribeOrganization")
    call(management, "ListAccounts")
    call(management, "ListAccounts", "a page of one", MaxResults=1)


ALL = [roles, refused_roles, role_tags, role_policies, users, access_keys, policies, assuming, account]
