"""Runs a job's command in its container: no two runs at a time, a time limit, retries, and a report in the log.

The task definition contains this file's text, and the image's own Python runs it: standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
import types
import typing
import urllib.error
import urllib.request

SKIPPED = 75
"""Exit code of a run that left its turn to an earlier one; EX_TEMPFAIL of sysexits.h."""
TIMED_OUT = 124
"""Exit code of a run that reached its time limit, as that of coreutils' `timeout`."""
UNDECIDED = 69
"""Exit code of a run that could not find out whether an earlier one still runs; EX_UNAVAILABLE of sysexits.h."""
KEY = "flask_on_aws_job"
"""The key of a report that contains the job's name."""
METRICS = "flask-on-aws/jobs"
"""The namespace of the metric `Succeeded`, with the job's task family as its dimension `Family`."""
# Seconds between SIGTERM and SIGKILL, once the time limit is reached.
_GRACE = 30
# A request is repeated, each time after twice as long, for half a minute in all: ECS throttles bursts, and a new role's
# policy takes some seconds to propagate.
_ATTEMPTS = 6
_REQUEST_SECONDS = 10
# DescribeTasks takes no more at a time.
_PAGE = 100
_Values = dict[str, typing.Any]


class EcsError(Exception):
    """ECS could not be asked."""


class Ecs:
    """The ECS API with the task's role: requests signed with Signature Version 4, since an image may have no AWS SDK."""

    def __init__(self, region: str, suffix: str) -> None:
        dual_stack = os.environ.get("AWS_USE_DUALSTACK_ENDPOINT", "").lower() == "true"
        host = f"ecs.{region}.api.aws" if dual_stack else f"ecs.{region}.{suffix}"
        override = os.environ.get("AWS_ENDPOINT_URL_ECS") or os.environ.get("AWS_ENDPOINT_URL")
        self._url, self._region = override or f"https://{host}", region

    def call(self, action: str, body: _Values) -> _Values:
        """The answer to a request."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            try:
                return fetch(self._request(action, body))
            except (OSError, ValueError, KeyError) as error:  # HTTPError and URLError are OSErrors
                reason = _reason(error)
                if attempt + 1 < _ATTEMPTS:
                    time.sleep(2**attempt)
        raise EcsError(f"ECS did not answer {action}: {reason}")

    def _request(self, action: str, body: _Values) -> urllib.request.Request:
        keys, data = _credentials(), json.dumps(body).encode()
        now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 new in Python 3.11
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "host": self._url.split("://", 1)[1].split("/", 1)[0],
            "x-amz-date": stamp,
            "x-amz-target": f"AmazonEC2ContainerServiceV20141113.{action}",
        }
        if keys.get("Token"):
            headers["x-amz-security-token"] = keys["Token"]
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(data).hexdigest()}"
        scope = f"{day}/{self._region}/ecs/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{keys['SecretAccessKey']}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return urllib.request.Request(f"{self._url}/", data, headers)  # noqa: S310 the URL is https, or the local AWS


def fetch(request: str | urllib.request.Request) -> _Values:
    """The JSON that a URL answers with."""
    with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
        return json.loads(answer.read())


def _credentials() -> _Values:
    """The task role's keys: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html"""
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    url = f"http://169.254.170.2{relative}" if relative else os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    return fetch(urllib.request.Request(url, headers={"Authorization": token} if token else {}))  # noqa: S310


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.read().decode(errors='replace')}"
    return f"{type(error).__name__}: {error}"


def earlier_runs(ecs: Ecs, task: _Values) -> list[_Values]:
    """The tasks of the same family that were created before this one and have not ended, the oldest first.

    Every run reads the same order from ECS, so that of two which start side by side one goes on: the older. A task that is
    about to stop still counts, and one that was killed does not: there is no lock that could outlive its owner.
    """
    arns = {task["TaskARN"]}
    for status in ("RUNNING", "STOPPED"):
        query = {"cluster": task["Cluster"], "family": task["Family"], "desiredStatus": status}
        token: str | None = ""
        while token is not None:
            page = ecs.call("ListTasks", {**query, "nextToken": token} if token else query)
            arns.update(page["taskArns"])
            token = page.get("nextToken") or None
    listed = sorted(arns)
    tasks: list[_Values] = []
    for first in range(0, len(listed), _PAGE):
        body = {"cluster": task["Cluster"], "tasks": listed[first : first + _PAGE]}
        tasks += ecs.call("DescribeTasks", body)["tasks"]
    tasks.sort(key=lambda other: (other["createdAt"], other["taskArn"]))
    own = next((index for index, other in enumerate(tasks) if other["taskArn"] == task["TaskARN"]), len(tasks))
    return [other for other in tasks[:own] if other["lastStatus"] != "STOPPED"]


class Run:
    """One run of a job."""

    def __init__(self, settings: _Values) -> None:
        self._settings = settings
        self._began_at, self._deadline = time.time(), time.monotonic() + settings["timeout"]
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped_by = 0
        self._is_signal_due = False
        self._attempts = 0

    def run(self) -> int:
        """Run the job to its end; return the exit code of the task."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            task = self._task()
            waits_for = self._turn_of(task)
        except EcsError as error:
            self._report("undecided", UNDECIDED, reason=str(error))
            return UNDECIDED
        if waits_for:
            self._report("skipped", SKIPPED, reason=waits_for)
            return SKIPPED
        self._report("started", None)
        outcome, code = self._attempt()
        self._report(outcome, code)
        return code

    def _task(self) -> _Values:
        """The task as the metadata of ECS describes it; empty if nothing needs it."""
        if not self._settings["most"]:
            return {}
        try:
            return fetch(f"{os.environ['ECS_CONTAINER_METADATA_URI_V4']}/task")
        except (OSError, ValueError, KeyError) as error:
            raise EcsError(f"The task's metadata cannot be read: {_reason(error)}") from error

    def _turn_of(self, task: _Values) -> str:
        """Why this run leaves its turn to others; empty if it does not."""
        most = self._settings["most"]
        if not most:
            return ""
        arn = task["TaskARN"].split(":")
        earlier = earlier_runs(Ecs(arn[3], "amazonaws.com.cn" if arn[1] == "aws-cn" else "amazonaws.com"), task)
        if len(earlier) < most:
            return ""
        others = ", ".join(f"{run['taskArn'].rsplit('/', 1)[-1]} since {_time(run['createdAt'])}" for run in earlier)
        return f"still running: {others}"

    def _attempt(self) -> tuple[str, int]:
        while True:
            self._attempts += 1
            outcome, code = self._run_command()
            pause = min(2**self._attempts, 60)
            is_over = time.monotonic() + pause >= self._deadline
            if outcome != "failed" or self._attempts > self._settings["retries"] or is_over:
                return outcome, code
            self._report("retried", code)
            time.sleep(pause)
            if self._stopped_by:
                return "stopped", 128 + self._stopped_by

    def _run_command(self) -> tuple[str, int]:
        self._child = None
        try:
            # A session of its own, so that the time limit ends what the command has started as well.
            child = self._child = subprocess.Popen(self._settings["command"], start_new_session=True)  # noqa: S603
        except OSError as error:
            print(f"The command cannot start: {error}", file=sys.stderr, flush=True)
            return "failed", 127
        if self._is_signal_due:  # it came before there was a process to pass it on to
            self._signal(self._stopped_by)
        try:
            code = child.wait(max(self._deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            self._end(child)
            return "timed out", TIMED_OUT
        code = code if code >= 0 else 128 - code
        if self._stopped_by:
            return "stopped", code
        # The code that marks a run which did not happen would hide this failure.
        return ("succeeded", 0) if code == 0 else ("failed", 1 if code == SKIPPED else code)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
        self._signal(signal.SIGKILL)
        child.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._child:
                os.killpg(self._child.pid, number)

    def _stop(self, number: int, _frame: types.FrameType | None) -> None:
        self._stopped_by = number
        if self._child:
            self._signal(number)
        else:
            self._is_signal_due = True

    def _report(self, outcome: str, code: int | None, **more: str) -> None:
        """A line of JSON in the log. Of an ended run it also is CloudWatch's embedded metric format, if alarms watch the job."""
        report: _Values = {KEY: self._settings["job"], "outcome": outcome, "started_at": _time(self._began_at), **more}
        if code is not None:
            report.update(exit_code=code, attempts=self._attempts, seconds=round(time.time() - self._began_at, 1))
        if self._settings["family"] and outcome == "succeeded":
            metric = {"Name": "Succeeded", "Unit": "Count"}
            declared = {"Namespace": METRICS, "Dimensions": [["Family"]], "Metrics": [metric]}
            report["_aws"] = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [declared]}
            report.update(Family=self._settings["family"], Succeeded=1)
        print(json.dumps(report), flush=True)


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 new in Python 3.11


if __name__ == "__main__":
    sys.exit(Run(json.loads(sys.argv[1])).run())
