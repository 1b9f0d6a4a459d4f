"""The program that runs a job in its container, as a process, with an ECS that answers over HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask_on_aws.jobs.job import read_job
from flask_on_aws.jobs.job_command import job_command
from flask_on_aws.jobs.job_runner import KEY, SKIPPED, TIMED_OUT, UNDECIDED
from flask_on_aws.runtime_contract.shell import PASS_ARGUMENTS, pass_arguments_without_shell

CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
OWN = "arn:aws:ecs:eu-west-1:123456789012:task/shop/own"


class Ecs:
    """The task's metadata, its credentials, and the two operations that a run asks for."""

    def __init__(self):
        self.tasks, self.pages, self.requests, self.fails = [], 1, [], False
        ecs = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                keys = {"AccessKeyId": "AKIA", "SecretAccessKey": "secret", "Token": "session"}
                task = {"TaskARN": OWN, "Cluster": CLUSTER, "Family": "shop-jobs-nightly"}
                self._answer(task if self.path.endswith("/task") else keys)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                action = self.headers["X-Amz-Target"].partition(".")[2]
                ecs.requests.append((action, body, dict(self.headers)))
                if ecs.fails:
                    self.send_error(400, "AccessDeniedException")
                else:
                    self._answer(getattr(ecs, action)(body))

            def _answer(self, value):
                data = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def task(self, name, created, status="RUNNING", desired="RUNNING"):
        arn = OWN.replace("own", name)
        self.tasks.append({"taskArn": arn, "createdAt": created, "lastStatus": status, "desired": desired})

    def ListTasks(self, body):
        assert (body["cluster"], body["family"]) == (CLUSTER, "shop-jobs-nightly")
        arns = [task["taskArn"] for task in self.tasks if task["desired"] == body["desiredStatus"]]
        first = int(body.get("nextToken", 0))
        page = {"taskArns": arns[first : first + 1]}
        return {**page, "nextToken": str(first + 1)} if first + 1 < len(arns) else page

    def DescribeTasks(self, body):
        assert body["cluster"] == CLUSTER
        return {"tasks": [task for task in self.tasks if task["taskArn"] in body["tasks"]]}


@pytest.fixture
def ecs():
    server = Ecs()
    yield server
    server.server.shutdown()
    server.server.server_close()


def start(command, ecs=None, entry_point=(), family="", **keys):
    job = read_job({"name": "nightly", "schedule": "rate(1 hour)", "command": command, "overlap": ecs is None, **keys})
    environment = {"PATH": os.environ["PATH"]}
    if ecs:
        environment |= {
            "ECS_CONTAINER_METADATA_URI_V4": f"{ecs.url}/v4/1",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{ecs.url}/keys",
            "AWS_ENDPOINT_URL": ecs.url,
        }
    arguments = [*entry_point, *job_command(job, entry_point, family)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(command, ecs=None, **keys):
    """The exit code, the reports and the other lines of a run to its end."""
    process = start(command, ecs, **keys)
    output, _ = process.communicate(timeout=60)
    lines = output.splitlines()
    reports = [json.loads(line) for line in lines if line.startswith("{")]
    return process.returncode, reports, [line for line in lines if not line.startswith("{")]


def test_a_run_ends_with_the_exit_code_of_its_command_and_reports_it():
    code, reports, lines = run("echo done; exit 7")
    assert (code, lines) == (7, ["done"])
    assert [report["outcome"] for report in reports] == ["started", "failed"]
    assert (reports[1][KEY], reports[1]["exit_code"], reports[1]["attempts"]) == ("nightly", 7, 1)
    assert "_aws" not in reports[1]


def test_only_a_success_is_counted_and_only_if_alarms_watch_the_job():
    _, reports, _ = run("true", family="shop-jobs-nightly")
    assert (reports[-1]["outcome"], reports[-1]["Succeeded"], reports[-1]["Family"]) == (
        "succeeded",
        1,
        "shop-jobs-nightly",
    )
    (metrics,) = reports[-1]["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("flask-on-aws/jobs", [["Family"]])
    assert "_aws" not in run("true")[1][-1]
    assert all("_aws" not in report for report in run("false", family="shop-jobs-nightly")[1])


def test_a_command_that_is_killed_or_does_not_exist_fails():
    assert run("kill -9 $$")[0] == 137
    code, _, lines = run("no-such-program", entry_point=pass_arguments_without_shell(sys.executable))
    assert code == 127
    assert "no-such-program" in lines[0]


@pytest.mark.parametrize("entry_point", [(), PASS_ARGUMENTS, pass_arguments_without_shell(sys.executable)])
def test_it_runs_behind_each_entry_point(entry_point):
    code, _, lines = run("echo 'two words' there", entry_point=entry_point)
    assert (code, lines) == (0, ["two words there"])


def test_a_module_of_the_app_does_not_replace_one_of_the_runner(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('the app has its own json')")
    monkeypatch.chdir(tmp_path)
    assert run("true")[0] == 0


def test_a_time_limit_ends_the_command_and_what_it_has_started(tmp_path):
    mark = tmp_path / "mark"
    begun_at = time.monotonic()
    code, reports, lines = run(
        f"(sleep 4; touch {mark}) & trap 'echo stopping; exit 0' TERM; sleep 60 & wait", timeout=1
    )
    assert code == TIMED_OUT
    assert reports[-1]["outcome"] == "timed out"
    assert lines == ["stopping"]
    assert time.monotonic() - begun_at < 4
    time.sleep(max(0, begun_at + 5 - time.monotonic()))
    assert not mark.exists()


def test_a_failed_command_is_repeated_as_often_as_asked(tmp_path):
    line = f"echo x >>{tmp_path}/runs; test $(wc -l <{tmp_path}/runs) -ge 2"
    code, reports, _ = run(line, retries=3)
    assert code == 0
    assert [report["outcome"] for report in reports] == ["started", "retried", "succeeded"]
    assert reports[-1]["attempts"] == 2
    code, reports, _ = run("exit 3", retries=1)
    assert (code, reports[-1]["attempts"]) == (3, 2)


def test_stopping_the_task_stops_the_command_and_repeats_nothing():
    program = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); print('ready', flush=True)"
    )
    process = start(f'{sys.executable} -c "{program}; time.sleep(60)"', retries=5)
    assert process.stdout
    while "ready" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 9
    assert json.loads(output.splitlines()[-1])["outcome"] == "stopped"


def test_a_command_cannot_pass_for_a_run_that_was_skipped():
    assert run(f"exit {SKIPPED}")[0] == 1


@pytest.mark.parametrize(
    ("others", "keys", "expected"),
    [
        ([], {}, 0),
        ([("other", 5.0, "RUNNING", "RUNNING")], {}, SKIPPED),
        ([("other", 5.0, "PENDING", "RUNNING")], {}, SKIPPED),
        ([("younger", 20.0, "RUNNING", "RUNNING")], {}, 0),
        ([("ended", 5.0, "STOPPED", "STOPPED")], {}, 0),
        ([("stopping", 5.0, "DEACTIVATING", "STOPPED")], {}, SKIPPED),
        ([("a-same-time", 10.0, "RUNNING", "RUNNING")], {}, SKIPPED),
        ([("z-same-time", 10.0, "RUNNING", "RUNNING")], {}, 0),
        ([("one", 5.0, "RUNNING", "RUNNING")], {"overlap": True, "concurrency": 2}, 0),
        ([(f"run-{n}", 5.0 + n, "RUNNING", "RUNNING") for n in range(2)], {"overlap": True, "concurrency": 2}, SKIPPED),
    ],
)
def test_a_run_leaves_its_turn_to_earlier_ones_that_have_not_ended(ecs, others, keys, expected):
    ecs.task("own", 10.0)
    for other in others:
        ecs.task(*other)
    code, reports, lines = run("echo ran", ecs, **keys)
    assert code == expected
    assert lines == ([] if expected else ["ran"])
    if expected:
        assert "still running: " in reports[-1]["reason"]
        assert "since 1970-01-01T00:00:" in reports[-1]["reason"]


def test_its_requests_are_signed_as_botocore_signs_them(ecs):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    ecs.task("own", 10.0)
    run("true", ecs)
    action, body, headers = ecs.requests[0]
    assert action == "ListTasks"
    lower = {name.lower(): value for name, value in headers.items()}
    signed = lower["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert signed == ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"]
    request = AWSRequest("POST", f"http://{lower['host']}/", {name: lower[name] for name in signed}, json.dumps(body))
    request.context["timestamp"] = lower["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIA", "secret", "session"), "ecs", "eu-west-1")
    canonical = signer.canonical_request(request)
    assert lower["authorization"].endswith(signer.signature(signer.string_to_sign(request, canonical), request))


def test_a_run_that_cannot_ask_for_earlier_ones_does_not_start(ecs):
    ecs.fails = True
    job = read_job({"name": "nightly", "schedule": "rate(1 hour)", "command": "echo ran"})
    arguments = job_command(job, (), "")
    # The pauses of half a minute in all are not what is tested.
    arguments = [argument.replace("_ATTEMPTS = 6", "_ATTEMPTS = 2") for argument in arguments]
    environment = {
        "PATH": os.environ["PATH"],
        "ECS_CONTAINER_METADATA_URI_V4": f"{ecs.url}/v4/1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{ecs.url}/keys",
        "AWS_ENDPOINT_URL": ecs.url,
    }
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == UNDECIDED
    assert "AccessDeniedException" in json.loads(done.stdout)["reason"]
