"""Every call the sandbox knows, made by a stock boto3 client. Exits with 1 at the first surprise.

The environment is the sandbox's own, plus SANDBOX_WORLD: a JSON object with the credentials of other callers.
"""

import datetime
import json
import os
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

WORLD = json.loads(os.environ["SANDBOX_WORLD"])
ACCOUNT = WORLD["member"]
OTHER = WORLD["other"]
MASTER = WORLD["master"]
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ADMIN = f"arn:aws:iam::aws:policy/AdministratorAccess"
DENY_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
ALLOW_STS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})


def client(service, credentials=None):
    config = Config(parameter_validation=False, retries={"max_attempts": 0, "mode": "standard"})
    if credentials is None:
        return boto3.client(service, config=config)
    return boto3.client(
        service,
        config=config,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
    )


def fails(code, call, text=None, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code, (code, got)
        assert text is None or text in got["Message"], (text, got)
        assert error.response["ResponseMetadata"]["RequestId"]
        return got["Message"]
    raise AssertionError(f"{call} did not answer {code}")


def trust(principal, external_id=None, **more):
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


iam = client("iam")
sts = client("sts")
master_iam = client("iam", WORLD["master_credentials"])
master_sts = client("sts", WORLD["master_credentials"])


def roles():
    created = iam.create_role(
        RoleName="Turbot-Onboard",
        Path="/p/",
        Description="a role",
        MaxSessionDuration=7200,
        AssumeRolePolicyDocument=trust([MASTER], "right"),
        Tags=[{"Key": "turbot-onboard:turbot-id", "Value": "aab"}],
    )["Role"]
    assert created["RoleId"].startswith("AROA") and len(created["RoleId"]) == 21, created
    assert created["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/p/Turbot-Onboard"
    assert created["Tags"] == [{"Key": "turbot-onboard:turbot-id", "Value": "aab"}]
    got = iam.get_role(RoleName="Turbot-Onboard")
    role = got["Role"]
    assert role["RoleId"] == created["RoleId"] and role["Description"] == "a role"
    assert role["MaxSessionDuration"] == 7200 and role["RoleLastUsed"] == {}
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{MASTER}:root"}
    assert abs(datetime.datetime.now(datetime.timezone.utc) - role["CreateDate"]) < datetime.timedelta(minutes=1)
    assert got["ResponseMetadata"]["HTTPHeaders"]["date"].endswith("GMT")
    document = trust(MASTER, "right")
    for name in ["Turbot-Onboard", "turbot-onboard"]:
        fails("EntityAlreadyExists", iam.create_role, f"Role with name {name} already exists.", RoleName=name, AssumeRolePolicyDocument=document)
    fails("NoSuchEntity", iam.get_role, "The role with name nothing cannot be found.", RoleName="nothing")
    fails("ValidationError", iam.create_role, "roleName", RoleName="bad name", AssumeRolePolicyDocument=document)
    fails("MalformedPolicyDocument", iam.create_role, "invalid Json", RoleName="x", AssumeRolePolicyDocument="{")
    for principal in ["arn:aws-cn:iam::210987654321:root", "999999999999", f"arn:aws:iam::{MASTER}:role/none"]:
        text = f'Invalid principal in policy: "AWS":"{principal}"'
        fails("MalformedPolicyDocument", iam.create_role, text, RoleName="x", AssumeRolePolicyDocument=trust(principal))
    fails("MalformedPolicyDocument", iam.create_role, "prohibited field Resource", RoleName="x", AssumeRolePolicyDocument=trust(MASTER, Resource="*"))
    fails("LimitExceeded", iam.create_role, "ACLSizePerRole: 2048", RoleName="x", AssumeRolePolicyDocument=trust(MASTER, "x" * 2048))
    white = trust(MASTER, "x") + " " * 4000
    iam.create_role(RoleName="white", AssumeRolePolicyDocument=white)
    iam.delete_role(RoleName="white")

    iam.update_role(RoleName="Turbot-Onboard", Description="another", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="Turbot-Onboard", PolicyDocument=trust(f"arn:aws:iam::{MASTER}:root", "right"))
    assert iam.get_role(RoleName="Turbot-Onboard")["Role"]["Description"] == "another"
    names = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1}) for role in page["Roles"]]
    assert names == ["OrganizationAccountAccessRole", "Turbot-Onboard"], names

    iam.tag_role(RoleName="Turbot-Onboard", Tags=[{"Key": f"k{i}", "Value": "v"} for i in range(40)])
    iam.tag_role(RoleName="Turbot-Onboard", Tags=[{"Key": "K0", "Value": "w"}])
    pages = list(iam.get_paginator("list_role_tags").paginate(RoleName="Turbot-Onboard", PaginationConfig={"PageSize": 15}))
    tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    assert len(pages) == 3 and len(tags) == 41 and tags["K0"] == "w" and "k0" not in tags, tags
    fails("LimitExceeded", iam.tag_role, RoleName="Turbot-Onboard", Tags=[{"Key": f"m{i}", "Value": ""} for i in range(10)])
    fails("InvalidInput", iam.tag_role, "Duplicate tag keys", RoleName="Turbot-Onboard", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
    fails("ValidationError", iam.tag_role, RoleName="Turbot-Onboard", Tags=[{"Key": "a;b", "Value": ""}])
    iam.untag_role(RoleName="Turbot-Onboard", TagKeys=["K0"] + [f"k{i}" for i in range(1, 40)])
    assert len(iam.list_role_tags(RoleName="Turbot-Onboard")["Tags"]) == 1

    for _ in range(2):
        iam.attach_role_policy(RoleName="Turbot-Onboard", PolicyArn=ADMIN)
    attached = iam.list_attached_role_policies(RoleName="Turbot-Onboard")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMIN}], attached
    fails("NoSuchEntity", iam.attach_role_policy, "does not exist or is not attachable", RoleName="Turbot-Onboard", PolicyArn="arn:aws-cn:iam::aws:policy/AdministratorAccess")
    fails("NoSuchEntity", iam.detach_role_policy, RoleName="Turbot-Onboard", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    iam.put_role_policy(RoleName="Turbot-Onboard", PolicyName="inline", PolicyDocument=DENY_ALL)
    assert iam.list_role_policies(RoleName="Turbot-Onboard")["PolicyNames"] == ["inline"]
    assert iam.get_role_policy(RoleName="Turbot-Onboard", PolicyName="inline")["PolicyDocument"] == json.loads(DENY_ALL)
    fails("NoSuchEntity", iam.get_role_policy, RoleName="Turbot-Onboard", PolicyName="none")
    fails("LimitExceeded", iam.put_role_policy, "Maximum policy size of 10240 bytes", RoleName="Turbot-Onboard", PolicyName="big", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:" + "x" * 100] * 110, "Resource": "*"}]}))
    iam.put_role_permissions_boundary(RoleName="Turbot-Onboard", PermissionsBoundary=ADMIN)
    assert iam.get_role(RoleName="Turbot-Onboard")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == ADMIN
    iam.delete_role_permissions_boundary(RoleName="Turbot-Onboard")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="Turbot-Onboard")
    profiles = iam.list_instance_profiles_for_role(RoleName="Turbot-Onboard")["InstanceProfiles"]
    assert [p["InstanceProfileName"] for p in profiles] == ["profile"] and profiles[0]["Roles"][0]["RoleName"] == "Turbot-Onboard"

    fails("DeleteConflict", iam.delete_role, "remove roles from instance profile", RoleName="Turbot-Onboard")
    fails("DeleteConflict", iam.delete_instance_profile, InstanceProfileName="profile")
    iam.remove_role_from_instance_profile(InstanceProfileName="profile", RoleName="Turbot-Onboard")
    iam.delete_instance_profile(InstanceProfileName="profile")
    fails("DeleteConflict", iam.delete_role, "must detach all policies first", RoleName="Turbot-Onboard")
    iam.detach_role_policy(RoleName="Turbot-Onboard", PolicyArn=ADMIN)
    fails("DeleteConflict", iam.delete_role, "must delete policies first", RoleName="Turbot-Onboard")
    iam.delete_role_policy(RoleName="Turbot-Onboard", PolicyName="inline")
    iam.delete_role(RoleName="Turbot-Onboard")
    fails("NoSuchEntity", iam.delete_role, RoleName="Turbot-Onboard")


def users():
    user = iam.create_user(UserName="robot", Path="/r/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert user["UserId"].startswith("AIDA") and user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/r/robot"
    fails("EntityAlreadyExists", iam.create_user, "User with name ROBOT already exists.", UserName="ROBOT")
    assert iam.get_user(UserName="robot")["User"]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert iam.get_user()["User"]["UserName"] == "admin"
    assert [u["UserName"] for u in iam.list_users(PathPrefix="/r/")["Users"]] == ["robot"]
    iam.tag_user(UserName="robot", Tags=[{"Key": "c", "Value": ""}])
    iam.untag_user(UserName="robot", TagKeys=["a"])
    assert iam.list_user_tags(UserName="robot")["Tags"] == [{"Key": "c", "Value": ""}]
    iam.attach_user_policy(UserName="robot", PolicyArn=ADMIN)
    assert [p["PolicyArn"] for p in iam.list_attached_user_policies(UserName="robot")["AttachedPolicies"]] == [ADMIN]
    iam.put_user_policy(UserName="robot", PolicyName="inline", PolicyDocument=ALLOW_STS)
    assert iam.list_user_policies(UserName="robot")["PolicyNames"] == ["inline"]
    assert iam.get_user_policy(UserName="robot", PolicyName="inline")["PolicyDocument"] == json.loads(ALLOW_STS)
    iam.put_user_permissions_boundary(UserName="robot", PermissionsBoundary=ADMIN)
    iam.delete_user_permissions_boundary(UserName="robot")
    fails("NoSuchEntity", iam.delete_user_permissions_boundary, UserName="robot")

    keys = [iam.create_access_key(UserName="robot")["AccessKey"] for _ in range(2)]
    assert all(key["AccessKeyId"].startswith("AKIA") and "/" in key["SecretAccessKey"] and "+" in key["SecretAccessKey"] for key in keys)
    fails("LimitExceeded", iam.create_access_key, "Cannot exceed quota for AccessKeysPerUser: 2", UserName="robot")
    listed = iam.list_access_keys(UserName="robot")["AccessKeyMetadata"]
    assert {k["AccessKeyId"] for k in listed} == {k["AccessKeyId"] for k in keys} and "SecretAccessKey" not in listed[0]
    assert iam.get_access_key_last_used(AccessKeyId=keys[0]["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    own = client("sts", keys[0])
    assert own.get_caller_identity()["Arn"] == user["Arn"]
    last = iam.get_access_key_last_used(AccessKeyId=keys[0]["AccessKeyId"])
    assert last["AccessKeyLastUsed"]["ServiceName"] == "sts" and last["UserName"] == "robot", last
    fails("AccessDenied", iam.get_access_key_last_used, AccessKeyId=WORLD["master_credentials"]["AccessKeyId"])
    fails("SignatureDoesNotMatch", client("sts", {**keys[0], "SecretAccessKey": "x" * 40}).get_caller_identity)
    fails("InvalidClientTokenId", client("sts", {**keys[0], "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}).get_caller_identity)
    fails("InvalidClientTokenId", client("sts", {**keys[0], "SessionToken": "t"}).get_caller_identity)
    iam.update_access_key(UserName="robot", AccessKeyId=keys[0]["AccessKeyId"], Status="Inactive")
    fails("InvalidClientTokenId", own.get_caller_identity)
    fails("NoSuchEntity", iam.delete_access_key, "The Access Key with id", UserName="admin", AccessKeyId=keys[0]["AccessKeyId"])

    iam.create_group(GroupName="group")
    iam.add_user_to_group(GroupName="group", UserName="robot")
    assert [g["GroupName"] for g in iam.list_groups_for_user(UserName="robot")["Groups"]] == ["group"]
    fails("NoSuchEntity", iam.get_login_profile, "Login Profile for User robot cannot be found.", UserName="robot")
    iam.create_login_profile(UserName="robot", Password="not-a-real-one-1!")
    assert iam.get_login_profile(UserName="robot")["LoginProfile"]["UserName"] == "robot"
    assert iam.list_mfa_devices(UserName="robot")["MFADevices"] == []
    assert iam.list_ssh_public_keys(UserName="robot")["SSHPublicKeys"] == []
    assert iam.list_service_specific_credentials(UserName="robot")["ServiceSpecificCredentials"] == []
    assert iam.list_signing_certificates(UserName="robot")["Certificates"] == []
    for blocker, removal in [
        ("login profile", lambda: iam.delete_login_profile(UserName="robot")),
        ("access keys", lambda: [iam.delete_access_key(UserName="robot", AccessKeyId=k["AccessKeyId"]) for k in keys]),
        ("users from group", lambda: iam.remove_user_from_group(GroupName="group", UserName="robot")),
        ("detach all policies", lambda: iam.detach_user_policy(UserName="robot", PolicyArn=ADMIN)),
        ("delete policies", lambda: iam.delete_user_policy(UserName="robot", PolicyName="inline")),
    ]:
        fails("DeleteConflict", iam.delete_user, blocker, UserName="robot")
        removal()
    iam.delete_user(UserName="robot")
    iam.delete_group(GroupName="group")
    fails("NoSuchEntity", iam.get_user, "The user with name robot cannot be found.", UserName="robot")


def policies():
    made = [iam.create_policy(PolicyName=f"turbot-onboard-{i}", Path="/turbot-onboard/", PolicyDocument=DENY_ALL, Description="journal", Tags=[{"Key": "run", "Value": "1"}])["Policy"] for i in range(3)]
    arn = made[0]["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/turbot-onboard/turbot-onboard-0" and made[0]["PolicyId"].startswith("ANPA")
    fails("EntityAlreadyExists", iam.create_policy, "A policy called TURBOT-onboard-0 already exists. Duplicate names are not allowed.", PolicyName="TURBOT-onboard-0", PolicyDocument=DENY_ALL)
    fails("MalformedPolicyDocument", iam.create_policy, PolicyName="x", PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*"}]}')
    fails("LimitExceeded", iam.create_policy, "PolicySize: 6144", PolicyName="x", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:" + "x" * 100] * 70, "Resource": "*"}]}))
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert got["Description"] == "journal" and got["Tags"] == [{"Key": "run", "Value": "1"}] and got["AttachmentCount"] == 0
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == json.loads(DENY_ALL)
    pages = list(iam.get_paginator("list_policies").paginate(Scope="Local", PathPrefix="/turbot-onboard/", PaginationConfig={"PageSize": 2}))
    assert [len(page["Policies"]) for page in pages] == [2, 1]
    assert any(p["Arn"] == ADMIN for page in iam.get_paginator("list_policies").paginate(Scope="AWS") for p in page["Policies"])
    assert iam.get_policy(PolicyArn=ADMIN)["Policy"]["DefaultVersionId"] == "v1"
    assert iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/job-function/Billing")["Policy"]["Path"] == "/job-function/"
    fails("NoSuchEntity", iam.get_policy, "was not found", PolicyArn=arn + "x")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "import-requested", "Value": "now"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["run"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "import-requested", "Value": "now"}]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW_STS, SetAsDefault=True)
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    iam.create_user(UserName="holder")
    iam.attach_user_policy(UserName="holder", PolicyArn=arn)
    assert [u["UserName"] for u in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == ["holder"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    fails("DeleteConflict", iam.delete_policy, "attached to entities", PolicyArn=arn)
    iam.detach_user_policy(UserName="holder", PolicyArn=arn)
    iam.delete_user(UserName="holder")
    fails("DeleteConflict", iam.delete_policy, "more than one version", PolicyArn=arn)
    fails("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    for policy in made:
        iam.delete_policy(PolicyArn=policy["Arn"])
    fails("NoSuchEntity", iam.delete_policy, PolicyArn=arn)

    iam.create_role(RoleName="many", AssumeRolePolicyDocument=trust(MASTER))
    arns = [iam.create_policy(PolicyName=f"p{i}", PolicyDocument=DENY_ALL)["Policy"]["Arn"] for i in range(21)]
    for policy in arns[:20]:
        iam.attach_role_policy(RoleName="many", PolicyArn=policy)
    fails("LimitExceeded", iam.attach_role_policy, "Cannot exceed quota for PoliciesPerRole: 20", RoleName="many", PolicyArn=arns[20])
    for policy in arns[:20]:
        iam.detach_role_policy(RoleName="many", PolicyArn=policy)
    for policy in arns:
        iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName="many")


def account():
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="my-alias")
    assert iam.list_account_aliases()["AccountAliases"] == ["my-alias"]
    iam.delete_account_alias(AccountAlias="my-alias")
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Roles"] == 1 and summary["RolesQuota"] == 1000 and summary["AttachedPoliciesPerRoleQuota"] == 20
    fails("InvalidAction", iam.list_saml_providers)


def assume():
    iam.create_role(RoleName="vendor", AssumeRolePolicyDocument=trust(MASTER, "right/:-_x"))
    iam.attach_role_policy(RoleName="vendor", PolicyArn=ADMIN)
    arn = f"arn:aws:iam::{ACCOUNT}:role/vendor"
    with_id = dict(RoleArn=arn, RoleSessionName="s1", ExternalId="right/:-_x")
    denied = "is not authorized to perform: sts:AssumeRole on resource: " + arn
    fails("AccessDenied", master_sts.assume_role, denied, **{**with_id, "ExternalId": "wrong"})
    fails("AccessDenied", master_sts.assume_role, denied, RoleArn=arn, RoleSessionName="s1")
    fails("AccessDenied", master_sts.assume_role, RoleArn=arn + "x", RoleSessionName="s1", ExternalId="right/:-_x")
    fails("AccessDenied", sts.assume_role, denied, **with_id)
    fails("ValidationError", master_sts.assume_role, "greater than or equal to 900", **with_id, DurationSeconds=899)
    fails("ValidationError", master_sts.assume_role, "MaxSessionDuration", **with_id, DurationSeconds=7200)
    fails("ValidationError", master_sts.assume_role, "Request ARN is invalid", **{**with_id, "RoleArn": arn.replace("arn:aws:", "arn:aws-cn:")})
    answer = master_sts.assume_role(**with_id, DurationSeconds=900)
    session = answer["Credentials"]
    assert session["AccessKeyId"].startswith("ASIA")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/vendor/s1"
    left = session["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=850) < left < datetime.timedelta(seconds=950)
    inside = client("sts", session)
    assert inside.get_caller_identity()["Account"] == ACCOUNT
    assert client("iam", session).get_role(RoleName="vendor")["Role"]["RoleLastUsed"]["LastUsedDate"]
    fails("InvalidClientTokenId", client("sts", {**session, "SessionToken": "wrong"}).get_caller_identity)
    fails("ValidationError", client("iam", session).get_user, "Must specify userName")
    fails("ValidationError", client("iam", session).list_access_keys, "Must specify userName")
    fails("AccessDenied", inside.get_session_token, "Cannot call GetSessionToken with session credentials")
    limited = master_sts.assume_role(**with_id, Policy=DENY_ALL)["Credentials"]
    assert client("sts", limited).get_caller_identity()["Account"] == ACCOUNT
    fails("AccessDenied", client("iam", limited).list_roles, "explicit deny in a session policy")
    limited = master_sts.assume_role(**with_id, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}])["Credentials"]
    fails("AccessDenied", client("iam", limited).list_roles, "because no session policy allows the iam:ListRoles action")

    token = sts.get_session_token()["Credentials"]
    assert client("sts", token).get_caller_identity()["Arn"].endswith(":user/admin")
    fails("InvalidClientTokenId", client("iam", token).list_roles)
    assert sts.get_access_key_info(AccessKeyId=WORLD["master_credentials"]["AccessKeyId"])["Account"] == MASTER
    root = client("sts", WORLD["root_credentials"])
    assert root.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    fails("AccessDenied", root.assume_role, "Roles may not be assumed by root accounts.", RoleArn=arn, RoleSessionName="s1")
    assert client("iam", WORLD["root_credentials"]).get_user()["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"

    # A role that names another role by ARN loses it for good when that one is made anew.
    master_iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust(MASTER))
    caller = f"arn:aws:iam::{MASTER}:role/caller"
    iam.update_assume_role_policy(RoleName="vendor", PolicyDocument=trust(caller))
    master_iam.delete_role(RoleName="caller")
    shown = iam.get_role(RoleName="vendor")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
    assert shown.startswith("AROA"), shown
    master_iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust(MASTER))
    assert iam.get_role(RoleName="vendor")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"] == shown
    master_iam.delete_role(RoleName="caller")
    iam.detach_role_policy(RoleName="vendor", PolicyArn=ADMIN)
    iam.delete_role(RoleName="vendor")


def authorization():
    iam.create_user(UserName="weak")
    key = iam.create_access_key(UserName="weak")["AccessKey"]
    weak = client("iam", key)
    message = fails("AccessDenied", weak.create_role, RoleName="x", AssumeRolePolicyDocument=trust(MASTER))
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/weak is not authorized to perform: iam:CreateRole on resource: "
        f"arn:aws:iam::{ACCOUNT}:role/x because no identity-based policy allows the iam:CreateRole action"
    ), message
    assert client("sts", key).get_caller_identity()["Account"] == ACCOUNT
    only_roles = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*Role", "Resource": f"arn:aws:iam::{ACCOUNT}:role/x*"}]})
    iam.put_user_policy(UserName="weak", PolicyName="p", PolicyDocument=only_roles)
    weak.create_role(RoleName="x1", AssumeRolePolicyDocument=trust(MASTER))
    fails("AccessDenied", weak.create_role, RoleName="y1", AssumeRolePolicyDocument=trust(MASTER))
    fails("AccessDenied", weak.attach_role_policy, "iam:AttachRolePolicy", RoleName="x1", PolicyArn=ADMIN)
    iam.attach_user_policy(UserName="weak", PolicyArn=ADMIN)
    iam.put_user_permissions_boundary(UserName="weak", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    fails("AccessDenied", weak.delete_role, "because no permissions boundary allows the iam:DeleteRole action", RoleName="x1")
    results = iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/weak", ActionNames=["iam:GetRole", "iam:DeleteRole"])["EvaluationResults"]
    assert [r["EvalDecision"] for r in results] == ["allowed", "implicitDeny"], results
    assert results[1]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    fails("InvalidInput", iam.simulate_principal_policy, PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:root", ActionNames=["iam:GetRole"])
    iam.delete_role(RoleName="x1")
    iam.delete_user_permissions_boundary(UserName="weak")
    iam.delete_user_policy(UserName="weak", PolicyName="p")
    iam.detach_user_policy(UserName="weak", PolicyArn=ADMIN)
    iam.delete_access_key(UserName="weak", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="weak")


def organizations():
    management = client("organizations", WORLD["management_credentials"])
    member = client("organizations")
    described = management.describe_organization()["Organization"]
    assert described["MasterAccountId"] == WORLD["management"]
    assert member.describe_organization()["Organization"]["MasterAccountId"] == WORLD["management"]
    fails("AccessDeniedException", member.list_accounts)
    fails("AWSOrganizationsNotInUseException", client("organizations", WORLD["master_credentials"]).describe_organization)
    pages = list(management.get_paginator("list_accounts").paginate())
    accounts = {a["Id"]: a for page in pages for a in page["Accounts"]}
    assert len(pages[0]["Accounts"]) == 20 and len(accounts) == WORLD["members"] + 3, len(accounts)
    assert {a["State"] for a in accounts.values()} == {"ACTIVE", "SUSPENDED", "PENDING_ACTIVATION"}
    assert accounts[ACCOUNT]["Status"] == "ACTIVE" and accounts[ACCOUNT]["Paths"][0].endswith(f"/{ACCOUNT}/")
    fails("InvalidInputException", management.list_accounts, NextToken="nonsense")
    assert management.describe_account(AccountId=ACCOUNT)["Account"]["Id"] == ACCOUNT
    fails("AccountNotFoundException", management.describe_account, AccountId="999999999999")
    root = management.list_roots()["Roots"][0]["Id"]
    found = set()
    parents = [root]
    while parents:
        parent = parents.pop()
        for page in management.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
            parents += [unit["Id"] for unit in page["OrganizationalUnits"]]
        for page in management.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
            found |= {a["Id"] for a in page["Accounts"]}
    assert found == set(accounts)
    fails("ParentNotFoundException", management.list_accounts_for_parent, ParentId="ou-a1b2-99999999")
    assert management.list_tags_for_resource(ResourceId=ACCOUNT)["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert management.list_policies_for_target(TargetId=ACCOUNT, Filter="SERVICE_CONTROL_POLICY")["Policies"][0]["Name"] == "FullAWSAccess"
    fails("InvalidSignatureException", client("organizations", {**WORLD["management_credentials"], "SecretAccessKey": "x" * 40}).list_roots)

    manager = client("sts", WORLD["management_credentials"])
    arn = f"arn:aws:iam::{OTHER}:role/OrganizationAccountAccessRole"
    session = manager.assume_role(RoleArn=arn, RoleSessionName="bulk")["Credentials"]
    assert client("sts", session).get_caller_identity()["Account"] == OTHER
    chained = client("sts", session)
    client("iam", session).create_role(RoleName="chained", MaxSessionDuration=43200, AssumeRolePolicyDocument=trust(OTHER))
    role = f"arn:aws:iam::{OTHER}:role/chained"
    fails("ValidationError", chained.assume_role, "role chaining", RoleArn=role, RoleSessionName="again", DurationSeconds=7200)
    chained.assume_role(RoleArn=role, RoleSessionName="again", DurationSeconds=3600)
    client("iam", session).delete_role(RoleName="chained")
    fails("AccessDenied", manager.assume_role, RoleArn="arn:aws:iam::555566667777:role/OrganizationAccountAccessRole", RoleSessionName="bulk")


def control():
    def call(path, method="GET", body=None):
        request = urllib.request.Request(ENDPOINT + path, method=method, data=body and json.dumps(body).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    assert call("/_sandbox/health") == {"status": "ok"}
    assert any(a["id"] == ACCOUNT for a in call("/_sandbox/accounts"))
    before = call(f"/_sandbox/state/{ACCOUNT}")
    faults = [
        {"call": "iam:CreateRole", "when": "after", "what": "internal-error"},
        {"call": "iam:GetRole", "what": {"throttle": {"retry-after": 1}}},
        {"call": "iam:GetUser", "what": {"access-denied": {"policy": "service-control", "arn": "arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"}}},
        {"call": "organizations:*", "what": {"throttle": {}}},
    ]
    assert call("/_sandbox/faults", "POST", faults) == {"added": 4}
    fails("ServiceFailure", iam.create_role, RoleName="lost", AssumeRolePolicyDocument=trust(MASTER))
    fails("Throttling", iam.get_role, "Rate exceeded", RoleName="lost")
    fails("AccessDenied", iam.get_user, "with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1")
    fails("TooManyRequestsException", client("organizations").describe_organization)
    assert iam.get_role(RoleName="lost")["Role"]["RoleName"] == "lost"
    assert "lost" in call(f"/_sandbox/state/{ACCOUNT}")["roles"]
    iam.delete_role(RoleName="lost")
    assert call(f"/_sandbox/state/{ACCOUNT}") == before
    call("/_sandbox/faults", "DELETE")
    log = call("/_sandbox/log")
    record = next(r for r in log if r["fault"] == "internal-error")
    assert record["call"]["name"] == "iam:CreateRole" and record["status"] == 500, record
    whole = json.dumps(log)
    assert "not-a-real-one-1!" not in whole and WORLD["root_credentials"]["SecretAccessKey"] not in whole


for part in [roles, users, policies, account, assume, authorization, organizations, control]:
    part()
    print("ok", part.__name__)
