"""ministack, with two things that its Distributed Map lacks and AWS documents:

- MaxConcurrencyPath and ToleratedFailurePercentagePath;
- ResultWriter: the results of the children as files in S3, and where they are as the state's output
  (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html).

All else of the state machine is ministack's own interpreter at work.
"""

import json

from ministack import app
from ministack.services import s3
from ministack.services import stepfunctions as machine

FROM_INPUT = ("MaxConcurrency", "ToleratedFailurePercentage")
STATUSES = {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED", "TIMED_OUT": "FAILED", "ABORTED": "FAILED"}
ministacks_own = machine._run_distributed_map


def run_distributed_map(state, raw_input, effective, iterator, execution, context):
    state = dict(state)
    for field in FROM_INPUT:
        if path := state.pop(f"{field}Path", None):
            state[field] = machine._resolve_path_or_ctx(path, effective, context)
    try:
        _, following = ministacks_own(state, raw_input, effective, iterator, execution, context)
    finally:
        written = write_results(state["ResultWriter"], effective, execution, context)
    output = machine._apply_result_path(state, raw_input, written)
    return machine._apply_output_path(state, output, context), following


def write_results(writer, effective, execution, context):
    """Writes the files of the map run that this execution began last; the output of the state."""
    where = machine._resolve_params_obj(writer["Parameters"], effective, context)
    arn = [run["mapRunArn"] for run in machine._map_runs.values() if run["executionArn"] == execution["executionArn"]][-1]
    folder = f"{where['Prefix']}/{arn.rpartition(':')[2]}"
    rows = {"SUCCEEDED": [], "FAILED": [], "PENDING": []}
    for child in list(machine._executions.values()):
        if child.get("mapRunArn") == arn:
            rows[STATUSES[child["status"]]].append(row(child))
    files = {}
    for status, found in rows.items():
        key = f"{folder}/{status}_0.json"
        files[status] = [{"Key": key, "Size": put(where["Bucket"], key, found)}] if found else []
    key = f"{folder}/manifest.json"
    put(where["Bucket"], key, {"DestinationBucket": where["Bucket"], "MapRunArn": arn, "ResultFiles": files})
    return {"MapRunArn": arn, "ResultWriterDetails": {"Bucket": where["Bucket"], "Key": key}}


def row(child):
    """A child execution as a row of a results file."""
    succeeded = child["status"] == "SUCCEEDED"
    found = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE",
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
    }
    if succeeded:
        found |= {"Output": child["output"], "OutputDetails": {"Included": True}}
        found |= {"RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"}
    else:
        found |= {"Error": child["error"], "Cause": child["cause"]}
    return found


def put(bucket, key, value):
    body = json.dumps(value).encode()
    status, _, answer = s3._put_object(bucket, key, body, {})
    assert status == 200, answer
    return len(body)


if __name__ == "__main__":
    machine._run_distributed_map = run_distributed_map
    app.main()
