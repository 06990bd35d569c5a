"""ministack, with three things that its Distributed Map lacks and AWS documents:

- MaxConcurrencyPath and ToleratedFailurePercentagePath;
- ResultWriter: the results of the children as files in S3, and where they are as the state's output
  (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html);
- RedriveExecution of an execution whose map failed: the children that did not succeed, from the state that failed, each
  with the input it had (https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html).

All else of the state machine is ministack's own interpreter at work.
"""

import contextvars
import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor

from ministack import app
from ministack.services import s3
from ministack.services import stepfunctions as machine

FROM_INPUT = ("MaxConcurrency", "ToleratedFailurePercentage")
STATUSES = {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED", "TIMED_OUT": "FAILED", "ABORTED": "FAILED"}
ministacks_own = machine._run_distributed_map
ministacks_answers = machine.handle_request


def run_distributed_map(state, raw_input, effective, iterator, execution, context):
    state = dict(state)
    for field in FROM_INPUT:
        if path := state.pop(f"{field}Path", None):
            state[field] = machine._resolve_path_or_ctx(path, effective, context)
    carry_out = redriven_map if execution.get("redriveCount") else ministacks_own
    try:
        _, following = carry_out(state, raw_input, effective, iterator, execution, context)
    finally:
        written = write_results(state["ResultWriter"], effective, execution, context)
    output = machine._apply_result_path(state, raw_input, written)
    return machine._apply_output_path(state, output, context), following


def map_run(execution):
    [run] = [run for run in machine._map_runs.values() if run["executionArn"] == execution["executionArn"]]
    return run


def redriven_map(state, raw_input, effective, iterator, execution, context):
    """Carries out again what did not succeed, in the same map run and the same children."""
    run = map_run(execution)
    children = [child for child in machine._executions.values() if child.get("mapRunArn") == run["mapRunArn"]]
    left = [child for child in children if child["status"] != "SUCCEEDED"]

    def again(child):
        child.update(status="RUNNING", stopDate=None, redriveCount=child.get("redriveCount", 0) + 1)
        try:
            given = json.loads(child["input"])
            output = machine._run_sub_machine(iterator["States"], iterator["StartAt"], given, child, copy.deepcopy(context))
            child.update(status="SUCCEEDED", output=json.dumps(output), error=None, cause=None)
        except machine._ExecutionError as failure:
            child.update(status="FAILED", error=failure.error, cause=failure.cause)
        child["stopDate"] = machine.now_iso()

    run.update(status="RUNNING", redriveCount=run["redriveCount"] + 1)
    with ThreadPoolExecutor(max_workers=state["MaxConcurrency"]) as pool:
        for done in [pool.submit(contextvars.copy_context().run, again, child) for child in left]:
            done.result()
    failed = sum(child["status"] != "SUCCEEDED" for child in children)
    for counts in (run["itemCounts"], run["executionCounts"]):
        counts.update(succeeded=len(children) - failed, failed=failed)
    exceeded = failed * 100 > state["ToleratedFailurePercentage"] * len(children)
    run.update(status="FAILED" if exceeded else "SUCCEEDED", stopDate=machine.now_iso())
    if exceeded:
        raise machine._ExecutionError("States.ExceedToleratedFailureThreshold", "the threshold was exceeded again")
    return None, machine._next_or_end(state)


def redrive(data):
    execution = machine._executions.get(data["executionArn"])
    if execution is None or execution["status"] not in ("FAILED", "TIMED_OUT", "ABORTED"):
        return machine.error_response_json("ExecutionNotRedrivable", "the execution is not redrivable", 400)
    run = map_run(execution)
    # What has ended well is not done again: where that is the map, the Fail state after it fails once more.
    if run["status"] != "SUCCEEDED":
        execution.update(status="RUNNING", stopDate=None, output=None, error=None, cause=None)
        execution["redriveCount"] = execution.get("redriveCount", 0) + 1
        # The states before the map are walked again: they only compute, and from the same input.
        walk = contextvars.copy_context().run
        threading.Thread(target=walk, args=(machine._run_execution, execution["executionArn"]), daemon=True).start()
    return machine.json_response({"redriveDate": machine.now_iso()})


async def handle_request(method, path, headers, body, query_params):
    if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
        return machine._finalize_response(redrive(json.loads(body)))
    return await ministacks_answers(method, path, headers, body, query_params)


def write_results(writer, effective, execution, context):
    """Writes the files of the execution's map run; the output of the state."""
    where = machine._resolve_params_obj(writer["Parameters"], effective, context)
    arn = map_run(execution)["mapRunArn"]
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
        "RedriveCount": child.get("redriveCount", 0),
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
    machine.handle_request = handle_request
    app.main()
