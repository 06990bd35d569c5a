"""Templates: made by the command, carried out by the tools they are for, compared with what `apply` makes."""

import glob
import json
import os
import shutil
import subprocess
from pathlib import Path

from command import BINARY, ROOT
from emulators import BIN, MASTER, REGIONS
from turbot_stand_in import CLUSTER

SNAPSHOTS = ROOT / "crates/turbot-onboard/src/template/snapshots"
NAME = "turbot-onboard"
ADOPTED = "turbot-onboard:adopted"
EXTERNAL_ID = "b7f9b2f4-5a4e-4a39-9c2c-1f4f1e6d0d5e"
# Every language's quoting is tried: YAML's, HCL's templates, a shell's, and the AWS CLI's file names.
AWKWARD = "it's \"quoted\" ${x} %{if} $(touch pwned) `touch pwned` {a: b} # not a comment \\ é\nend"
BOUNDARY = "arn:aws:iam::aws:policy/AdministratorAccess"
PLAIN = ("--external-id", EXTERNAL_ID)
RICH = (
    *PLAIN,
    *("--role-name", "turbot-import", "--role-path", "/vendors/turbot/", "--role-description", AWKWARD),
    *("--max-session-duration", "7200", "--tag", "Team=Plattform Süd +-=._:/@", "--tag", "Cost Center=42"),
    *("--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess"),
    *("--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    *("--permissions-boundary", BOUNDARY),
)
KEYS = ("--with", "keys", "--tag", "Team=data")


def template(kind, account, *options):
    """What `template` prints for an account; it is given no credentials and no address."""
    return _template(kind, account, "--account-id", account.id, "--turbot-id", "aab", *options)


def template_of_fleet(kind, accounts, *options):
    """What `template` prints for the manifest of some accounts, each with an external ID that ends with its own."""
    rows = [f"{account.id},{turbot_id_of(account)},{external_id_of(account)}" for account in accounts]
    manifest = accounts[0].home / "accounts.csv"
    manifest.write_text("\n".join(["account_id,turbot_id,external_id", *rows, ""]))
    return _template(kind, accounts[0], "--manifest", str(manifest), *options)


def turbot_id_of(account):
    return f"t{account.id}"


def external_id_of(account):
    return f"{EXTERNAL_ID}-{account.id}"


def _template(kind, account, *options):
    command = [BINARY, "template", *kind.split(), *options]
    environment = {
        "HOME": str(account.home),
        "AWS_REGION": REGIONS[account.partition],
        "TURBOT_CLUSTER_ID": CLUSTER,
        "TURBOT_MASTER_ACCOUNT_ID": MASTER,
    }
    run = subprocess.run(command, env=environment, cwd=account.home, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def made(account, with_keys=False, name=NAME):
    """The role or user as IAM shows it, without what differs in every account."""
    iam = account.iam
    if with_keys:
        user = iam.get_user(UserName=name)["User"]
        tags = iam.list_user_tags(UserName=name)["Tags"]
        attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        shown = {"path": user["Path"], "boundary": user.get("PermissionsBoundary")}
    else:
        role = iam.get_role(RoleName=name)["Role"]
        tags = iam.list_role_tags(RoleName=name)["Tags"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        shown = {
            "path": role["Path"],
            "boundary": role.get("PermissionsBoundary"),
            "description": role.get("Description"),
            "seconds": role.get("MaxSessionDuration"),
            "trust": role["AssumeRolePolicyDocument"],
        }
    # CloudFormation's own tags say which stack it is of.
    shown["tags"] = {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}
    shown["attached"] = sorted(policy["PolicyArn"] for policy in attached)
    return shown


def as_apply_makes_it(account, *options, name=NAME):
    """What the command itself makes of the same options, with the mark that a template adds."""
    with_keys = "keys" in options
    handoff = account.home / "by-the-tool.json"
    account.run("bootstrap", "--handoff", str(handoff), *options).exits(0)
    shown = made(account, with_keys, name)
    shown["tags"][ADOPTED] = "true"
    return shown


def goes_on(account, *options, name=NAME):
    """Turbot's half goes on from a template: nothing of what it made is changed, and it is not deleted."""
    with_keys = "keys" in options
    before, place = made(account, with_keys, name), len(account.recorder.calls)
    report = account.run("apply", "--adopt", *options).exits(0).account
    assert report["outcome"] == "imported", report
    assert report["leftovers"] == []
    assert account.turbot.imports[-1]["deleteAwsKey" if with_keys else "deleteAwsRole"] is False
    assert made(account, with_keys, name) == before
    journal = {"CreatePolicy", "TagPolicy", "UntagPolicy", "DeletePolicy"}
    assert set(account.recorder.writes(place)) - {"GetCallerIdentity"} <= journal | ({"CreateAccessKey"} if with_keys else set())
    assert account.own_policies() == account.policies_before
    # And the same without --adopt from now on: it finds nothing to do, and nothing differs.
    place = len(account.recorder.calls)
    assert account.run("apply", *options).exits(0).account["outcome"] == "already-imported"
    assert account.recorder.writes(place) == []
    assert account.run("verify", *options).exits(0).account["outcome"] == "matches"
    assert made(account, with_keys, name) == before


def lint(text, folder):
    """cfn-lint's complaints, warnings too."""
    path = folder / "template.yaml"
    path.write_text(text)
    run = subprocess.run([BIN / "cfn-lint", path], capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def shell(account, script, admin=None):
    """Runs a script of aws commands as an account's administrator."""
    admin = admin or account.admin
    environment = {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(account.home),
        "AWS_ACCESS_KEY_ID": admin.key,
        "AWS_SECRET_ACCESS_KEY": admin.secret,
        "AWS_ENDPOINT_URL": account.emulator.url,
        "AWS_DEFAULT_REGION": REGIONS[account.partition],
        "AWS_PAGER": "",
    }
    return subprocess.run(
        ["sh", "-s"], input=script, env=environment, cwd=account.home, capture_output=True, text=True, check=False
    )


def terraform_plugins():
    """The folders in which Terraform's provider for AWS may lie: nothing is downloaded."""
    home = Path.home()
    places = [
        os.environ.get("TF_PLUGIN_DIR", ""),
        str(home / ".terraform.d/plugins"),
        "/usr/local/share/terraform/plugins",
        *glob.glob("/opt/*/registry.terraform.io/.."),
    ]
    return [place for place in places if place and Path(place, "registry.terraform.io/hashicorp/aws").is_dir()]


def terraform(account, text, admin=None):
    """Plans and applies a module in a folder of its own; None where there is no Terraform or no provider for it."""
    binary, plugins = shutil.which("terraform"), terraform_plugins()
    if binary is None or not plugins:
        return None
    folder = account.home / "module"
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(text)
    admin = admin or account.admin
    settings = folder / "terraform.rc"
    settings.write_text("")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(account.home),
        "TF_CLI_CONFIG_FILE": str(settings),
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "AWS_ACCESS_KEY_ID": admin.key,
        "AWS_SECRET_ACCESS_KEY": admin.secret,
        "AWS_ENDPOINT_URL": account.emulator.url,
        "AWS_REGION": REGIONS[account.partition],
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(*arguments):
        return subprocess.run(
            [binary, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
        )

    begun = run("init", "-no-color", "-input=false", f"-plugin-dir={plugins[0]}")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    return run


def outputs_of(run):
    return {name: output["value"] for name, output in json.loads(run("output", "-json").stdout).items()}
