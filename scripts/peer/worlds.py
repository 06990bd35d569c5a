"""The simulated accounts that are measured against: this project's sandbox, or ministack (PyPI), both on loopback."""

import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

MASTER, CALLER = "210987654321", "000000000000"  # ministack's organization belongs to the latter
ENTRANCE, ADMINISTRATOR = "OrganizationAccountAccessRole", "arn:aws:iam::aws:policy/AdministratorAccess"


def line_of(arguments):
    """Starts a program that prints one JSON line and ends when its input does."""
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


class World:
    """Accounts that nobody has touched yet. A context: it is gone afterwards."""

    def __init__(self, tools, name, accounts, latency, log):
        self.tools, self.name, self.accounts, self.latency, self.log = tools, name, accounts, latency, log
        self.processes = []

    def __enter__(self):
        try:
            world = self.sandbox() if self.name == "sandbox" else self.ministack()
        except BaseException:
            self.__exit__()
            raise
        return {**world, "master": MASTER}

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def sandbox(self):
        process, world = line_of([self.tools.simulated, "serve", str(self.accounts), str(self.latency)])
        self.processes.append(process)
        return world

    def ministack(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {**os.environ, "AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port),
                       "MINISTACK_AUTOCREATE_AWS_MANAGED": "1"}
        log = open(self.log, "ab")
        self.processes.append(subprocess.Popen([self.tools.ministack], env=environment, stdout=log, stderr=log,
                                               cwd=os.path.dirname(self.log)))
        address = f"127.0.0.1:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://{address}/_ministack/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("ministack did not start")
        accounts = members(address, self.accounts)
        key, secret = caller(address)
        endpoint = f"http://{address}"
        if self.latency:
            process, slow = line_of([self.tools.simulated, "delay", address, str(self.latency)])
            self.processes.append(process)
            endpoint = slow["endpoint"]
        return {"endpoint": endpoint, "access_key_id": key, "secret_access_key": secret, "accounts": accounts}


FORM = {"content-type": "application/x-www-form-urlencoded"}


class Signed:
    """Signed requests over one connection, without a client's weight."""

    def __init__(self, endpoint):
        self.endpoint = endpoint.rstrip("/") + "/"
        self.connection = http.client.HTTPConnection(self.endpoint.split("//")[1].rstrip("/"), timeout=30)

    def call(self, credentials, service, headers, body):
        request = botocore.awsrequest.AWSRequest("POST", self.endpoint, data=body, headers=headers)
        botocore.auth.SigV4Auth(credentials, service, "us-east-1").add_auth(request)
        self.connection.request("POST", "/", body, dict(request.headers))
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text[:200]}")
        return text

    def query(self, credentials, service, version, **form):
        return self.call(credentials, service, FORM, urllib.parse.urlencode({"Version": version, **form}))


def members(address, count):
    """Accounts of the caller's organization, each with the role by which the caller enters it."""
    signed = Signed(f"http://{address}")
    caller = botocore.credentials.Credentials(CALLER, "test")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{CALLER}:root"}, "Action": "sts:AssumeRole"}]})
    create = {"content-type": "application/x-amz-json-1.1",
              "x-amz-target": "AWSOrganizationsV20161128.CreateAccount"}
    accounts = []
    for n in range(count):
        said = signed.call(caller, "organizations", create,
                           json.dumps({"AccountName": f"member {n}", "Email": f"m{n}@example.com"}))
        account = json.loads(said)["CreateAccountStatus"]["AccountId"]
        # It belongs to the account itself: its own root key makes it.
        root = botocore.credentials.Credentials(account, "test")
        signed.query(root, "iam", "2010-05-08", Action="CreateRole", RoleName=ENTRANCE, AssumeRolePolicyDocument=trust)
        signed.query(root, "iam", "2010-05-08", Action="AttachRolePolicy", RoleName=ENTRANCE, PolicyArn=ADMINISTRATOR)
        accounts.append(account)
    return accounts


def caller(address):
    """A key of a user of the organization's management account, shaped as AWS's are; its root key is 12 digits."""
    signed, root = Signed(f"http://{address}"), botocore.credentials.Credentials(CALLER, "test")
    signed.query(root, "iam", "2010-05-08", Action="CreateUser", UserName="caller")
    signed.query(root, "iam", "2010-05-08", Action="AttachUserPolicy", UserName="caller", PolicyArn=ADMINISTRATOR)
    said = signed.query(root, "iam", "2010-05-08", Action="CreateAccessKey", UserName="caller")
    of = lambda name: said.split(f"<{name}>")[1].split("<")[0]  # noqa: E731
    return of("AccessKeyId"), of("SecretAccessKey")


def missing(world):
    """Of the first, the last and some between: the accounts in which the role does not stand as it should."""
    signed = Signed(world["endpoint"])
    caller = botocore.credentials.Credentials(world["access_key_id"], world["secret_access_key"])
    accounts = world["accounts"]
    wrong = []
    for account in {accounts[len(accounts) * n // 8] for n in range(8)} | {accounts[-1]}:
        said = signed.query(caller, "sts", "2011-06-15", Action="AssumeRole", RoleSessionName="check",
                            RoleArn=f"arn:aws:iam::{account}:role/{ENTRANCE}")
        of = lambda name: said.split(f"<{name}>")[1].split("<")[0]  # noqa: E731
        entered = botocore.credentials.Credentials(of("AccessKeyId"), of("SecretAccessKey"), of("SessionToken"))
        try:
            role = signed.query(entered, "iam", "2010-05-08", Action="GetRole", RoleName="turbot-onboard")
            policies = signed.query(entered, "iam", "2010-05-08", Action="ListAttachedRolePolicies",
                                    RoleName="turbot-onboard")
        except RuntimeError as error:
            wrong.append(f"{account}: {error}")
            continue
        if "ExternalId" not in urllib.parse.unquote(role) or ADMINISTRATOR not in policies:
            wrong.append(f"{account}: not as it should be")
    return wrong
