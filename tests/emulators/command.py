"""The real command, run with nothing of the surrounding environment."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulators import MASTER, REGIONS
from turbot_stand_in import ACCESS_KEY, CLUSTER, SECRET_KEY

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TURBOT_ONBOARD_BIN", ROOT / "target/debug/turbot-onboard")).resolve()
WITHIN = 300
# A second stands for what the real thing has minutes for. Reads are counted in streaks within these times, and a claim is
# to outlast what an emulator takes for a read beside the other tests.
TIMES = {"PROPAGATION": "3s", "VISIBILITY": "3s", "LEASE": "9s", "SETTLE": "12s", "TIMEOUT": "20s"}
ASKS_NOTHING = {"plan", "verify", "doctor"}


@dataclass
class Finished:
    """What a run came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def account(self):
        """The report of the one account."""
        [account] = json.loads(self.stdout)["accounts"]
        return account

    def exits(self, code):
        assert self.code == code, f"exit code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"
        return self


def run_command(arguments, environment, home, secrets):
    """Runs the command to its end; none of the secrets may be in what it prints."""
    run = subprocess.run(
        [BINARY, *arguments],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    for secret in secrets:
        assert secret not in run.stdout + run.stderr, "a secret was printed"
    return Finished(run.returncode, run.stdout, run.stderr)


class Account:
    """One AWS account of an emulator, its administrator, a Turbot and the command between them."""

    def __init__(self, emulator, turbot, recorder, home, partition):
        self.emulator, self.turbot, self.recorder = emulator, turbot, recorder
        self.home, self.partition = home, partition
        self.id = emulator.fresh_account()
        self.admin = emulator.admin(self.id, partition)
        self.iam = self.admin.client("iam", emulator.url, partition)
        self.policies_before = self.own_policies()
        self.keys_in_environment = True

    def write_profiles(self, **profiles):
        """Writes profiles into the home's AWS files."""
        folder = self.home / ".aws"
        folder.mkdir()
        sections = [
            f"[{name}]\naws_access_key_id = {keys.key}\naws_secret_access_key = {keys.secret}\n"
            for name, keys in profiles.items()
        ]
        (folder / "credentials").write_text("\n".join(sections))

    def environment(self):
        times = {f"TURBOT_ONBOARD_{name}": value for name, value in TIMES.items()}
        keys = {"AWS_ACCESS_KEY_ID": self.admin.key, "AWS_SECRET_ACCESS_KEY": self.admin.secret}
        return (keys if self.keys_in_environment else {}) | times | {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.recorder.url,
            "AWS_REGION": REGIONS[self.partition],
            "TURBOT_URL": self.turbot.url,
            "TURBOT_CLUSTER_ID": CLUSTER,
            "TURBOT_MASTER_ACCOUNT_ID": MASTER,
            "TURBOT_ACCESS_KEY": ACCESS_KEY,
            "TURBOT_SECRET_KEY": SECRET_KEY,
        }

    def run(self, verb, *arguments, consents=None):
        """Runs a verb on this account to its end, without asking and with the consents its emulator needs."""
        consent = [] if verb in ASKS_NOTHING else ["--yes"]
        consent.extend(self.emulator.consents if consents is None else consents)
        return self._run(verb, "--account-id", self.id, "--turbot-id", "aab", *consent, *arguments)

    def import_handoff(self, handoff):
        """Runs the Turbot half on a hand-off, which names the account."""
        return self._run("import", "--handoff", str(handoff), "--yes")

    def _run(self, verb, *arguments):
        secrets = (self.admin.secret, SECRET_KEY)
        return run_command([verb, "--output", "json", *arguments], self.environment(), self.home, secrets)

    def arn(self, resource, owner=None):
        return f"arn:{self.partition}:iam::{owner or self.id}:{resource}"

    def administrator_access(self):
        return self.arn("policy/AdministratorAccess", "aws")

    def roles(self):
        return {role["RoleName"]: role for role in self.iam.list_roles()["Roles"]}

    def users(self):
        return {user["UserName"]: user for user in self.iam.list_users()["Users"]}

    def own_policies(self):
        return sorted(policy["Arn"] for policy in self.iam.list_policies(Scope="Local")["Policies"])

    def is_clean(self, also=("turbot_superuser",)):
        """Asserts that nothing of the tool's is left: no role, no user, no journal."""
        assert set(self.roles()) <= set(also), sorted(self.roles())
        assert set(self.users()) == {"admin"}, sorted(self.users())
        assert self.own_policies() == self.policies_before
