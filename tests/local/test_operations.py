"""Tests of `releases`, `rollback`, `status`, `logs` and `run` on a local AWS with real tasks and logs.

The tests depend on their order: they deploy and roll back one app, as an operator does.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.main import main
from flask_on_aws_cli.operations.old_release import ROLLBACK_OF

from tests.waiting import SECONDS, until

from .operating import CLUSTER, Operated, image, open_project

COMMAND = str(Path(sys.executable).parent / "flask-on-aws")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    local_aws = open_project(tmp_path_factory.mktemp("operations") / "a project")
    try:
        app = Operated(local_aws)
        app.release("first")
        app.release("second")
        yield app
    finally:
        daemon_control.end(local_aws)


def command(app: Operated, *arguments: str) -> Result:
    name, *others = arguments
    return CliRunner().invoke(main, [name, "--project", str(app.project), *others], catch_exceptions=False)


def output_of(app: Operated, *arguments: str) -> str:
    result = command(app, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_releases_shows_the_running_release(app: Operated) -> None:
    newest, oldest = json.loads(output_of(app, "releases", "--json"))
    assert (newest["release"], newest["running"], newest["image"]) == (2, True, image("second"))
    assert (oldest["release"], oldest["running"], oldest["taskDefinition"][-9:]) == (1, False, "app-web:1")
    lines = output_of(app, "releases").splitlines()
    assert lines[0].startswith("RELEASE")
    assert lines[1].endswith("root  runs now")
    assert json.loads(output_of(app, "releases", "--service", "worker", "--json"))[0]["taskDefinition"].endswith(
        "worker:2"
    )


def test_status_shows_a_healthy_app(app: Operated) -> None:
    status = json.loads(output_of(app, "status", "--json"))
    web, worker = status["services"]
    assert (status["url"], status["alarms"]) == (app.url, [])
    assert (web["service"], web["running"], web["desired"], web["rollout"]) == ("web", 1, 1, "COMPLETED")
    assert (web["release"], web["image"]) == (2, image("second"))
    assert [target["state"] for target in web["targets"] if target["state"] != "draining"] == ["healthy"]
    assert "steady state" in web["events"][0]["message"]
    assert (worker["service"], worker["release"], worker["targets"]) == ("worker", 2, [])
    lines = output_of(app, "status")
    assert "web        app-web-1: 1 of 1 tasks run\n" in lines
    assert "release 2 (app-web:2, image 7365636f6e64)" in lines


def test_env_has_the_port_of_the_running_process(app: Operated) -> None:
    variables = json.loads(output_of(app, "env", "--json"))
    assert variables["RELEASE"] == "second"
    with urllib.request.urlopen(f"http://127.0.0.1:{variables['PORT']}/up") as response:
        assert response.status == 200
    assert json.loads(output_of(app, "env", "--service", "worker", "--json"))["RELEASE"] == "second"


def test_a_rollback_to_a_deregistered_task_definition_loses_no_requests(app: Operated) -> None:
    assert app.ecs.describe_task_definition(taskDefinition="app-web:1")["taskDefinition"]["status"] == "INACTIVE"
    with app.load() as load:
        output = output_of(app, "rollback", "--yes")
        until(lambda: app.running_release() == "first")
    load.check(at_least=50)
    order = [output.index(text) for text in ("web runs release 1 again", "worker runs release 1 again")]
    assert order == sorted(order)
    copy = app.ecs.describe_task_definition(taskDefinition="app-web", include=["TAGS"])
    tags = {tag["key"]: tag["value"] for tag in copy["tags"]}
    assert tags["team"] == "web"
    assert tags[ROLLBACK_OF].endswith("app-web:1")
    for role in ("web", "worker"):
        newest = app.releases(role)[0]
        assert (newest.number, newest.rolled_back_from, newest.rolled_back_to) == (3, 2, 1)
        assert newest.task_definition == app.service(role)["taskDefinition"]
    assert "runs now, rollback from 2 to 1" in output_of(app, "releases")
    assert "already runs release 1" in output_of(app, "rollback", "1")
    assert len(app.releases()) == 3


def test_a_rollback_to_a_release_that_does_not_exist_is_rejected(app: Operated) -> None:
    oldest = command(app, "rollback")
    assert (oldest.exit_code, oldest.stderr.startswith("There is no release before 1")) == (1, True)
    for number in (0, 9):
        unknown = command(app, "rollback", str(number))
        assert unknown.exit_code == 1
        assert (
            unknown.stderr == f"There is no release {number}; the recorded releases are 1 to 3: flask-on-aws releases\n"
        )


def test_a_rollback_to_a_deleted_image_is_rejected_before_any_change(app: Operated) -> None:
    image_folder = app.location.folder / "images" / image("second").rpartition(":")[2][:16]
    image_folder.rename(image_folder.with_name("away"))
    before = app.service("web")["taskDefinition"]
    result = command(app, "rollback", "2")
    image_folder.with_name("away").rename(image_folder)
    assert result.exit_code == 1
    assert f"The image {image('second')} of release 2 is no longer in ECR" in result.stderr
    assert (app.service("web")["taskDefinition"], len(app.releases())) == (before, 3)


def test_a_rollback_to_a_release_that_no_longer_starts_changes_nothing(app: Operated) -> None:
    crashes = app.define("web", "second", MODE="crash")
    number = app.record("web", "second", crashes)
    before = app.service("web")["taskDefinition"]
    app.record("web", "first", before)
    with app.load() as load:
        result = command(app, "rollback", str(number), "--service", "web")
    assert result.exit_code == 1
    assert "ECS has gone back to app-web:3, which serves on" in result.stderr
    assert "Cause (crash)" in result.stderr
    assert "no such database" in result.stderr  # the app's last line
    assert "its record is unchanged" in result.stderr
    load.check(at_least=50)
    assert app.releases()[0].task_definition == before
    web = json.loads(output_of(app, "status", "--json"))["services"][0]
    assert (web["running"], web["taskDefinition"]) == (1, before)
    assert any("rolling back" in event["message"] for event in web["events"])


def test_a_restart_replaces_all_tasks_and_loses_no_requests(app: Operated) -> None:
    before = set(app.ecs.list_tasks(cluster=CLUSTER)["taskArns"])
    definitions = {service["taskDefinition"] for service in app.services()}
    with app.load() as load:
        output = output_of(app, "restart")
    load.check(at_least=20)
    assert [line.partition(" (")[0] for line in output.splitlines() if "restarted" in line] == [
        "web was restarted",
        "worker was restarted",
    ]
    assert {service["taskDefinition"] for service in app.services()} == definitions
    until(lambda: not before & set(app.ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]))


def answer_of(app: Operated) -> tuple[int, str]:
    """Status and body of the app's address, also of an error."""
    try:
        return app.get()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_maintenance_shows_a_page_and_the_app_again(app: Operated, tmp_path: Path) -> None:
    assert output_of(app, "maintenance") == "maintenance is off\n"
    expected = "maintenance is on: 1 rules of the load balancer answer with status 503\n"
    assert output_of(app, "maintenance", "on") == expected
    until(lambda: answer_of(app)[0] == 503)
    assert "We will be back soon" in answer_of(app)[1]
    assert app.service("web")["runningCount"] == 1
    (tmp_path / "page.html").write_text("<h1>Umbau</h1>")
    assert output_of(app, "maintenance", "on", "--page", str(tmp_path / "page.html")) == expected
    until(lambda: answer_of(app) == (503, "<h1>Umbau</h1>"))
    assert output_of(app, "maintenance", "on", "--allow", "127.0.0.0/8", "--allow", "::1/128") == expected
    until(lambda: answer_of(app)[0] == 200)
    assert output_of(app, "maintenance", "on", "--allow", "203.0.113.0/24") == expected
    until(lambda: answer_of(app)[0] == 503)
    assert output_of(app, "maintenance") == "maintenance is on\n"
    assert "in maintenance, which ends with: flask-on-aws maintenance off" in output_of(app, "status")
    assert output_of(app, "maintenance", "off") == "maintenance is off\n"
    until(lambda: answer_of(app)[0] == 200)
    assert output_of(app, "maintenance", "off") == "maintenance was not on\n"
    assert json.loads(output_of(app, "status", "--json"))["maintenance"] is False


def test_a_page_that_a_load_balancer_rejects_is_rejected_here(app: Operated, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("x" * 1025)
    long = command(app, "maintenance", "on", "--page", str(tmp_path / "page.html"))
    assert (long.exit_code, long.stderr) == (
        1,
        "The page has 1025 characters; shorten it to 1024, the most that a load balancer accepts.\n",
    )
    network = command(app, "maintenance", "on", "--allow", "203.0.113.7/24")
    assert network.exit_code == 1
    assert "--allow 203.0.113.7/24: 203.0.113.7/24 has host bits set; use a network such as" in network.stderr
    assert output_of(app, "maintenance") == "maintenance is off\n"


def test_open_opens_the_app(app: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert output_of(app, "open").strip() == app.url
    assert opened == [app.url]
    result = CliRunner().invoke(main, ["open", "--cluster", CLUSTER, "--region", "us-east-1"])
    assert (result.exit_code, result.stderr.strip()) == (
        1,
        "The URL is an output of the stack, which is not known with --cluster; use --stack.",
    )


def test_run_has_the_service_s_environment_and_returns_the_exit_code(app: Operated) -> None:
    script = "import os, sys; print(os.environ['RELEASE']); print('second line'); sys.exit(3)"
    result = command(app, "run", "--", sys.executable, "-c", script)
    assert (result.exit_code, result.stdout) == (3, "first\nsecond line\n")
    assert "of app-web:3" in result.stderr
    line = command(app, "run", "--service", "worker", "echo $RELEASE && exit 0")
    assert (line.exit_code, line.stdout) == (0, "first\n")
    absent = command(app, "run", "--", "micromamba", "run", "flask", "routes")
    assert absent.exit_code == 127
    assert "command not found" in absent.stderr
    assert "Run the command without `micromamba run`." in absent.stderr


def test_run_does_not_wait_for_a_detached_command(app: Operated) -> None:
    task = output_of(app, "run", "--detach", "echo detached $RELEASE; exit 3").strip()
    (described,) = app.ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"]
    assert described["startedBy"] == "flask-on-aws-run"

    def code() -> int | None:
        return app.ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"][0]["containers"][0].get("exitCode")

    until(lambda: code() == 3)
    until(lambda: "detached first" in output_of(app, "logs"))
    both = command(app, "run", "--detach", "--timeout", "1m", "true")
    assert (both.exit_code, both.stderr) == (
        1,
        "--timeout and --detach exclude each other: nobody waits to stop the task.\n",
    )


def test_run_stops_a_command_after_the_timeout(app: Operated) -> None:
    result = command(app, "run", "--timeout", "2s", "--", "sleep", "60")
    assert result.exit_code == 124
    assert stopped_reasons(app)[-1] == "The timeout has expired"


def test_ctrl_c_stops_the_task_of_run(app: Operated) -> None:
    arguments = [COMMAND, "run", "--project", str(app.project), "--", "sh", "-c", "echo begun; exec sleep 60"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "Ctrl-C; stopping the task" in errors
    assert "Ctrl-C" in stopped_reasons(app)


def stopped_reasons(app: Operated) -> list[str]:
    arns = app.ecs.list_tasks(cluster=CLUSTER, startedBy="flask-on-aws-run", desiredStatus="STOPPED")["taskArns"]
    tasks = app.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
    assert {task["lastStatus"] for task in tasks} == {"STOPPED"}
    return [task["stoppedReason"] for task in sorted(tasks, key=lambda task: task["createdAt"])]


def test_logs_can_be_filtered_by_service_text_and_time(app: Operated) -> None:
    lines = output_of(app, "logs").splitlines()
    assert any(" web " in line and line.endswith("starting drain second") for line in lines)
    assert any(" worker " in line and line.endswith("working") for line in lines)
    assert lines == sorted(lines, key=lambda line: line[:20])
    assert {line.split()[2] for line in output_of(app, "logs", "--service", "worker").splitlines()} == {"worker"}
    assert all(line.endswith("second line") for line in output_of(app, "logs", "--filter", "second line").splitlines())
    time.sleep(1.1)
    assert output_of(app, "logs", "--since", "1s", "--filter", "starting") == ""


def test_followed_logs_show_each_new_line_once(app: Operated, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        arguments = [COMMAND, "logs", "--project", str(app.project), "-f", "--filter", "new line"]
        process = subprocess.Popen(arguments, stdout=file, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        for number in range(3):
            assert command(app, "run", "--", "echo", f"new line {number}").exit_code == 0
        until(lambda: "new line 2" in output.read_text(), state=output.read_text)
        time.sleep(4.5)  # two more polls
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert [line.split()[-1] for line in output.read_text().splitlines()] == ["0", "1", "2"]


def test_status_shows_a_failing_deployment_which_can_be_rolled_back(app: Operated) -> None:
    broken = app.define("web", "second", MODE="bad-health")
    app.ecs.update_service(cluster=CLUSTER, service="app-web-1", taskDefinition=broken)

    def unhealthy() -> bool:
        (web, _) = json.loads(output_of(app, "status", "--json"))["services"]
        reasons = [target["reason"] for target in web["targets"] if target["state"] == "unhealthy"]
        return web["rollout"] == "IN_PROGRESS" and web["release"] is None and bool(reasons)

    until(unhealthy)
    output = output_of(app, "status")
    assert "rollout IN_PROGRESS" in output
    assert "no recorded release (app-web:5" in output
    assert "unhealthy: Health checks failed with these codes: [500]" in output
    assert app.running_release() == "first"
    # During a deployment, a rollback goes to the release that ran before it.
    output = output_of(app, "rollback", "--yes", "--service", "web")
    assert "app-web:5 → release 5" in output
    assert app.service("web")["taskDefinition"].endswith("app-web:3")


def test_an_interrupted_rollback_is_finished_and_recorded_by_the_same_command(app: Operated) -> None:
    recorded, before = app.releases()[0].number, app.service("web")["taskDefinition"]
    arguments = ["rollback", "2", "--yes", "--service", "web", "--project", str(app.project)]
    process = subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: app.service("web")["taskDefinition"] != before)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "ECS continues the deployment, but web's record is unchanged" in errors
    copy = app.service("web")["taskDefinition"]
    assert app.releases()[0].number == recorded
    assert "web runs release 2 again" in output_of(app, *arguments[:3], "--service", "web")
    newest = app.releases()[0]
    assert (newest.number, newest.task_definition, newest.rolled_back_to) == (recorded + 1, copy, 2)
    until(lambda: app.running_release() == "second")  # the old task responds until it is drained
