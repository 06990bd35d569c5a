"""Templates carried out for real, by the tools they are for: what they make is what `apply` makes, and it goes on."""

import json
import shutil
import subprocess
import time

import hcl2
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from emulators import MASTER
from templates import (
    ADOPTED,
    BOUNDARY,
    EXTERNAL_ID,
    KEYS,
    NAME,
    PLAIN,
    RICH,
    SNAPSHOTS,
    as_apply_makes_it,
    external_id_of,
    goes_on,
    lint,
    made,
    outputs_of,
    shell,
    template,
    template_of_fleet,
    terraform,
    turbot_id_of,
)

# A user is adopted in ministack: moto answers ListServiceSpecificCredentials with HTTP 500.
CASES = pytest.mark.parametrize(
    ("emulator", "options", "name"),
    [("moto", PLAIN, NAME), ("moto", RICH, "turbot-import"), ("ministack", KEYS, NAME)],
    ids=["plain", "rich", "keys"],
)


@pytest.fixture
def two(request, account_in, emulator):
    """An account for the template and one beside it for the command itself, in the emulator of the case."""
    server = request.getfixturevalue(emulator)
    return account_in(server), account_in(server)


def create_stack(account, body, **more):
    """Creates a stack and waits for it; the stack."""
    client = account.admin.client("cloudformation", account.emulator.url, account.partition)
    client.create_stack(StackName=NAME, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"], **more)
    for _ in range(100):
        [stack] = client.describe_stacks(StackName=NAME)["Stacks"]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack
        time.sleep(0.05)
    raise AssertionError(stack)


def stack_outputs(stack):
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.mark.parametrize(
    ("emulator", "options", "name", "blind"),
    [
        ("ministack", PLAIN, NAME, ()),
        # ministack's stacks set no boundary of a role, moto's attach no policies to one: each shows what the other cannot.
        ("ministack", RICH, "turbot-import", ("boundary",)),
        ("moto", RICH, "turbot-import", ("attached",)),
        ("ministack", KEYS, NAME, ()),
    ],
    ids=["plain", "rich", "rich-moto", "keys"],
)
def test_a_stack_is_what_apply_makes_and_apply_goes_on(two, options, name, blind):
    account, beside = two
    body = template("cloudformation", account, *options)
    assert lint(body, account.home) == ""
    stack = create_stack(account, body)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    with_keys = "keys" in options
    by_stack, by_apply = made(account, with_keys, name), as_apply_makes_it(beside, *options, name=name)
    for part in blind:
        assert by_stack.pop(part) != by_apply[part], f"{part} is made now: list it no longer"
        by_apply.pop(part)
    assert by_stack == by_apply
    outputs = stack_outputs(stack)
    if with_keys:
        assert outputs["UserArn"].endswith(f"/{name}")
    else:
        assert outputs["RoleArn"] == account.iam.get_role(RoleName=name)["Role"]["Arn"]
        assert outputs["RoleExternalId"] == EXTERNAL_ID
    if "attached" in blind:
        return
    if "boundary" in blind:
        account.iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=BOUNDARY)
    goes_on(account, *options, name=name)


def test_the_external_id_of_a_stack_is_a_parameter(ministack, account_in):
    account = account_in(ministack)
    given = [{"ParameterKey": "ExternalId", "ParameterValue": "another-external-id"}]
    stack = create_stack(account, template("cloudformation", account), Parameters=given)
    [statement] = made(account)["trust"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "another-external-id"}}
    assert stack_outputs(stack)["RoleExternalId"] == "another-external-id"
    assert account.run("apply", "--adopt").exits(0).account["external_id"] == "another-external-id"


@pytest.mark.parametrize("emulator", ["moto", "ministack"])
def test_a_stack_in_another_account_makes_nothing(two):
    account, other = two
    body = template("cloudformation", account)
    try:
        assert create_stack(other, body)["StackStatus"] != "CREATE_COMPLETE"
    except (ClientError, ResponseParserError):
        # moto answers HTTP 500 where a mapping has no such key.
        pass
    assert NAME not in other.roles()


def test_one_template_serves_every_partition(moto, account_in):
    china = account_in(moto, "aws-cn")
    body = template("cloudformation", china)
    # moto's AWS::Partition is always aws; what it makes is what the stack asked for.
    assert "arn:aws" not in body and body.count("${AWS::Partition}") == 2
    assert create_stack(china, body)["StackStatus"] == "CREATE_COMPLETE"
    run = terraform(china, template("terraform", china, "--role-name", "by-module"))
    if run is None:
        pytest.skip("terraform, or its provider for AWS, is not installed")
    applied = run("apply", "-no-color", "-input=false", "-auto-approve")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    role = made(china, name="by-module")
    assert role["trust"]["Statement"][0]["Principal"] == {"AWS": china.arn("root", MASTER)}
    assert role["attached"] == [china.administrator_access()]


def test_a_stack_set_gives_each_account_its_own_external_id(ministack, account_in):
    account = account_in(ministack)
    body = template("cloudformation --stackset", account, *PLAIN)
    assert lint(body, account.home) == ""
    for words in ["management account", "its own external ID", "drift for ever"]:
        assert words in body, words
    # What a StackSet makes of it in an account is a stack without parameters.
    create_stack(account, body)
    [statement] = made(account)["trust"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
    goes_on(account)


@pytest.mark.parametrize("kind", ["cloudformation", "cloudformation --stackset", "commands"])
def test_one_template_serves_all_accounts_of_a_manifest(ministack, account_in, kind):
    accounts = [account_in(ministack), account_in(ministack)]
    text = template_of_fleet(kind, accounts)
    if kind != "commands":
        assert lint(text, accounts[0].home) == ""
    for account in accounts:
        if kind == "commands":
            assert shell(account, text).returncode == 0
        else:
            create_stack(account, text)
        role = made(account)
        [statement] = role["trust"]["Statement"]
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": external_id_of(account)}}
        assert role["tags"]["turbot-onboard:turbot-id"] == turbot_id_of(account)


def test_what_cloudformation_would_replace_is_refused(moto, account_in):
    account = account_in(moto)
    with pytest.raises(AssertionError, match="dynamic reference"):
        template("cloudformation", account, "--role-description", "{{resolve:ssm:name}}")


@CASES
def test_the_commands_are_what_apply_makes_and_apply_goes_on(two, options, name):
    account, beside = two
    script = template("commands", account, *options)
    run = shell(account, script)
    assert run.returncode == 0, run.stderr
    assert not (account.home / "pwned").exists()
    with_keys = "keys" in options
    assert made(account, with_keys, name) == as_apply_makes_it(beside, *options, name=name)
    goes_on(account, *options, name=name)
    # Again they change nothing.
    before = made(account, with_keys, name)
    again = shell(account, script)
    assert again.returncode != 0 and "EntityAlreadyExists" in again.stderr
    assert made(account, with_keys, name) == before


@pytest.mark.parametrize("emulator", ["sandbox", "ministack"])
def test_the_commands_where_everything_is_enforced(request, account_in, emulator):
    account = account_in(request.getfixturevalue(emulator))
    run = shell(account, template("commands", account))
    assert run.returncode == 0, run.stderr
    goes_on(account)


def test_the_commands_in_another_account_do_nothing(moto, account_in):
    account, other = account_in(moto), account_in(moto)
    run = shell(other, template("commands", account))
    assert run.returncode == 3, run.stderr
    assert "this is not for arn:aws:iam::" in run.stderr
    assert NAME not in other.roles()


def test_a_description_that_looks_like_a_file_is_text(moto, account_in):
    account = account_in(moto)
    text = "file:///etc/hostname"
    run = shell(account, template("commands", account, "--role-description", text))
    assert run.returncode == 0, run.stderr
    assert made(account)["description"] == text


@CASES
def test_a_module_is_what_apply_makes_and_apply_goes_on(two, options, name):
    account, beside = two
    text = template("terraform", account, *options)
    parsed = hcl2.loads(text)
    assert {"terraform", "variable", "locals", "data", "resource", "output"} <= set(parsed)
    run = terraform(account, text)
    if run is None:
        pytest.skip("terraform, or its provider for AWS, is not installed: the module was parsed and not applied")
    formatted = run("fmt", "-check", "-diff")
    assert formatted.returncode == 0, formatted.stdout
    applied = run("apply", "-no-color", "-input=false", "-auto-approve")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    with_keys = "keys" in options
    assert made(account, with_keys, name) == as_apply_makes_it(beside, *options, name=name)
    outputs = outputs_of(run)
    if with_keys:
        assert outputs["user_arn"].endswith(f"/{name}")
    else:
        assert outputs["role_arn"] == account.iam.get_role(RoleName=name)["Role"]["Arn"]
        assert outputs["external_id"] == EXTERNAL_ID
    goes_on(account, *options, name=name)
    # The state and the account agree still: no drift.
    planned = run("plan", "-no-color", "-input=false", "-detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr


def test_a_module_in_another_account_plans_nothing(moto, account_in):
    account, other = account_in(moto), account_in(moto)
    run = terraform(other, template("terraform", account))
    if run is None:
        pytest.skip("terraform, or its provider for AWS, is not installed")
    planned = run("plan", "-no-color", "-input=false")
    assert planned.returncode != 0
    assert f"not for account {other.id}" in " ".join(planned.stderr.split())


def test_the_document_of_a_template(moto, account_in):
    account = account_in(moto)
    document = json.loads(template("cloudformation", account, *PLAIN, "--output", "json"))
    assert document["schema"] == "turbot-onboard/template/1"
    assert document["text"] == template("cloudformation", account, *PLAIN)
    [entry] = document["accounts"]
    assert (entry["account_id"], entry["external_id"]) == (account.id, EXTERNAL_ID)
    trust = json.loads(template("policy --for trust", account, *PLAIN))
    assert trust == entry["trust_policy"]
    create_stack(account, document["text"])
    assert made(account)["trust"] == trust
    assert made(account)["tags"][ADOPTED] == "true"


@pytest.mark.parametrize("name", ["stack-of-one", "stack-of-a-fleet", "stack-set-of-a-fleet"])
def test_the_templates_of_fleets_are_clean(name, tmp_path):
    text = (SNAPSHOTS / f"{name}.snap").read_text().split("---\n", 2)[2]
    assert lint(text, tmp_path) == ""


@pytest.mark.parametrize("name", ["module-of-one", "module-of-a-fleet"])
def test_the_modules_of_fleets_are_clean(name, tmp_path):
    text = (SNAPSHOTS / f"{name}.snap").read_text().split("---\n", 2)[2]
    assert "resource" in hcl2.loads(text)
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("terraform is not installed: the module was parsed, and its form was not looked at")
    run = subprocess.run([binary, "fmt", "-check", "-diff", "-"], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
