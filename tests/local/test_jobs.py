"""Tests of `jobs list`, `jobs run` and `jobs history` on a local AWS with real tasks and logs.

The tests depend on their order: each run of a job is in the history that the next ones read.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask_on_aws.jobs.job import read_job
from flask_on_aws.jobs.job_command import job_command
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.clients import client
from flask_on_aws_cli.main import main

from tests.waiting import SECONDS, until

from .operating import CLUSTER, Operated, image, open_project

COMMAND = str(Path(sys.executable).parent / "flask-on-aws")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    local_aws = open_project(tmp_path_factory.mktemp("jobs") / "a project")
    try:
        app = Operated(local_aws)
        app.release("first")
        schedule(
            app, "report", "echo the report of $RELEASE; exit 3", schedule="cron(0 3 * * ? *)", timezone="Europe/Berlin"
        )
        schedule(app, "slow", "echo begun; exec sleep 5", schedule="rate(1 day)")
        yield app
    finally:
        daemon_control.end(local_aws)


def schedule(app: Operated, name: str, line: str, **keys: str) -> None:
    """Create the task definition and the schedule of a job."""
    job = read_job({"name": name, "command": line, "timeout": 60, **keys})
    (web,) = app.ecs.describe_task_definition(taskDefinition="app-web")["taskDefinition"]["containerDefinitions"]
    options = {"awslogs-group": "app-logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": name}
    role = app.ecs.describe_task_definition(taskDefinition="app-web")["taskDefinition"]["taskRoleArn"]
    arn = app.ecs.register_task_definition(
        family=f"app-jobs-{name}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=role,
        taskRoleArn=role,
        containerDefinitions=[
            {
                "name": name,
                "image": image("first"),
                "essential": True,
                "command": job_command(job, (), ""),
                # The image of this test is a folder without a Python of its own.
                "environment": [*web["environment"], {"name": "PATH", "value": os.environ["PATH"]}],
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    network = app.service("web")["networkConfiguration"]["awsvpcConfiguration"]
    (cluster,) = app.ecs.describe_clusters(clusters=[CLUSTER])["clusters"]
    client(app.location, "scheduler").create_schedule(
        Name=f"app-jobs-{name}-1234567",
        ScheduleExpression=job.schedule,
        ScheduleExpressionTimezone=job.timezone,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": cluster["clusterArn"],
            "RoleArn": role,
            "EcsParameters": {
                "TaskDefinitionArn": arn,
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": network["subnets"]}},
            },
        },
    )


def jobs(app: Operated, verb: str, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["jobs", verb, "--project", str(app.project), *arguments], catch_exceptions=False)
    assert result.exit_code == 0 or verb == "run", result.output
    return result


def test_list_shows_each_job_with_its_schedule(app: Operated) -> None:
    report, slow = json.loads(jobs(app, "list", "--json").stdout)
    assert (report["name"], report["schedule"], report["timezone"]) == ("report", "cron(0 3 * * ? *)", "Europe/Berlin")
    assert (report["timeout"], report["retries"], report["runsAtATime"], report["enabled"]) == (60, 0, 1, True)
    assert report["taskDefinition"].endswith("app-jobs-report:1")
    assert slow["timezone"] == "UTC"
    heading, first, _ = jobs(app, "list").stdout.splitlines()
    assert heading.startswith("NAME")
    assert "  ".join(first.split("  ")[:3]) == "report  cron(0 3 * * ? *)  Europe/Berlin"
    assert first.endswith("app-jobs-report:1")


def test_history_is_empty_before_the_first_run(app: Operated) -> None:
    result = jobs(app, "history", "report")
    assert result.stdout == "No run of report is known; --since looks further back.\n"


def test_run_prints_the_output_and_ends_with_the_exit_code(app: Operated) -> None:
    result = jobs(app, "run", "report")
    assert result.exit_code == 3, result.output[-1500:]
    assert "the report of first\n" in result.stdout
    assert "of app-jobs-report:1" in result.stderr


def test_history_has_the_run_with_its_exit_code(app: Operated) -> None:
    until(lambda: json.loads(jobs(app, "history", "report", "--json").stdout)[0]["outcome"] == "failed")
    (run,) = json.loads(jobs(app, "history", "report", "--json").stdout)
    assert (run["outcome"], run["exitCode"], run["attempts"], run["reason"]) == ("failed", 3, 1, "")
    assert 0 <= run["seconds"] < SECONDS
    heading, line = jobs(app, "history", "report").stdout.splitlines()
    assert heading.split()[:4] == ["STARTED", "OUTCOME", "EXIT", "CODE"]
    assert run["task"] in line
    assert json.loads(jobs(app, "history", "slow", "--json").stdout) == []


def test_a_run_beside_an_earlier_one_is_skipped(app: Operated) -> None:
    first = subprocess.Popen(
        [COMMAND, "jobs", "run", "slow", "--project", str(app.project)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout
    while first.stdout.readline() != "begun\n":
        pass
    drained = threading.Thread(target=first.stdout.read)
    drained.start()
    running = json.loads(jobs(app, "history", "slow", "--json").stdout)[0]
    second = jobs(app, "run", "slow")
    assert second.exit_code == 75
    assert "still running: " in second.stdout
    assert first.wait(SECONDS) == 0
    drained.join()
    assert (running["outcome"], running["exitCode"]) == ("running", None)

    def outcomes() -> list[str]:
        return [run["outcome"] for run in json.loads(jobs(app, "history", "slow", "--json").stdout)]

    until(lambda: outcomes() == ["skipped", "succeeded"], state=outcomes)


def test_a_run_that_did_not_begin_is_known_to_ecs(app: Operated) -> None:
    schedule(app, "broken", "true", schedule="rate(1 day)")
    definition = app.ecs.describe_task_definition(taskDefinition="app-jobs-broken")["taskDefinition"]
    container = {**definition["containerDefinitions"][0], "command": ["/no-such-program"]}
    broken = app.ecs.register_task_definition(
        **{
            key: definition[key]
            for key in ("family", "networkMode", "cpu", "memory", "executionRoleArn", "requiresCompatibilities")
        },
        containerDefinitions=[container],
    )
    network = app.service("web")["networkConfiguration"]
    app.ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=broken["taskDefinition"]["taskDefinitionArn"],
        launchType="FARGATE",
        networkConfiguration=network,
    )

    def last() -> str:
        runs = json.loads(jobs(app, "history", "broken", "--json").stdout)
        return runs[0]["outcome"] if runs else ""

    until(lambda: last() == "not started", state=last)


def test_a_job_that_does_not_exist_is_reported_with_those_that_do(app: Operated) -> None:
    result = jobs(app, "run", "nightly")
    assert result.exit_code == 1
    assert "The app has no job nightly; it has: broken, report, slow" in result.stderr


def test_a_schedule_starts_its_task_on_time(app: Operated) -> None:
    scheduler = client(app.location, "scheduler")
    slow = scheduler.get_schedule(Name="app-jobs-slow-1234567")
    due = datetime.now(UTC) + timedelta(seconds=2)
    target = {**slow["Target"], "Input": json.dumps({"containerOverrides": [{"name": "slow", "cpu": 128}]})}
    once = {"ScheduleExpression": f"at({due:%Y-%m-%dT%H:%M:%S})", "FlexibleTimeWindow": {"Mode": "OFF"}}
    scheduler.create_schedule(Name="app-jobs-once", Target=slow["Target"], **once)
    scheduler.update_schedule(Name="app-jobs-once", Target=target, **once)
    scheduler.create_schedule(Name="app-jobs-off", Target=target, State="DISABLED", **once)

    def started() -> list[Any]:
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in app.ecs.list_tasks(cluster=CLUSTER, family="app-jobs-slow", desiredStatus=status)["taskArns"]
        ]
        tasks = app.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        return [task for task in tasks if task.get("startedBy", "").startswith("chronos-schedule/")]

    until(started)
    (task,) = started()
    assert task["startedBy"] == "chronos-schedule/app-jobs-once"
    assert task["createdAt"] >= due.replace(microsecond=0)
    assert task["overrides"]["containerOverrides"] == [{"name": "slow", "cpu": 128}]
    until(lambda: jobs(app, "history", "slow").stdout.count("succeeded") == 2)
    assert len(started()) == 1  # and the disabled one has started none


def test_what_cannot_be_started_is_repeated_and_then_in_the_dead_letter_queue(app: Operated) -> None:
    sqs, scheduler = client(app.location, "sqs"), client(app.location, "scheduler")
    url = sqs.create_queue(QueueName="app-jobs-failed")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    slow = scheduler.get_schedule(Name="app-jobs-slow-1234567")
    parameters = {**slow["Target"]["EcsParameters"], "TaskDefinitionArn": "app-jobs-slow:99"}
    due = datetime.now(UTC) + timedelta(seconds=2)
    scheduler.create_schedule(
        Name="app-jobs-missing",
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            **slow["Target"],
            "EcsParameters": parameters,
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
            "DeadLetterConfig": {"Arn": queue},
        },
    )
    messages: list[Any] = []

    def received() -> bool:
        messages.extend(sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages", []))
        return bool(messages)

    until(received)
    (message,) = messages
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["RETRY_ATTEMPTS"] == "2"
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert attributes["SCHEDULE_ARN"].endswith(":schedule/default/app-jobs-missing")
    assert attributes["ERROR_CODE"] == "ClientException"
    status = CliRunner().invoke(main, ["local", "status", "--project", str(app.project)])
    assert "schedule app-jobs-missing" in status.output
