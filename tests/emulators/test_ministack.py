"""The command against ministack, which enforces signatures, identity policies, trust policies and external ids."""

import json

import pytest
from botocore.exceptions import ClientError
from emulators import MASTER, Credentials

OTHER = "222233334444"
KINDS = ["role", "keys"]


@pytest.fixture
def account(ministack, account_in):
    return account_in(ministack)


def denied(call, **arguments):
    """The code of the refusal, or None where the call went through."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_account_is_imported_and_a_second_run_changes_nothing(account, kind):
    report = account.run("apply", "--with", kind).exits(0).account
    assert report["outcome"] == "imported"
    assert report["import"] == {"requests": 1, "state": "accepted"}
    assert report["leftovers"] == []
    assert [sent["id"] for sent in account.turbot.imports] == ["aab"]
    account.is_clean()

    place = len(account.recorder.calls)
    assert account.run("apply", "--with", kind).exits(0).account["outcome"] == "already-imported"
    assert account.recorder.writes(place) == []
    assert len(account.turbot.imports) == 1
    assert account.run("verify", "--with", kind).exits(0).account["outcome"] == "matches"


@pytest.mark.parametrize("kind", KINDS)
def test_the_two_halves_one_after_the_other(account, kind):
    handoff = account.home / "handoff.json"
    account.run("bootstrap", "--with", kind, "--handoff", str(handoff)).exits(0)
    assert handoff.stat().st_mode & 0o777 == 0o600
    assert account.import_handoff(handoff).exits(0).account["outcome"] == "imported"
    assert account.run("apply", "--with", kind).exits(0).account["outcome"] == "already-imported"
    account.is_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_cleanup_leaves_nothing_of_a_bootstrap(account, kind):
    account.run("bootstrap", "--with", kind, "--handoff", str(account.home / "handoff.json")).exits(0)
    assert "turbot-onboard" in (account.roles() if kind == "role" else account.users())
    report = account.run("cleanup", "--with", kind).exits(0).account
    assert report["outcome"] == "done"
    assert report["leftovers"] == []
    account.is_clean(also=())
    assert account.run("cleanup", "--with", kind).exits(0).account["outcome"] == "unchanged"


def test_cleanup_gets_past_what_was_hung_on_the_user_by_hand(account):
    account.run("bootstrap", "--with", "keys", "--handoff", str(account.home / "handoff.json")).exits(0)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    user = {"UserName": "turbot-onboard"}
    account.iam.put_user_policy(PolicyName="by-hand", PolicyDocument=json.dumps(deny), **user)
    account.iam.create_access_key(**user)
    report = account.run("cleanup", "--with", "keys").exits(0).account
    assert report["leftovers"] == []
    account.is_clean(also=())


def test_the_role_opens_to_the_master_with_the_external_id_alone(account, ministack):
    handoff = account.home / "handoff.json"
    account.run("bootstrap", "--with", "role", "--handoff", str(handoff)).exits(0)
    [entry] = json.loads(handoff.read_text())["accounts"]
    arn, external_id = entry["role_arn"], entry["external_id"]
    assert arn == account.arn("role/turbot-onboard")

    call = {"RoleArn": arn, "RoleSessionName": "test"}
    master = ministack.admin(MASTER).client("sts", ministack.url)
    assert denied(master.assume_role, **call) == "AccessDenied"
    assert denied(master.assume_role, **call, ExternalId="another") == "AccessDenied"
    third = ministack.admin(OTHER).client("sts", ministack.url)
    assert denied(third.assume_role, **call, ExternalId=external_id) == "AccessDenied"

    session = Credentials.of(master.assume_role(**call, ExternalId=external_id)["Credentials"])
    identity = session.client("sts", ministack.url).get_caller_identity()
    assert identity["Account"] == account.id
    assert set(account.roles()) == {r["RoleName"] for r in session.client("iam", ministack.url).list_roles()["Roles"]}
    account.run("cleanup").exits(0)
    assert denied(master.assume_role, **call, ExternalId=external_id) == "AccessDenied"
    account.is_clean(also=())


@pytest.mark.parametrize("source", ["profile", "environment"])
def test_the_external_id_is_proved_from_the_master_account_before_the_handover(account, ministack, source):
    account.write_profiles(member=account.admin, master=ministack.admin(MASTER))
    # A profile that is named by hand comes before keys in the environment.
    account.keys_in_environment = source == "environment"
    profile = ["--profile", "member"] if source == "profile" else []
    report = account.run("apply", "--verify-as", "master", *profile).exits(0).account
    assert report["outcome"] == "imported"
    results = [answer for name, status, answer in account.recorder.calls if name == "AssumeRole" and status != 200]
    assert results and set(results) == {"AccessDenied"}
    assert ("AssumeRole", 200, None) in account.recorder.calls
    account.is_clean()


def test_what_turbot_cannot_assume_is_refused_and_undone(account):
    # The role trusts another account than the one that Turbot assumes it from.
    result = account.run("apply", "--master-account-id", OTHER).exits(5)
    assert result.account["import"]["state"] == "refused"
    assert result.account["leftovers"] == []
    assert account.turbot.accounts == {}
    account.is_clean(also=())


def test_a_caller_who_may_only_read_changes_nothing(account, ministack):
    account.iam.create_user(UserName="reader")
    account.iam.attach_user_policy(UserName="reader", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    key = account.iam.create_access_key(UserName="reader")["AccessKey"]
    account.admin = Credentials.of(key)
    result = account.run("apply").exits(4)
    assert result.account["error"]["kind"] == "denied", result.account["error"]
    assert account.turbot.imports == []
    assert "turbot-onboard" not in account.roles()
    assert account.own_policies() == account.policies_before


@pytest.mark.parametrize(
    "change", [lambda c: Credentials("AKIAIOSFODNN7EXAMPLE", c.secret), lambda c: Credentials(c.key, "wrong" * 8)]
)
def test_keys_that_are_not_known_or_do_not_sign_are_refused_before_anything(account, change):
    account.admin = change(account.admin)
    result = account.run("apply").exits(4)
    assert result.account["outcome"] == "failed"
    assert account.recorder.writes() == []
    assert account.turbot.imports == []


def test_the_management_account_needs_its_consent(account):
    # ministack makes every account the management account of an organization of its own, and says so when asked.
    result = account.run("apply", consents=()).exits(3)
    assert result.account["error"]["kind"] == "management-account"
    assert account.recorder.writes() == []
