"""The three simulated AWS that tests run against, each with a way to get administrators in accounts of its own."""

import base64
import hashlib
import itertools
import json
import os
import shlex
import string
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from processes import Server, answers, serve

BIN = Path(sys.executable).parent
REGIONS = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}
MASTER, MANAGEMENT = "210987654321", "999988887777"
ONE_TRY = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=10,
    # A server's first request loads all of moto, beside the other tests.
    read_timeout=240,
    parameter_validation=False,
    ignore_configured_endpoint_urls=True,
)


@dataclass(frozen=True)
class Credentials:
    """Keys, of a user or of a session."""

    key: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, answer):
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("SessionToken"))

    def client(self, service, url, partition="aws"):
        """A boto3 client that tries once, checks no parameters and reads nothing of the surroundings."""
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGIONS[partition],
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=ONE_TRY,
        )


def surroundings(**more):
    """The environment of a server: what it needs to run, and nothing of AWS."""
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **more}


def make_admin(iam, partition="aws"):
    """A user with AdministratorAccess, and a key of it."""
    iam.create_user(UserName="admin")
    iam.attach_user_policy(UserName="admin", PolicyArn=f"arn:{partition}:iam::aws:policy/AdministratorAccess")
    return Credentials.of(iam.create_access_key(UserName="admin")["AccessKey"])


class Emulator:
    """A server, and administrators in its accounts."""

    name = ""
    enforces_trust = True
    # Consents that the command must be given in any account of it.
    consents = ()
    _has_no_organization = False

    def __init__(self, server, url):
        self.server, self.url = server, url
        self._admins, self._shared = {}, None
        self._numbers = itertools.count(300000000001)

    def fresh_account(self):
        """The id of an account that no test has touched."""
        return str(next(self._numbers))

    def shared_account(self):
        """The id of one account for tests that do not get in each other's way."""
        if self._shared is None:
            self._shared = self.fresh_account()
        return self._shared

    def admin(self, account, partition="aws"):
        """The administrator of an account; made when it is first asked for."""
        if (account, partition) not in self._admins:
            self._admins[account, partition] = self._make_admin(account, partition)
        return self._admins[account, partition]

    def _make_admin(self, account, partition):
        raise NotImplementedError

    def management_admin(self):
        """Makes an organization with two more accounts; the administrator of its management account."""
        admin = self.admin(MANAGEMENT)
        organizations = admin.client("organizations", self.url)
        if self._has_no_organization:
            organizations.create_organization(FeatureSet="ALL")
        for name in ("one", "two"):
            organizations.create_account(Email=f"{name}@example.com", AccountName=name)
        return admin

    def stop(self):
        self.server.stop()


class Moto(Emulator):
    """moto with AWS's managed policies. Nothing is authenticated; the trust policies of other accounts' roles are not
    looked at; the region decides the partition."""

    name = "moto"
    _has_no_organization = True
    enforces_trust = False

    def _make_admin(self, account, partition):
        anyone = Credentials("anyone", "anything")
        role = f"arn:{partition}:iam::{account}:role/seed"
        session = anyone.client("sts", self.url, partition).assume_role(RoleArn=role, RoleSessionName="seed")
        return make_admin(Credentials.of(session["Credentials"]).client("iam", self.url, partition), partition)


class Ministack(Emulator):
    """ministack with AUTH: signatures, identity policies and trust policies are enforced; every ARN is of `aws`."""

    name = "ministack"
    # Every account is the management account of an organization of its own.
    consents = ("--allow-management-account",)

    def _make_admin(self, account, partition):
        # A key of twelve digits is that of the account's root user.
        return make_admin(Credentials(account, "test").client("iam", self.url))


class Sandbox(Emulator):
    """The project's own sandbox, as its command serves it: its accounts and their administrators are there from the
    start."""

    name = "sandbox"

    def __init__(self, server, environment):
        super().__init__(server, environment["AWS_ENDPOINT_URL"])
        self.environment = environment
        known = {environment["AWS_ACCESS_KEY_ID"]: environment["AWS_SECRET_ACCESS_KEY"]}
        with urllib.request.urlopen(f"{self.url}/_sandbox/accounts", timeout=10) as answer:
            accounts = {account["id"] for account in json.load(answer)}
        members = sorted(accounts - {MASTER, MANAGEMENT})
        self._members = iter(members)
        # The command prints the keys of one administrator; the others' are derived alike.
        derived = {derived_key(account).key: derived_key(account).secret for account in members}
        assert known.items() <= derived.items(), "the sandbox derives its keys in another way now"

    def fresh_account(self):
        return next(self._members)

    def _make_admin(self, account, partition):
        return derived_key(account)

    def management_admin(self):
        return self.admin(MANAGEMENT)


def derived_key(account, seed=0):
    """The key of the user `admin` of an account of the sandbox, which derives it from the seed."""

    def drawn(label):
        return hashlib.sha256(seed.to_bytes(8, "big") + label.encode()).digest()

    digest = drawn(f"AKIA{account}admin")
    head = 1 << 47 | int(account) << 7 | digest[0] & 0x7F
    key = "AKIA" + base64.b32encode(head.to_bytes(6, "big") + digest[1:5]).decode()
    first = drawn(key)
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    secret = [alphabet[byte & 63] for byte in first + hashlib.sha256(first).digest()][:40]
    secret[11], secret[23] = "/", "+"
    return Credentials(key, "".join(secret))


def start_moto(folder):
    def attempt(port):
        url = f"http://127.0.0.1:{port}"
        command = [BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
        server = Server("moto", command, surroundings(MOTO_IAM_LOAD_MANAGED_POLICIES="true"), folder / "moto.log")
        server.await_ready(lambda: answers(f"{url}/moto-api/data.json"))
        return Moto(server, url)

    return serve("moto", attempt)


def start_ministack(folder):
    def attempt(port):
        url = f"http://127.0.0.1:{port}"
        settings = {
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
            "SERVICES": "iam,sts,organizations,cloudformation",
            # It listens on every interface, on a port of its own.
            "IOT_MTLS_ENABLED": "0",
            "HOME": str(folder),
        }
        server = Server("ministack", [BIN / "ministack"], surroundings(**settings), folder / "ministack.log")
        server.await_ready(lambda: answers(f"{url}/_ministack/health"))
        return Ministack(server, url)

    return serve("ministack", attempt)


def start_sandbox(folder, binary, accounts=3, *options):
    command = [binary, "sandbox", "--accounts", str(accounts), *options]
    server = Server("sandbox", command, surroundings(HOME=str(folder)), folder / "sandbox.log")

    def environment():
        # What it prints comes at once, with the end of a line, when it serves.
        text = server.text()
        words = shlex.split(text, comments=True) if text.endswith("\n") else []
        found = dict(word.split("=", 1) for word in words if "=" in word)
        return found if "TURBOT_SECRET_KEY" in found else None

    return Sandbox(server, server.await_ready(environment))
