"""The stand-in for Turbot is held to what Turbot would refuse: otherwise an import that succeeds would prove little."""

import base64
import json
import urllib.error
import urllib.request

import pytest
from emulators import MASTER
from turbot_stand_in import ACCESS_KEY, CLUSTER, SECRET_KEY, TurbotStandIn

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(params=["moto", "ministack"])
def emulator(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def turbot(emulator):
    turbot = TurbotStandIn(emulator)
    yield turbot
    turbot.stop()


@pytest.fixture
def iam(emulator, account):
    return emulator.admin(account).client("iam", emulator.url)


@pytest.fixture
def account(emulator):
    # One account for all of these: each makes a role of its own name.
    return emulator.shared_account()


def post(turbot, body, secret=SECRET_KEY):
    """The status of the answer to an import."""
    login = base64.b64encode(f"{ACCESS_KEY}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{turbot.url}/api/v3/accounts", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def payload(arn, external_id="the-id"):
    common = {"id": "aab", "clusterId": CLUSTER, "title": "T", "type": "awsImport", "description": "d"}
    role = {"awsRoleArn": arn, "awsRoleExternalId": external_id, "deleteAwsRole": True, "checkMode": True}
    return common | role


def make_role(iam, name, **more):
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{MASTER}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    return role["Arn"]


ASKED = {"StringEquals": {"sts:ExternalId": "the-id"}}


@pytest.mark.parametrize(
    ("name", "weakness"),
    [
        ("no-condition", {}),
        ("like", {"Condition": {"StringLike": {"sts:ExternalId": "*"}}}),
        ("if-exists", {"Condition": {"StringEqualsIfExists": {"sts:ExternalId": "the-id"}}}),
        ("anyone", {"Condition": ASKED, "Principal": {"AWS": "*"}}),
        ("another-account", {"Condition": ASKED, "Principal": {"AWS": "arn:aws:iam::222233334444:root"}}),
        ("another-id", {"Condition": {"StringEquals": {"sts:ExternalId": "not-the-id"}}}),
    ],
)
def test_a_role_that_is_not_bound_to_its_external_id_is_refused(turbot, iam, name, weakness):
    assert post(turbot, payload(make_role(iam, name, **weakness))) in (400, 422)
    assert turbot.accounts == {}


def test_a_good_role_is_imported_and_deleted(turbot, iam, account):
    assert post(turbot, payload(make_role(iam, "good", Condition=ASKED))) == 200
    assert turbot.accounts["aab"]["awsAccountId"] == account
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert "good" not in names and "turbot_superuser" in names


def test_keys_of_turbot_and_the_payload_are_checked(turbot, account):
    good = payload(f"arn:aws:iam::{account}:role/never-made")
    assert post(turbot, good, secret="wrong") == 401
    assert post(turbot, good | {"clusterId": "other"}) == 400
    assert post(turbot, {name: value for name, value in good.items() if name != "checkMode"}) == 400
    assert turbot.imports == []
