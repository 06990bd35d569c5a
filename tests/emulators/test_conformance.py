"""The same calls by a stock boto3 against the sandbox, moto and ministack: what differs is listed with who is right."""

from pathlib import Path

import pytest
import scenarios
import yaml
from probe import Probe, compare

LISTED = yaml.safe_load((Path(__file__).parent / "differences.yaml").read_text())
OTHERS = ["moto", "ministack"]
# Errors that any call may meet, and that AWS's models therefore leave out.
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
COMMON = {
    "ValidationError": 400,
    "AccessDenied": 403,
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
}
# Errors that AWS gives although its model of the call does not list them.
UNMODELLED = {
    # A boundary that does not exist is answered as PutRolePermissionsBoundary answers it.
    ("CreateRole", "missing boundary"): "NoSuchEntity 404",
}


@pytest.fixture(scope="module")
def probes():
    """What came of the calls, by emulator; made when it is first asked for."""
    return {}


def probed(probes, request, name):
    if name not in probes:
        probes[name] = Probe(request.getfixturevalue(name))
        for scenario in scenarios.ALL:
            scenario(probes[name])
    return probes[name]


def listed(name):
    return {tuple(row) for entry in LISTED for row in [*entry.get(name, []), *entry.get("both", [])]}


@pytest.mark.parametrize("name", OTHERS)
def test_only_what_is_listed_differs(probes, request, name):
    found = compare(probed(probes, request, "sandbox").outcomes, probed(probes, request, name).outcomes)
    unlisted, gone = sorted(found - listed(name)), sorted(listed(name) - found)
    assert not unlisted, f"differences between the sandbox and {name} that are not listed"
    assert not gone, f"differences between the sandbox and {name} that are listed and no longer there"


def test_every_listed_difference_has_its_reason():
    rows = [tuple(row) for entry in LISTED for name in ("both", *OTHERS) for row in entry.get(name, [])]
    assert len(rows) >= len(LISTED) > 0
    for entry in LISTED:
        assert entry["why"] and entry["right"] in ("sandbox", "emulator", "open"), entry
        assert entry["page"].startswith("https://docs.aws.amazon.com/"), entry
        assert entry.keys() <= {"why", "page", "right", "both", *OTHERS}, entry
    for name in OTHERS:
        single = [tuple(row) for entry in LISTED for row in [*entry.get(name, []), *entry.get("both", [])]]
        assert len(single) == len(set(single)), f"a difference of {name} is listed twice"


def test_the_sandbox_is_never_the_one_that_is_wrong():
    wrong = [entry["why"] for entry in LISTED if entry["right"] == "emulator"]
    assert wrong == []


def test_the_sandbox_answers_what_aws_own_model_requires(probes, request):
    assert probed(probes, request, "sandbox").missing == []


def test_the_sandbox_gives_the_errors_of_aws_own_model(probes, request):
    probe = probed(probes, request, "sandbox")
    refusals = {label: outcome for label, outcome in probe.outcomes.items() if isinstance(outcome, str)}
    foreign = {label: said for label, said in refusals.items() if said not in modelled(probe.models[label])}
    assert foreign == UNMODELLED


def modelled(operation):
    """The errors of a call as AWS's model lists them, and those that every call may meet."""
    errors = dict(COMMON)
    for shape in operation.error_shapes:
        error = shape.metadata.get("error", {})
        # A service of the JSON protocol answers 400 unless its model says otherwise.
        errors[error.get("code", shape.name)] = error.get("httpStatusCode", 400)
    return {f"{code} {status}" for code, status in errors.items()}
