"""The stack of deploy/, as it stands: packed and deployed by the AWS CLI, its state machine run by ministack's
interpreter, its functions the real binary under ministack's Lambda runtime API, the accounts and Turbot the sandbox's.

What ministack lacks and AWS documents is added in ministack_with_map_results.py: the results' files among it, and the
redrive of an execution, which nobody's emulator has.

The tests are one story, in the order of the file.
"""

import json
import re
import urllib.request

import pytest
from command import BINARY, WITHIN, run_command
from emulators import MANAGEMENT, start_sandbox
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from processes import until
from stack import TIMES, Stack, start_interpreter

# Five of them are not in the manifest.
ACCOUNTS = 205
OPTIONS = ("--import-time", "100ms")
# What another run or another moment makes otherwise: members of a report, and ids of runs and requests in its texts.
VOLATILE = {"run", "started_at", "external_id", "offset_millis", "millis"}
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Organization:
    """A sandbox with a manifest of its accounts, all but the last five, and trouble in two of them."""

    def __init__(self, sandbox, home):
        self.sandbox, self.home = sandbox, home
        self.manifest = home / "accounts.csv"
        self.turbot_onboard("discover", "--out", str(self.manifest))
        lines = self.manifest.read_text().splitlines()
        rows = [line for line in lines if line[0].isdigit()]
        *inside, self.slow, self.newcomer, self.twice, self.fine, self.failing = rows
        lines = [line for line in lines if line in inside or line not in rows]
        self.manifest.write_text("\n".join(lines) + "\n")
        self.rows = dict(row.split(",")[:2] for row in inside)
        self.header = lines[0]
        # What `discover` left out stands below the rows; Step Functions' reader knows no comments.
        self.lines = len(lines) - 1
        assert self.lines > len(self.rows)
        self.denied, self.foreign = list(self.rows)[10:12]
        self.trouble()

    def trouble(self):
        """One account where a service control policy denies the role, and one with somebody's role of that name."""
        self.deny(self.denied)
        trust = {"Effect": "Allow", "Principal": {"AWS": self.foreign}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.iam(self.foreign).create_role(RoleName="turbot-onboard", AssumeRolePolicyDocument=document)

    def deny(self, account):
        denied = {"access-denied": {"policy": "service-control"}}
        self.control("POST", [{"call": "iam:CreateRole", "account": account, "times": 0, "what": denied}])

    def short_manifest(self, name, *rows):
        """A manifest of those accounts alone."""
        path = self.home / name
        path.write_text("\n".join((self.header, *rows)) + "\n")
        return path

    def delay_import(self, turbot_id, millis):
        delay = {"delay": {"millis": millis}}
        self.control("POST", [{"call": "turbot:POST /accounts", "account": turbot_id, "what": delay}])

    def repair(self):
        self.control("DELETE")
        self.iam(self.foreign).delete_role(RoleName="turbot-onboard")

    def iam(self, account):
        return self.sandbox.admin(account).client("iam", self.sandbox.url)

    def control(self, method, faults=None):
        body = None if faults is None else json.dumps(faults).encode()
        request = urllib.request.Request(f"{self.sandbox.url}/_sandbox/faults", body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def states(self):
        """What AWS holds in every account."""
        found = {}
        for account in self.rows:
            with urllib.request.urlopen(f"{self.sandbox.url}/_sandbox/state/{account}", timeout=10) as answer:
                found[account] = json.load(answer)
        return found

    def turbot_onboard(self, *arguments, codes=(0,)):
        admin = self.sandbox.management_admin()
        turbot = {name: value for name, value in self.sandbox.environment.items() if name.startswith("TURBOT_")}
        times = {f"TURBOT_ONBOARD_{name}": value for name, value in TIMES.items()}
        environment = turbot | times | {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": self.sandbox.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": admin.key,
            "AWS_SECRET_ACCESS_KEY": admin.secret,
        }
        run = run_command(arguments, environment, self.home, self.secrets())
        assert run.code in codes, f"exit code {run.code}\n{run.stdout}\n{run.stderr}"
        return run.stdout

    def secrets(self):
        return (self.sandbox.management_admin().secret, self.sandbox.environment["TURBOT_SECRET_KEY"])

    def imports(self):
        """How many imports Turbot was sent."""
        with urllib.request.urlopen(f"{self.sandbox.url}/_sandbox/counts", timeout=10) as answer:
            return json.load(answer)["turbot:POST /accounts"]

    def report(self, files):
        """The results' files as one report, made by the command."""
        text = self.turbot_onboard("report", *map(str, files), "--output", "json")
        return by_account(json.loads(text))


def by_account(report):
    return {account["account_id"]: account for account in report["accounts"]}


def lasting(value):
    """A report without what is another each time."""
    if isinstance(value, dict):
        return {key: lasting(member) for key, member in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [lasting(member) for member in value]
    return ID.sub("<id>", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def organization(folder):
    yield from an_organization(folder / "distributed")


def an_organization(home):
    home.mkdir()
    sandbox = start_sandbox(home, BINARY, ACCOUNTS, *OPTIONS)
    try:
        yield Organization(sandbox, home)
    finally:
        sandbox.stop()


@pytest.fixture(scope="module")
def stack(folder, organization):
    server, url = start_interpreter(folder)
    home = folder / "deployment"
    home.mkdir()
    stack = Stack(server, url, home)
    try:
        stack.deploy(organization.sandbox, Events="organizations", AlarmEmail="somebody@example.com", MaxConcurrency=16)
        yield stack
    finally:
        server.stop()


@pytest.fixture(scope="module")
def first(stack, organization):
    """The manifest's first execution."""
    return stack.run(key=stack.put_manifest(organization.manifest))


def test_another_interpreter_reads_it_too(stack):
    definition = stack.states.describe_state_machine(stateMachineArn=stack.outputs["StateMachine"])["definition"]
    assert "${" not in definition
    program, _ = AmazonStateLanguageParser.parse(definition)
    assert set(program.states.states) == set(json.loads(definition)["States"])


def test_accounts_that_fail_are_counted_and_keep_no_other_back(organization, first):
    assert first.error == "Onboard.NotAll", first.cause
    counts = first.map_run()["itemCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (organization.lines, organization.lines - 2, 2)
    assert f"{organization.lines - 2} of {organization.lines}" in first.cause
    assert first.map_run()["status"] == "SUCCEEDED"
    assert first.map_run()["maxConcurrency"] == 16


def test_a_failed_child_has_the_report_as_its_cause(organization, first):
    failed = first.rows("FAILED")
    assert {json.loads(row["Input"])["account_id"]: row["Error"] for row in failed} == {
        organization.denied: "Onboard.Failed",
        organization.foreign: "Onboard.Refused",
    }
    for row in failed:
        cause = json.loads(row["Cause"])
        assert cause["errorType"] == row["Error"]
        [account] = json.loads(cause["errorMessage"])["accounts"]
        assert account["error"]["hint"]


def test_more_failures_than_are_tolerated_fail_the_map(organization, stack, first):
    [row] = [line for line in organization.manifest.read_text().splitlines() if line.startswith(organization.foreign)]
    key = stack.put_manifest(organization.short_manifest("foreign.csv", row))
    failed = stack.run(key=key, tolerated_failure_percentage=50)
    assert (failed.status, failed.error) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert [row["Error"] for row in failed.rows("FAILED")] == ["Onboard.Refused"]


def test_the_report_is_that_of_one_process(organization, first, folder):
    distributed = organization.report(first.results())
    assert set(distributed) == set(organization.rows)
    for other in an_organization(folder / "alone"):
        apply = ("apply", "--manifest", str(other.manifest), "--yes", "--output", "json")
        text = other.turbot_onboard(*apply, codes=(7,))
        alone = by_account(json.loads(text))
    assert lasting(distributed) == lasting(alone)


def test_starting_again_finishes_it_and_changes_nothing_of_what_was_done(organization, stack, first):
    before = organization.states()
    organization.repair()
    again = stack.run(key=f"manifests/{organization.manifest.name}", max_concurrency=24)
    assert again.status == "SUCCEEDED", again.cause
    assert again.map_run()["maxConcurrency"] == 24
    assert again.map_run()["itemCounts"]["succeeded"] == organization.lines
    outcomes = {account: found["outcome"] for account, found in organization.report(again.results()).items()}
    repaired = [organization.denied, organization.foreign]
    assert outcomes == dict.fromkeys(organization.rows, "already-imported") | dict.fromkeys(repaired, "imported")
    # Of an account that several executions report the latest counts.
    together = organization.report([*first.results(), *again.results()])
    assert {account: found["outcome"] for account, found in together.items()} == outcomes
    after = organization.states()
    assert {account for account in before if before[account] != after[account]} == set(repaired)
    assert organization.imports() == len(organization.rows)


def test_a_redrive_does_what_failed_and_no_more(organization, stack, first):
    denied = organization.failing.split(",")[0]
    key = stack.put_manifest(organization.short_manifest("redriven.csv", organization.fine, organization.failing))
    organization.deny(denied)
    failed = stack.run(key=key, tolerated_failure_percentage=0)
    assert failed.error == "States.ExceedToleratedFailureThreshold", failed.cause
    [succeeded], [child] = failed.rows("SUCCEEDED"), failed.rows("FAILED")
    still = stack.redrive(failed)
    assert (still.status, still.error) == (failed.status, failed.error)
    organization.control("DELETE")
    imports = organization.imports()
    redriven = stack.redrive(failed)
    assert redriven.status == "SUCCEEDED", [row["Cause"] for row in redriven.rows("FAILED")]
    rows = {row["ExecutionArn"]: row for row in redriven.rows("SUCCEEDED")}
    assert rows[succeeded["ExecutionArn"]] == succeeded
    assert rows[child["ExecutionArn"]]["RedriveCount"] == 2
    assert {account["outcome"] for account in organization.report(redriven.results()).values()} == {"imported"}
    assert organization.imports() == imports + 1


def test_a_redrive_after_the_map_has_succeeded_does_nothing(stack, first):
    assert stack.redrive(first).error == first.error == "Onboard.NotAll"
    assert [row["RedriveCount"] for row in first.rows("FAILED")] == [0, 0]


def test_the_same_account_twice_at_once_is_imported_once(organization, stack, first):
    key = stack.put_manifest(organization.short_manifest("twice.csv", organization.twice, organization.twice))
    imports = organization.imports()
    both = [stack.ended(arn) for arn in [stack.start(key=key), stack.start(key=key)]]
    assert [run.status for run in both] == ["SUCCEEDED"] * 2, [run.cause for run in both]
    outcomes = [json.loads(row["Output"])["accounts"][0]["outcome"] for run in both for row in run.rows("SUCCEEDED")]
    assert len(outcomes) == 4
    assert set(outcomes) <= {"imported", "already-imported"}
    assert organization.imports() == imports + 1


def test_an_import_that_outlasts_its_function_is_found_by_the_next(organization, stack, first):
    account_id, turbot_id = organization.slow.split(",")[:2]
    key = stack.put_manifest(organization.short_manifest("slow.csv", organization.slow))
    organization.delay_import(turbot_id, 10_000)
    imports = organization.imports()
    # Of 14 seconds a run keeps 7 for itself, as it keeps one minute of Lambda's 15.
    stack.limit(14)
    run = stack.run(key=key)
    stack.limit(900)
    assert run.status == "SUCCEEDED", run.cause
    [child] = run.rows("SUCCEEDED")
    events = stack.states.get_execution_history(executionArn=child["ExecutionArn"])["events"]
    errors = [event["taskFailedEventDetails"]["error"] for event in events if event["type"] == "TaskFailed"]
    assert errors and set(errors) == {"Onboard.Pending"}
    [account] = json.loads(child["Output"])["accounts"]
    assert (account["account_id"], account["import"]["requests"], account["leftovers"]) == (account_id, 0, [])
    assert organization.imports() == imports + 1


def test_an_account_that_comes_later_is_onboarded_by_its_event(organization, stack, first):
    account_id, turbot_id = organization.newcomer.split(",")[:2]
    details = {"createAccountStatus": {"state": "SUCCEEDED", "accountId": account_id}}
    event = {
        "id": "1",
        "source": "aws.organizations",
        "detail-type": "AWS Service Event via CloudTrail",
        "account": MANAGEMENT,
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {"eventName": "CreateAccountResult", "serviceEventDetails": details},
    }
    # Nobody but AWS may put an event of its own on a bus: it is matched with the rule, and put where the rule puts it.
    assert stack.rule_takes(event)
    assert not stack.rule_takes(event | {"source": "somebody"})
    imports = organization.imports()
    stack.client("sqs").send_message(QueueUrl=stack.outputs["Queue"], MessageBody=json.dumps(event))
    until(lambda: organization.imports() == imports + 1, WITHIN, "the event's account is not imported")
    until(lambda: stack.waiting() == {"Queue": 0, "DeadLetters": 0}, WITHIN, "the message is not worked off")
    verify = ("verify", "--account-id", account_id, "--turbot-id", turbot_id)
    organization.turbot_onboard(*verify, "--assume-role", "OrganizationAccountAccessRole")


@pytest.mark.parametrize("given", [{}, {"key": "manifests/accounts.csv", "max_concurrency": 0}])
def test_an_input_that_would_do_harm_is_refused(stack, given):
    refused = stack.run(**given)
    assert (refused.status, refused.error) == ("FAILED", "Onboard.Usage")


def test_no_secret_is_in_a_log_or_a_result(organization, stack, first):
    texts = {name: stack.log(name) for name in ("AccountLogs", "EventLogs")}
    assert all("turbot-onboard/audit/1" in text for text in texts.values()), "the functions' audit records are not kept"
    texts |= {str(file): file.read_text() for file in first.results()}
    for secret in organization.secrets():
        assert [name for name, text in texts.items() if secret in text] == []
