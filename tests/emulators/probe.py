"""Calls made alike against every emulator, and what is compared of their answers."""

import datetime
import re

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

UNIQUE_ID = re.compile(r"(AIDA|AROA|ANPA|AIPA|AKIA|ASIA)[A-Z0-9]{16,17}")
ARN = re.compile(r"arn:aws:(iam|sts|organizations)::(?:aws|\d{12}):([a-z-]+)")
# Maps whose keys are data.
MAPS = {"SummaryMap"}


def shape(value, name=""):
    """What a value is made of: keys, types, the kinds of ids and ARNs, but not what they name."""
    if isinstance(value, dict):
        if name in MAPS:
            return {"*": shape(next(iter(value.values()), None))}
        return {key: shape(item, key) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    if isinstance(value, str):
        if found := ARN.match(value):
            return f"{found[1]} {found[2]} ARN"
        if found := UNIQUE_ID.fullmatch(value):
            return f"{found[1]} id"
        return "text"
    if isinstance(value, datetime.datetime):
        return "time"
    return type(value).__name__


def flat(value, path=""):
    """The shape as lines: where, and what is there."""
    if isinstance(value, dict) and value:
        return {k: v for key, item in value.items() for k, v in flat(item, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list) and value:
        return flat(value[0], f"{path}[]")
    return {path: {str: value}.get(type(value), "empty") if isinstance(value, str) else "empty"}


def required(model, value, path=""):
    """Where members that the model requires are absent from an answer."""
    if model is None or value is None:
        return
    if model.type_name == "list":
        for item in value[:1]:
            yield from required(model.member, item, f"{path}[]")
    if model.type_name == "structure":
        yield from (f"{path}.{name}" for name in model.required_members if name not in value)
        for name, item in value.items():
            yield from required(model.members.get(name), item, f"{path}.{name}")


class Probe:
    """Makes calls as an account's administrator and writes down what came of each, by what was tried."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.account = emulator.fresh_account()
        self.admin = emulator.admin(self.account)
        self.iam, self.sts = self.client("iam"), self.client("sts")
        self.organizations = self.client("organizations")
        self.outcomes = {}
        # AWS's own model of each call, and the members that it requires of an answer and that were not there.
        self.models, self.missing = {}, []

    def client(self, service, credentials=None):
        return (credentials or self.admin).client(service, self.emulator.url)

    def arn(self, resource):
        return f"arn:aws:iam::{self.account}:{resource}"

    def call(self, client, operation, trying="", **parameters):
        """Makes a call; its answer, or None if it was refused. `trying` tells calls of one operation apart."""
        method = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()
        label = (operation, trying)
        assert label not in self.outcomes, f"{label} is tried twice"
        model = self.models[label] = client.meta.service_model.operation_model(operation)
        try:
            answer = getattr(client, method)(**parameters)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.outcomes[label] = f"{error.response['Error']['Code']} {status}"
            return None
        except ResponseParserError:
            self.outcomes[label] = "an answer that is not the protocol's"
            return None
        metadata = answer.pop("ResponseMetadata")
        self.missing.extend((operation, trying, member) for member in required(model.output_shape, answer))
        self.outcomes[label] = flat(shape(answer)) | {"status": str(metadata["HTTPStatusCode"])}
        return answer


def compare(ours, theirs):
    """The differences between two sets of outcomes, as lines: the call, what the sandbox does, what the other does.

    Differences in the shape of good answers are given once for an operation, not for every call of it."""
    assert ours.keys() == theirs.keys()
    found = set()
    for (operation, trying), here in ours.items():
        there = theirs[operation, trying]
        if isinstance(here, str) or isinstance(there, str):
            if here != there:
                found.add((operation, trying, said(here), said(there)))
            continue
        for path in here.keys() | there.keys():
            if here.get(path) != there.get(path):
                found.add((operation, f"answer: {path}", here.get(path, "absent"), there.get(path, "absent")))
    return found


def said(outcome):
    return outcome if isinstance(outcome, str) else "done"
