"""Schedules, their role, their task definitions, and what reports that they fail."""

import json

import pytest
from flask_on_aws import FlaskApp, ScheduledJobs
from flask_on_aws.jobs.job import job_problems, read_job
from flask_on_aws.jobs.job_alarms import event_pattern, success_window
from flask_on_aws.validation.problems import ArgumentsError

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, JOBS

HOUR, DAY = 3600, 86400
NIGHTLY = {"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup"}
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/shop"
ARGS = {
    "cluster_arn": CLUSTER,
    "subnet_ids": ["subnet-1"],
    "security_group_id": "sg-1",
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:1",
    "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
    "task_role_arn": "arn:aws:iam::123456789012:role/task",
    "log_group_name": "logs",
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED
    return lambda **args: deploy(lambda: FlaskApp("app", {"app": APP, **args}))


def scheduled(deploy, *jobs, **args):
    return deploy(lambda: ScheduledJobs("app-jobs", {**ARGS, "jobs": list(jobs), **args}))


def test_a_schedule_starts_the_current_revision_of_the_job_s_own_task_definition(deploy):
    deployed = scheduled(deploy, {**NIGHTLY, "timezone": "Europe/Berlin", "cpu": 1024, "memory": 2048})
    schedule = deployed.of_type(":Schedule")["app-jobs-nightly"]
    assert schedule["scheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    target = schedule["target"]
    assert target["arn"] == CLUSTER
    assert "app-jobs-nightly" in target["ecsParameters"]["taskDefinitionArn"]
    assert target["retryPolicy"] == {"maximumEventAgeInSeconds": DAY, "maximumRetryAttempts": 5}
    assert target["deadLetterConfig"]["arn"].endswith("app-jobs-failed")
    definition = deployed.of_type(":TaskDefinition")["app-jobs-nightly"]
    assert (definition["cpu"], definition["memory"], definition["family"]) == ("1024", "2048", "app-jobs-nightly")
    (container,) = json.loads(definition["containerDefinitions"])
    assert container["name"] == "nightly"
    assert json.loads(container["command"][-1])["command"] == ["/bin/sh", "-c", "exec flask cleanup"]


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("rate(1 minute)", 60), ("rate(2 hours)", 2 * HOUR), ("rate(7 days)", DAY), ("cron(0 8,18 * * ? *)", 10 * HOUR)],
)
def test_a_run_may_start_late_until_the_next_is_due(schedule, seconds):
    assert read_job({**NIGHTLY, "schedule": schedule}).start_within == seconds


def test_the_schedules_role_starts_these_families_in_this_cluster_alone(deploy):
    deployed = scheduled(deploy, NIGHTLY)
    (trust,) = json.loads(deployed.of_type(":Role")["app-jobs-scheduler"]["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "123456789012"
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"].endswith("app-jobs")
    run, tag, give, send = json.loads(deployed.of_type(":RolePolicy")["app-jobs-scheduler"]["policy"])["Statement"]
    assert (run["Action"], run["Condition"]) == (["ecs:RunTask"], {"ArnEquals": {"ecs:cluster": CLUSTER}})
    assert run["Resource"] == ["arn:aws:ecs:us-east-1:123456789012:task-definition/app-jobs-nightly:*"]
    assert tag["Resource"] == "arn:aws:ecs:us-east-1:123456789012:task/shop/*"
    assert give["Resource"] == [ARGS["execution_role_arn"], ARGS["task_role_arn"]]
    assert give["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert send["Action"] == ["sqs:SendMessage"]
    assert send["Resource"].endswith("app-jobs-failed")


def test_the_dead_letter_queue_is_encrypted_and_takes_requests_with_tls_alone(deploy):
    deployed = scheduled(deploy, NIGHTLY)
    assert deployed.named("app-jobs-failed")["sqsManagedSseEnabled"] is True
    (statement,) = json.loads(deployed.named("app-jobs-failed-tls")["policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_runs_see_each_other_only_if_they_must_not_overlap(app):
    guarded = app(jobs=JOBS)
    listing, describing = json.loads(guarded.of_type(":RolePolicy")["app-web-task-jobs"]["policy"])["Statement"]
    assert listing["Action"] == ["ecs:ListTasks"]
    assert describing["Action"] == ["ecs:DescribeTasks"]
    assert "ecs:cluster" in listing["Condition"]["ArnEquals"]


def test_without_the_internet_they_reach_ecs_through_an_endpoint(app):
    assert "app-network-ecs" in app(jobs=JOBS, egress="endpoints").of_type(":VpcEndpoint")


def test_runs_that_may_overlap_need_neither_permissions_nor_an_endpoint(app):
    deployed = app(jobs=[{**NIGHTLY, "overlap": True}], egress="endpoints")
    assert "app-web-task-jobs" not in deployed.of_type(":RolePolicy")
    assert "app-network-ecs" not in deployed.of_type(":VpcEndpoint")


def test_a_run_has_the_app_s_environment_and_roles_but_not_its_sidecars(app):
    deployed = app(jobs=JOBS, sidecars=[{"name": "proxy", "image": "nginx:1"}], env={"COLOR": "red"})
    web, job = (deployed.of_type(":TaskDefinition")[name] for name in ("app-web", "app-jobs-nightly"))
    assert (job["executionRoleArn"], job["taskRoleArn"]) == (web["executionRoleArn"], web["taskRoleArn"])
    of_web, of_job = (json.loads(definition["containerDefinitions"]) for definition in (web, job))
    assert "proxy" in {container["name"] for container in of_web}
    assert "proxy" not in {container["name"] for container in of_job}
    for key in ("environment", "secrets", "image", "mountPoints"):
        assert of_job[0][key] == of_web[0][key]
    assert "portMappings" not in of_job[0]


def test_alarms_report_what_did_not_start_failed_and_did_not_succeed(deploy):
    deployed = scheduled(deploy, NIGHTLY, watch=True, alarm_topic_arn=TOPIC)
    alarms = deployed.of_type(":MetricAlarm")
    assert alarms["app-jobs-not-started"]["dimensions"] == {"QueueName": "app-jobs-failed"}
    success = alarms["app-jobs-nightly-no-success"]
    assert success["dimensions"] == {"Family": "app-jobs-nightly"}
    assert (success["threshold"], success["treatMissingData"]) == (1, "breaching")
    assert all(alarm["alarmActions"] == [TOPIC] for alarm in alarms.values())
    pattern = json.loads(deployed.of_type(":EventRule")["app-jobs-failures"]["eventPattern"])
    assert pattern == event_pattern(CLUSTER, ["app-jobs-nightly"])
    assert pattern["detail"]["group"] == ["family:app-jobs-nightly"]
    target = deployed.of_type(":EventTarget")["app-jobs-failures"]
    assert target["arn"] == TOPIC
    assert "<codes>" in json.loads(target["inputTransformer"]["inputTemplate"])


def test_without_alarms_nothing_is_watched_or_counted(deploy):
    deployed = scheduled(deploy, NIGHTLY)
    assert not deployed.of_type(":MetricAlarm")
    assert not deployed.of_type(":EventRule")
    (container,) = json.loads(deployed.of_type(":TaskDefinition")["app-jobs-nightly"]["containerDefinitions"])
    assert json.loads(container["command"][-1])["family"] == ""


@pytest.mark.parametrize(
    ("schedule", "least", "most"),
    [
        ("rate(1 minute)", 2 * 60 + HOUR, 2 * HOUR),
        ("rate(6 hours)", 13 * HOUR, 14 * HOUR),
        ("cron(0 3 * * ? *)", 2 * DAY + HOUR, 2 * DAY + 2 * HOUR),
        ("cron(0 8 ? * MON-FRI *)", 6 * DAY, 7 * DAY),
        ("rate(84 hours)", 7 * DAY, 7 * DAY),
    ],
)
def test_two_intervals_without_a_success_raise_an_alarm_within_cloudwatch_s_limits(schedule, least, most):
    window = success_window(read_job({**NIGHTLY, "schedule": schedule}))
    assert window
    assert least <= window.period * window.periods <= most
    assert window.period % 60 == 0
    assert window.period * window.periods <= (7 * DAY if window.period >= HOUR else DAY)


def test_cloudwatch_cannot_look_back_over_two_weeks():
    assert success_window(read_job({**NIGHTLY, "schedule": "rate(7 days)"})) is None


@pytest.mark.parametrize("most", [DAY, 82_000, 80_000])
def test_the_periods_of_a_day_stay_within_a_day(most):
    for seconds in range(60, most // 2, 997):
        window = success_window(
            read_job({**NIGHTLY, "schedule": f"rate({-(-seconds // 60) + 1} minutes)", "timeout": 10})
        )
        assert window
        assert window.period * window.periods <= (7 * DAY if window.period >= HOUR else DAY)


@pytest.mark.parametrize(
    ("change", "argument", "words"),
    [
        ({"name": "Nightly"}, "name", "lower-case"),
        ({"schedule": "at(2030-01-31T08:00:00)"}, "schedule", "runs once"),
        ({"schedule": "cron(0 3 * * *)"}, "schedule", "six fields"),
        ({"schedule": "rate(90 seconds)"}, "schedule", "minutes, hours or days"),
        ({"schedule": "cron(0 3 1 1 ? 2031)"}, "schedule", "repeats"),
        ({"schedule": "0 3 * * *"}, "schedule", "cron(…)"),
        ({"timezone": "Berlin"}, "timezone", "tz database"),
        ({"command": "  "}, "command", "is empty"),
        ({"cpu": 300}, "cpu", "not a Fargate task size"),
        ({"cpu": 256, "memory": 8192}, "memory", "not available with cpu 256"),
        ({"timeout": 9}, "timeout", "from 10 to 86400 seconds"),
        ({"timeout": 86401}, "timeout", "from 10 to 86400 seconds"),
        ({"timeout": "1h"}, "timeout", "whole number"),
        ({"retries": 11}, "retries", "from 0 to 10"),
        ({"retries": True}, "retries", "whole number"),
        ({"overlap": "yes"}, "overlap", "true or false"),
        ({"overlap": True, "concurrency": 11}, "concurrency", "from 1 to 10"),
        ({"concurrency": 2}, "concurrency", "set overlap to true"),
        ({"timeZone": "UTC"}, "timeZone", "did you mean timezone?"),
        ({"command": 5}, "command", "must be a text"),
    ],
)
def test_a_mistake_gets_one_sentence(change, argument, words):
    (problem,) = job_problems("jobs[0]", {**NIGHTLY, **change})
    assert problem.argument == f"jobs[0].{argument}"
    assert words in problem.reason


@pytest.mark.parametrize("key", ["name", "schedule", "command"])
def test_what_each_job_needs(key):
    (problem,) = job_problems("jobs[0]", {name: value for name, value in NIGHTLY.items() if name != key})
    assert (problem.argument, problem.reason) == (f"jobs[0].{key}", "is missing; each job needs it.")


def test_a_job_without_mistakes_has_no_problem():
    assert not list(
        job_problems("jobs[0]", {**NIGHTLY, "overlap": True, "concurrency": 3, "retries": 2, "timeout": 60})
    )


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"jobs": [NIGHTLY, NIGHTLY]}, "'nightly' is named more than once"),
        ({"jobs": [{**NIGHTLY, "name": "web"}]}, "'web' is the name of a container of the stack's own"),
        (
            {"jobs": [{**NIGHTLY, "name": "mail"}], "workers": {"mail": "python mail.py"}},
            "'mail' is the name of a worker",
        ),
        (
            {"jobs": [NIGHTLY], "workers": {"jobs-nightly": "python mail.py"}},
            "'nightly' gives the task family of the worker 'jobs-nightly'",
        ),
    ],
)
def test_jobs_of_an_app_are_checked_with_the_rest_of_it(app, args, sentence):
    with pytest.raises(ArgumentsError, match=sentence):
        app(**args)
