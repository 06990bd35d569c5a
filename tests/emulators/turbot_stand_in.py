"""A stand-in for Turbot v3: it does with a credential in the emulated AWS what Turbot does with it in AWS."""

import base64
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError

from emulators import MASTER, Credentials

CLUSTER = "mhe"
ACCESS_KEY, SECRET_KEY = "44829bc4-c682-4f3d-b14c-af77b8728bcb", "5d0a24e7-1c55-4f0e-9f11-6a2f8f1f3f0a"
SUPERUSER = "turbot_superuser"
BOTH = {"id", "clusterId", "title", "type", "description", "checkMode"}
ROLE = BOTH | {"awsRoleArn", "awsRoleExternalId", "deleteAwsRole"}
KEYS = BOTH | {"awsAccessKeyId", "$awsSecretAccessKey", "deleteAwsKey"}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class TurbotStandIn:
    """Serves on loopback from a thread of this process. `imports` holds the payloads that came, secrets left out."""

    def __init__(self, emulator, partition="aws"):
        self.emulator, self.partition = emulator, partition
        self.accounts, self.imports = {}, []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"turbot": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def client(self, service, credentials):
        return credentials.client(service, self.emulator.url, self.partition)

    def import_account(self, body):
        fields = set(body)
        if fields not in (ROLE, KEYS) or body["type"] != "awsImport" or body["clusterId"] != CLUSTER:
            raise Refusal(400, f"the payload is of neither form: {sorted(fields)}")
        with self._lock:
            self.imports.append({name: value for name, value in body.items() if not name.startswith("$")})
            if body["id"] in self.accounts:
                raise Refusal(409, f"an account {body['id']} exists already")
            try:
                aws = self._with_role(body) if fields == ROLE else self._with_keys(body)
            except ClientError as error:
                raise Refusal(400, f"the credential does not work: {error}") from error
            account = {"id": body["id"], "urn": f"urn:turbot:{CLUSTER}:{body['id']}", "title": body["title"]}
            self.accounts[body["id"]] = account | {"description": body["description"], "awsAccountId": aws}
            return self.accounts[body["id"]]

    def _with_role(self, body):
        arn, external_id = body["awsRoleArn"], body["awsRoleExternalId"]
        found = re.fullmatch(r"arn:([a-z-]+):iam::(\d{12}):role/(?:.*/)?([^/]+)", arn)
        if not found or found[1] != self.partition:
            raise Refusal(422, f"{arn} is not the ARN of a role in {self.partition}")
        session = self._assume(arn, external_id)
        iam = self.client("iam", session)
        self._check_trust(iam.get_role(RoleName=found[3])["Role"]["AssumeRolePolicyDocument"], external_id)
        if self.emulator.enforces_trust:
            for other in (None, f"not-{external_id}"):
                if self._may_assume(arn, other):
                    raise Refusal(422, f"the role can be assumed with the external id {other}")
        self._make_superuser(iam)
        if body["deleteAwsRole"]:
            for policy in iam.list_attached_role_policies(RoleName=found[3])["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=found[3], PolicyArn=policy["PolicyArn"])
                # From here on the session has no rights of its own: Turbot goes on with its own role.
                iam = self.client("iam", self._assume(self._superuser(found[2]), None))
            iam.delete_role(RoleName=found[3])
        return found[2]

    def _with_keys(self, body):
        credentials = Credentials(body["awsAccessKeyId"], body["$awsSecretAccessKey"])
        caller = self.client("sts", credentials).get_caller_identity()
        iam = self.client("iam", credentials)
        self._make_superuser(iam)
        if body["deleteAwsKey"]:
            user = caller["Arn"].rsplit("/", 1)[-1]
            iam.delete_access_key(UserName=user, AccessKeyId=credentials.key)
        return caller["Account"]

    def _assume(self, arn, external_id):
        given = {} if external_id is None else {"ExternalId": external_id}
        sts = self.client("sts", self.emulator.admin(MASTER, self.partition))
        return Credentials.of(sts.assume_role(RoleArn=arn, RoleSessionName="turbot", **given)["Credentials"])

    def _may_assume(self, arn, external_id):
        try:
            self._assume(arn, external_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDenied":
                return False
            raise
        return True

    def _check_trust(self, document, external_id):
        """The trust policy is read as well, since not every emulator evaluates it."""
        [statement] = document["Statement"]
        principal, condition = statement["Principal"].get("AWS"), statement.get("Condition")
        if principal not in (MASTER, f"arn:{self.partition}:iam::{MASTER}:root"):
            raise Refusal(422, f"the role trusts {principal}")
        if condition != {"StringEquals": {"sts:ExternalId": external_id}}:
            raise Refusal(422, f"the role's condition is {condition}")

    def _superuser(self, account):
        return f"arn:{self.partition}:iam::{account}:role/{SUPERUSER}"

    def _make_superuser(self, iam):
        principal = {"AWS": f"arn:{self.partition}:iam::{MASTER}:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=SUPERUSER, AssumeRolePolicyDocument=trust)
        administrator = f"arn:{self.partition}:iam::aws:policy/AdministratorAccess"
        iam.attach_role_policy(RoleName=SUPERUSER, PolicyArn=administrator)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    turbot: TurbotStandIn

    def log_message(self, *_):
        """Nothing is logged: requests carry secrets."""

    def _authorized(self):
        expected = base64.b64encode(f"{ACCESS_KEY}:{SECRET_KEY}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            raise Refusal(401, "the access key is not known")

    def _answer(self, work):
        try:
            status, body = 200, work()
        except Refusal as refusal:
            status, body = refusal.status, {"code": refusal.status, "message": str(refusal)}
        except Exception as error:  # whatever broke must reach the test as an answer, not as a reset
            status, body = 500, {"code": 500, "message": f"{type(error).__name__}: {error}"}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):  # the name is http.server's
        self._answer(self._get)

    def _get(self):
        path, accounts = self.path.partition("?")[0], self.turbot.accounts
        if path == "/api/latest/turbot/health":
            return {"cache": "OK", "dynamoDB": "OK", "workersCheck": {"status": "LOCKED"}}
        self._authorized()
        if path == "/api/v3/cluster":
            return {"id": CLUSTER, "urn": f"urn:turbot:{CLUSTER}"}
        if path == "/api/v3/accounts":
            return {"items": list(accounts.values())}
        account = accounts.get(path.removeprefix("/api/v3/accounts/"))
        if account is None:
            raise Refusal(404, f"Not found: {path}")
        return account

    def do_POST(self):  # the name is http.server's
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def work():
            self._authorized()
            if self.path != "/api/v3/accounts":
                raise Refusal(404, f"Not found: {self.path}")
            return self.turbot.import_account(json.loads(body))

        self._answer(work)
