"""The stack of deploy/, packed and deployed by the AWS CLI into an emulator, with the sandbox as the AWS and the Turbot
that its functions work on."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from command import ROOT, WITHIN
from emulators import BIN, MASTER, Credentials, surroundings
from processes import Server, answers, serve

FUNCTION = Path(os.environ.get("ONBOARD_LAMBDA_BIN", ROOT / "target/debug/onboard-lambda")).resolve()
NAME = "onboard"
ARTIFACTS = "artifacts"
ACCOUNT = "111111111111"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
# Longer than one account alone needs: sixteen are at work at once, on whatever else the machine does.
TIMES = {"PROPAGATION": "6s", "VISIBILITY": "10s", "LEASE": "12s", "SETTLE": "30s", "TIMEOUT": "60s"}
WITHIN_EXECUTION = 300


def start_interpreter(folder):
    """ministack with everything that the stack is made of. It runs a function's own binary, and serves it the Lambda
    runtime API."""

    def attempt(port):
        url = f"http://127.0.0.1:{port}"
        settings = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "cloudformation,s3,iam,sts,lambda,logs,states,sqs,sns,events,monitoring,secretsmanager",
            "IOT_MTLS_ENABLED": "0",
            # Retries wait a hundredth of their time.
            "SFN_WAIT_SCALE": "0.01",
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }
        command = [sys.executable, Path(__file__).with_name("ministack_with_map_results.py")]
        server = Server("ministack", command, surroundings(**settings), folder / "interpreter.log")
        server.await_ready(lambda: answers(f"{url}/_ministack/health"))
        return server, url

    return serve("ministack", attempt)


class Stack:
    """The deployed stack."""

    def __init__(self, server, url, folder):
        self.server, self.url, self.folder = server, url, folder
        self.keys = Credentials(ACCOUNT, "test")
        self.s3, self.states, self.functions = map(self.client, ("s3", "stepfunctions", "lambda"))
        self.outputs = {}
        self._runs = 0

    def client(self, service):
        return self.keys.client(service, self.url)

    def aws(self, *arguments):
        environment = surroundings(
            AWS_ENDPOINT_URL=self.url,
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=self.keys.key,
            AWS_SECRET_ACCESS_KEY=self.keys.secret,
            HOME=str(self.folder),
        )
        run = subprocess.run(
            [BIN / "aws", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def package(self):
        """Packs the function and the stack in a folder of their own, as the repository's scripts do."""
        machine = MACHINES[os.uname().machine]
        for folder in ("deploy", "scripts"):
            (self.folder / folder).mkdir()
        for name in ("deploy/template.yaml", "deploy/state-machine.asl.json", "scripts/package-lambda"):
            shutil.copy(ROOT / name, self.folder / name)
        binary = self.folder / "onboard-lambda"
        # Nine tenths of a debug build are for debuggers.
        subprocess.run(["strip", "-o", binary, FUNCTION], check=True)
        environment = {"PATH": os.environ["PATH"], "ONBOARD_LAMBDA_BIN": str(binary)}
        subprocess.run([self.folder / "scripts/package-lambda", machine], env=environment, check=True)
        self.s3.create_bucket(Bucket=ARTIFACTS)
        template, packed = self.folder / "deploy/template.yaml", self.folder / "packed.yaml"
        self.aws("cloudformation", "package", "--template-file", str(template), "--s3-bucket", ARTIFACTS,
                 "--output-template-file", str(packed))
        return packed, machine

    def deploy(self, sandbox, **parameters):
        """Deploys the stack, and gives its functions the sandbox to work on."""
        packed, machine = self.package()
        secret = {"access_key": sandbox.environment["TURBOT_ACCESS_KEY"], "secret_key": sandbox.environment["TURBOT_SECRET_KEY"]}
        secret = self.client("secretsmanager").create_secret(Name="turbot", SecretString=json.dumps(secret))["ARN"]
        given = {
            "Architecture": machine,
            "TurbotUrl": "https://turbot.example.com",
            "ClusterId": sandbox.environment["TURBOT_CLUSTER_ID"],
            "MasterAccountId": MASTER,
            "TurbotKeysSecret": secret,
        } | parameters
        self.aws("cloudformation", "deploy", "--template-file", str(packed), "--stack-name", NAME,
                 "--capabilities", "CAPABILITY_IAM", "--parameter-overrides",
                 *(f"{name}={value}" for name, value in given.items()))
        [stack] = self.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        for function in self.functions.list_functions()["Functions"]:
            self.points_at(sandbox, function)

    def points_at(self, sandbox, function):
        """The function's own settings, and beside them where the sandbox is and who its caller is there."""
        keys = self.folder / "credentials"
        admin = sandbox.management_admin()
        keys.write_text(f"[management]\naws_access_key_id = {admin.key}\naws_secret_access_key = {admin.secret}\n")
        variables = function["Environment"]["Variables"] | {
            "AWS_ENDPOINT_URL": sandbox.url,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.url,
            "AWS_SHARED_CREDENTIALS_FILE": str(keys),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TURBOT_ONBOARD_PROFILE": "management",
            "TURBOT_URL": sandbox.environment["TURBOT_URL"],
        }
        variables |= {f"TURBOT_ONBOARD_{name}": value for name, value in TIMES.items()}
        self.functions.update_function_configuration(
            FunctionName=function["FunctionName"], Environment={"Variables": variables}
        )

    def limit(self, seconds):
        """How long the function for accounts may run."""
        self.functions.update_function_configuration(FunctionName=f"{NAME}-account", Timeout=seconds)

    def log(self, name):
        """The text of a function's log."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.outputs[name])
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def rule_takes(self, event):
        """Whether the stack's rule matches an event, and sends it to the stack's queue."""
        events = self.client("events")
        [rule] = [rule for rule in events.list_rules()["Rules"] if "Organizations" in rule["Name"]]
        [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"].rpartition(":")[2] == self.outputs["Queue"].rpartition("/")[2]
        return events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]

    def waiting(self):
        """How many messages are in the queues, at work or not."""
        sqs, counts = self.client("sqs"), ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = {}
        for name in ("Queue", "DeadLetters"):
            attributes = sqs.get_queue_attributes(QueueUrl=self.outputs[name], AttributeNames=["All"])["Attributes"]
            found[name] = sum(int(attributes[count]) for count in counts)
        return found

    def put_manifest(self, path):
        key = f"manifests/{path.name}"
        self.s3.put_object(Bucket=self.outputs["Bucket"], Key=key, Body=path.read_bytes())
        return key

    def run(self, **given):
        """Runs an execution to its end."""
        return self.ended(self.start(**given))

    def redrive(self, execution):
        """Redrives an execution to its end."""
        self.states.redrive_execution(executionArn=execution.arn)
        return self.ended(execution.arn)

    def start(self, **given):
        """Starts an execution; its ARN."""
        self._runs += 1
        return self.states.start_execution(
            stateMachineArn=self.outputs["StateMachine"], name=f"run-{self._runs}", input=json.dumps(given)
        )["executionArn"]

    def ended(self, arn):
        """The execution, when it has ended."""
        deadline = time.monotonic() + WITHIN_EXECUTION
        while (found := self.states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.1)
        return Execution(self, arn, found)


class Execution:
    """An execution that has ended."""

    def __init__(self, stack, arn, found):
        self.stack, self.arn, self.status = stack, arn, found["status"]
        self.name = arn.rpartition(":")[2]
        self.error, self.cause = found.get("error"), found.get("cause")

    def map_run(self):
        [run] = self.stack.states.list_map_runs(executionArn=self.arn)["mapRuns"]
        return self.stack.states.describe_map_run(mapRunArn=run["mapRunArn"])

    def results(self):
        """The files of the ResultWriter, fetched: those that its manifest names."""
        folder = self.stack.folder / f"{self.name}-{self.map_run()['redriveCount']}"
        if not folder.exists():
            self.stack.aws("s3", "cp", "--recursive", f"s3://{self.stack.outputs['Bucket']}/results/{self.name}/", str(folder))
        [manifest] = folder.glob("*/manifest.json")
        named = [file["Key"] for files in json.loads(manifest.read_text())["ResultFiles"].values() for file in files]
        return [manifest.parent / Path(key).name for key in named]

    def rows(self, status):
        return [row for file in self.results() if file.name.startswith(status) for row in json.loads(file.read_text())]
