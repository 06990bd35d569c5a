"""The command against moto, which has AWS's partitions, its managed policies and its delete conflicts."""

import json

import pytest
from botocore.exceptions import ClientError

PARTITIONS = ["aws", "aws-us-gov", "aws-cn"]
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture
def account(moto, account_in):
    return account_in(moto)


def handmade(account, name="turbot-onboard"):
    """A role that someone made by hand."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    tags = [{"Key": "Owner", "Value": "someone"}]
    account.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Description="by hand", Tags=tags)


def refusal(call, **arguments):
    """The text of a call's refusal."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return str(error.value)


def attached(account, name="turbot-onboard"):
    answer = account.iam.list_attached_role_policies(RoleName=name)
    return [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]


def tags(account, name="turbot-onboard"):
    return {tag["Key"]: tag["Value"] for tag in account.iam.list_role_tags(RoleName=name)["Tags"]}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_role_in_every_partition(moto, account_in, partition):
    account = account_in(moto, partition)
    handoff = account.home / "handoff.json"
    account.run("bootstrap", "--with", "role", "--handoff", str(handoff)).exits(0)
    role = account.iam.get_role(RoleName="turbot-onboard")["Role"]
    assert role["Arn"] == account.arn("role/turbot-onboard")
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": account.arn("root", "210987654321")}
    assert attached(account) == [account.administrator_access()]
    [entry] = json.loads(handoff.read_text())["accounts"]
    assert entry["partition"] == partition
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": entry["external_id"]}}

    # The same command goes on where the bootstrap ended.
    report = account.run("apply", "--with", "role").exits(0).account
    assert report["outcome"] == "imported"
    assert report["external_id"] == entry["external_id"]
    account.is_clean()
    place = len(account.recorder.calls)
    assert account.run("apply", "--with", "role").exits(0).account["outcome"] == "already-imported"
    assert account.recorder.writes(place) == []


@pytest.mark.parametrize("partition", PARTITIONS)
def test_keys_in_every_partition(moto, account_in, partition):
    account = account_in(moto, partition)
    report = account.run("apply", "--with", "keys").exits(0).account
    assert report["outcome"] == "imported"
    assert report["user_arn"] == account.arn("user/turbot-onboard")
    assert [sent["awsAccessKeyId"] for sent in account.turbot.imports] == [report["access_key_id"]]
    account.is_clean()
    place = len(account.recorder.calls)
    assert account.run("apply", "--with", "keys").exits(0).account["outcome"] == "already-imported"
    assert account.recorder.writes(place) == []


def test_a_plan_changes_nothing_and_is_carried_out(account):
    file = account.home / "aab.plan"
    document = json.loads(account.run("plan", "--out", str(file)).exits(0).stdout)
    steps = [step["step"] for step in document["accounts"][0]["steps"]]
    assert account.recorder.writes() == []
    report = account.run("apply", "--plan", str(file)).exits(0).account
    assert report["outcome"] == "imported"
    assert report["external_id"] == document["accounts"][0]["chosen"]["external_id"]
    assert [step["step"] for step in report["steps"]] == steps
    account.is_clean()


def test_drift_is_found_and_converged(account):
    options = ["--max-session-duration", "7200", "--tag", "Team=Cloud", "--delete-credential", "false"]
    account.run("apply", *options).exits(0)
    trust = account.roles()["turbot-onboard"]["AssumeRolePolicyDocument"]
    assert account.run("verify", *options).exits(0).account["outcome"] == "matches"

    account.iam.detach_role_policy(RoleName="turbot-onboard", PolicyArn=account.administrator_access())
    account.iam.untag_role(RoleName="turbot-onboard", TagKeys=["Team"])
    account.iam.update_role(RoleName="turbot-onboard", MaxSessionDuration=3600, Description="changed")
    assert account.run("verify", *options).exits(8).account["outcome"] == "differs"

    account.run("bootstrap", *options).exits(0)
    role = account.iam.get_role(RoleName="turbot-onboard")["Role"]
    assert role["MaxSessionDuration"] == 7200
    assert role["AssumeRolePolicyDocument"] == trust
    assert tags(account)["Team"] == "Cloud"
    assert attached(account) == [account.administrator_access()]
    assert account.run("verify", *options).exits(0).account["outcome"] == "matches"


def test_cleanup_gets_past_what_was_hung_on_the_role_by_hand(account):
    account.run("bootstrap").exits(0)
    name = {"RoleName": "turbot-onboard"}
    account.iam.put_role_policy(PolicyName="by-hand", PolicyDocument=DENY, **name)
    account.iam.attach_role_policy(PolicyArn=account.arn("policy/ReadOnlyAccess", "aws"), **name)
    assert "DeleteConflict" in refusal(account.iam.delete_role, **name)
    report = account.run("cleanup").exits(0).account
    assert report["outcome"] == "done"
    assert report["leftovers"] == []
    account.is_clean(also=())


@pytest.fixture
def held(account):
    """An account whose role is held by an instance profile that someone made by hand."""
    account.run("bootstrap").exits(0)
    account.iam.create_instance_profile(InstanceProfileName="by-hand")
    account.iam.add_role_to_instance_profile(RoleName="turbot-onboard", InstanceProfileName="by-hand")
    return account


def test_cleanup_does_not_claim_a_role_gone_that_an_instance_profile_holds(held):
    result = held.run("cleanup")
    assert result.code != 0
    assert held.arn("role/turbot-onboard") in [left["id"] for left in result.account["leftovers"]]
    assert "turbot-onboard" in held.roles()
    held.iam.remove_role_from_instance_profile(RoleName="turbot-onboard", InstanceProfileName="by-hand")
    held.run("cleanup").exits(0)
    held.is_clean(also=())


def test_cleanup_names_the_instance_profile_that_holds_a_role(held):
    result = held.run("cleanup").exits(4)
    assert (result.account["outcome"], result.account["error"]["kind"]) == ("failed", "in-use")
    assert "by-hand" in str(result.account["error"]["causes"])


def test_cleanup_of_a_user_stops_where_moto_breaks(account):
    # moto answers ListServiceSpecificCredentials with HTTP 500, which must not count as 'none': see README.md.
    account.run("bootstrap", "--with", "keys", "--handoff", str(account.home / "handoff.json")).exits(0)
    place = len(account.recorder.calls)
    result = account.run("cleanup", "--with", "keys").exits(4)
    assert result.account["error"]["kind"] == "aws-unavailable"
    assert "ListServiceSpecificCredentials" in str(result.account["error"]["causes"])
    assert account.recorder.writes(place) == []
    assert "turbot-onboard" in account.users()


def test_a_foreign_role_is_refused_then_adopted_and_given_back(account):
    handmade(account)
    before = account.iam.get_role(RoleName="turbot-onboard")["Role"]
    result = account.run("apply").exits(3)
    assert result.account["error"]["kind"] == "not-ours", result.account["error"]
    assert account.iam.get_role(RoleName="turbot-onboard")["Role"] == before

    report = account.run("apply", "--adopt").exits(0).account
    assert report["outcome"] == "imported"
    assert account.turbot.imports[0]["deleteAwsRole"] is False
    role = account.iam.get_role(RoleName="turbot-onboard")["Role"]
    assert role["RoleId"] == before["RoleId"]
    assert tags(account)["Owner"] == "someone"
    assert attached(account) == [account.administrator_access()]

    account.run("cleanup").exits(0)
    role = account.iam.get_role(RoleName="turbot-onboard")["Role"]
    assert role["RoleId"] == before["RoleId"]
    assert tags(account) == {"Owner": "someone"}
    assert attached(account) == []
    assert account.own_policies() == account.policies_before
