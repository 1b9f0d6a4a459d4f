"""Tests of services and tasks that are real processes or containers, with the APIs of ECS and CloudWatch Logs."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port

from tests.waiting import SECONDS, until

from .cloud import Cloud
from .conftest import REGION, client, marks_of
from .runtimes import RUNTIMES


@pytest.fixture(scope="module", params=[pytest.param(name, marks=marks_of(name)) for name in RUNTIMES])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Location(tmp_path_factory.mktemp("local aws"), free_port(), REGION), request.param)
    yield cloud
    cloud.stop()


def pids(cloud: Cloud, task: Any) -> list[int]:
    return cloud.runtime.pids(cloud.location, identifier(task))


def identifier(task: Any) -> str:
    return task["taskArn"].rsplit("/", 1)[-1]


def stopped(cloud: Cloud, name: str, number: int = 1) -> list[Any]:
    """Wait for this number of stopped tasks of a service, and return them."""

    def enough() -> Any:
        tasks = [task for task in cloud.tasks(name, "STOPPED") if task["lastStatus"] == "STOPPED"]
        return tasks if len(tasks) >= number else None

    return until(enough, state=lambda: cloud.service(name))


def deploy(cloud: Cloud, name: str, **definition: Any) -> None:
    cloud.ecs.update_service(cluster="c", service=name, taskDefinition=cloud.define(name, **definition))


def rolled_back(cloud: Cloud, name: str) -> list[Any]:
    """Wait until the circuit breaker has rolled back to the first version, and return the failed deployments."""
    until(lambda: len(cloud.service(name)["deployments"]) == 2)

    def failed_deployments() -> Any:
        first, *others = cloud.service(name)["deployments"]
        failed = [other for other in others if other["rolloutState"] == "FAILED"]
        return failed if first["rolloutState"] == "COMPLETED" else None

    failed = until(failed_deployments, state=lambda: cloud.service(name))
    assert cloud.service(name)["taskDefinition"].endswith(":1")
    assert failed[0]["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert failed[0]["failedTasks"] >= 3  # two tasks start at the same time, so a fourth may have failed with the third
    assert f"(service {name}) (deployment {failed[0]['id']}) deployment failed: tasks failed to start." in cloud.events(
        name
    )
    return failed


def start_task(cloud: Cloud, definition: str, **options: Any) -> str:
    """Call RunTask and return the task's ARN."""
    arguments = {"launchType": "FARGATE", "networkConfiguration": cloud.network, **options}
    task = cloud.ecs.run_task(cluster="c", taskDefinition=definition, **arguments)["tasks"][0]
    assert task["lastStatus"] == "PROVISIONING"
    return task["taskArn"]


def run_task(cloud: Cloud, definition: str, **options: Any) -> Any:
    """Call RunTask, wait until the task has stopped, and return its description."""
    arn = start_task(cloud, definition, **options)
    waiter = cloud.ecs.get_waiter("tasks_stopped")
    waiter.wait(cluster="c", tasks=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": SECONDS})
    return cloud.task(arn)


def test_a_successful_deployment_replaces_the_tasks_of_the_old_version(cloud: Cloud) -> None:
    cloud.serve("good", cloud.define("good", environment={"RELEASE": "1"}), count=2)
    first = cloud.steady("good")
    assert first["runningCount"] == 2
    assert first["deployments"][0]["rolloutStateReason"] == f"ECS deployment {first['deployments'][0]['id']} completed."
    old = {task["taskArn"] for task in cloud.tasks("good")}
    assert all(task["lastStatus"] == "RUNNING" and task["startedAt"] for task in cloud.tasks("good"))
    cloud.ecs.update_service(
        cluster="c", service="good", taskDefinition=cloud.define("good", environment={"RELEASE": "2"})
    )
    assert [deployment["status"] for deployment in cloud.service("good")["deployments"]] == ["PRIMARY", "ACTIVE"]
    service = cloud.steady("good")
    assert [deployment["taskDefinition"].rsplit(":", 1)[-1] for deployment in service["deployments"]] == ["2"]
    until(
        lambda: {task["taskArn"] for task in cloud.tasks("good", "STOPPED") if task["lastStatus"] == "STOPPED"} == old
    )
    for task in cloud.tasks("good", "STOPPED"):
        assert task["stopCode"] == "ServiceSchedulerInitiated"
        assert task["stoppedReason"] == f"Scaling activity initiated by (deployment {service['deployments'][0]['id']})"
        assert task["containers"][0]["exitCode"] == 0  # it exited on SIGTERM
    assert "(service good) has reached a steady state." in cloud.events("good")
    waiter = cloud.ecs.get_waiter("services_stable")
    waiter.wait(cluster="c", services=["good"], WaiterConfig={"Delay": 1, "MaxAttempts": SECONDS})


@pytest.mark.any_runtime
def test_a_crash_loop_is_rolled_back_while_the_old_release_keeps_running(cloud: Cloud) -> None:
    cloud.serve("crash", cloud.define("crash"), count=2)
    before = {identifier(task): pids(cloud, task) for task in cloud.steady("crash") and cloud.tasks("crash")}
    deploy(cloud, "crash", environment={"MODE": "crash", "SECONDS": "0.3"})
    rolled_back(cloud, "crash")
    assert {identifier(task): pids(cloud, task) for task in cloud.tasks("crash")} == before
    listed = cloud.ecs.list_service_deployments(cluster="c", service="crash")["serviceDeployments"]
    arns = [deployment["serviceDeploymentArn"] for deployment in listed]
    deployments = cloud.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    assert [deployment["status"] for deployment in deployments] == ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]
    assert deployments[1]["statusReason"] == "ECS deployment circuit breaker: tasks failed to start."
    dead = stopped(cloud, "crash", 3)[0]
    assert (dead["stopCode"], dead["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert dead["containers"][0]["exitCode"] == 1
    assert cloud.lines(f"web/web/{identifier(dead)}") == ["starting crash ", "no such database"]


@pytest.mark.any_runtime
def test_a_deployment_with_failing_health_checks_is_rolled_back(cloud: Cloud) -> None:
    cloud.serve("sick", cloud.define("sick"), grace=1)
    cloud.steady("sick")
    deploy(cloud, "sick", environment={"MODE": "bad-health"})
    rolled_back(cloud, "sick")
    dead = stopped(cloud, "sick", 3)[0]
    assert dead["stoppedReason"] == "Task failed ELB health checks in (target-group arn:sick)"
    assert dead["stopCode"] == "ServiceSchedulerInitiated"
    assert any(
        "due to (reason Health checks failed with these codes: [500])" in event for event in cloud.events("sick")
    )


def test_a_fixed_port_works_where_it_is_that_of_the_task_definition(cloud: Cloud) -> None:
    port = free_port()
    fixed = {"portMappings": [{"containerPort": port}], "environment": {"FIXED_PORT": str(port)}}
    cloud.serve("fixed", cloud.define("fixed", **fixed), port=port)
    cloud.steady("fixed")


def test_another_port_is_reported_at_once(cloud: Cloud) -> None:
    port = free_port()
    cloud.serve("elsewhere", cloud.define("elsewhere", environment={"FIXED_PORT": str(port)}), grace=10 * SECONDS)
    reason = stopped(cloud, "elsewhere")[0]["stoppedReason"]
    assert reason.startswith(f"The app listens on port {port}, and the load balancer connects to $PORT (here ")
    assert reason.endswith(f"listen on 0.0.0.0:$PORT, or set port to {port} (it is 8080)")
    cause = diagnose(Evidence("ServiceSchedulerInitiated", reason))
    assert (cause.kind, cause.reason[:20]) == ("wrong port", reason[:20].replace("The", "the"))
    cloud.ecs.update_service(cluster="c", service="elsewhere", desiredCount=0)


@pytest.mark.any_runtime
def test_a_missing_secret_keeps_the_task_from_starting(cloud: Cloud) -> None:
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:none-AbCdEf"
    task = run_task(cloud, cloud.define("none", secrets=[{"name": "KEY", "valueFrom": arn}]))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == (
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        "unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret "
        f"{arn} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
    )
    assert "exitCode" not in task["containers"][0]


def test_a_missing_image_keeps_the_task_from_starting(cloud: Cloud) -> None:
    task = run_task(cloud, cloud.define("image", image="nobody/knows:1"))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest")
    assert "failed to resolve ref nobody/knows:1: nobody/knows:1: " in task["stoppedReason"]


@pytest.mark.any_runtime
def test_a_missing_log_group_keeps_the_task_from_starting(cloud: Cloud) -> None:
    options = {"awslogs-group": "other", "awslogs-region": REGION, "awslogs-stream-prefix": "web"}
    log = {"logDriver": "awslogs", "options": options}
    task = run_task(cloud, cloud.define("nolog", logConfiguration=log))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "The specified log group does not exist" in task["stoppedReason"]


def test_a_log_group_is_created_if_the_task_definition_requests_it(cloud: Cloud) -> None:
    options = {"awslogs-group": "made", "awslogs-region": REGION, "awslogs-create-group": "true"}
    log = {"logDriver": "awslogs", "options": {**options, "awslogs-stream-prefix": "web"}}
    task = run_task(cloud, cloud.define("makelog", logConfiguration=log, command=["echo", "hello"]))
    assert task["containers"][0]["exitCode"] == 0
    stream = f"web/web/{identifier(task)}"
    events = client(cloud.location, "logs").get_log_events(logGroupName="made", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["hello"]


def test_a_task_has_the_environment_and_secrets_of_its_definition(cloud: Cloud) -> None:
    secret = client(cloud.location, "secretsmanager").create_secret(
        Name="app", SecretString='{"url": "postgres://x", "n": 7}'
    )
    client(cloud.location, "ssm").put_parameter(Name="/app/key", Value="param", Type="SecureString")
    references = {
        "WHOLE": secret["ARN"],
        "URL": f"{secret['ARN']}:url::",
        "N": f"{secret['ARN']}:n:AWSCURRENT:",
        "KEY": f"arn:aws:ssm:{REGION}:123456789012:parameter/app/key",
        "NAMED": "/app/key",
    }
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    definition = cloud.define(
        "env",
        command=[cloud.runtime.python, "-c", script],
        environment={"PLAIN": "x", "PORT": "8080"},
        secrets=[{"name": name, "valueFrom": reference} for name, reference in references.items()],
    )
    task = run_task(cloud, definition)
    assert task["containers"][0]["exitCode"] == 0
    env = json.loads(cloud.lines(f"web/web/{identifier(task)}")[0])
    assert env["URL"] == "postgres://x"
    assert env["N"] == "7"
    assert json.loads(env["WHOLE"])["n"] == 7
    assert (env["KEY"], env["NAMED"], env["PLAIN"], env["FROM_IMAGE"]) == ("param", "param", "x", "yes")
    assert env["AWS_ENDPOINT_URL"] == cloud.location.endpoint
    assert cloud.runtime.port in (None, int(env["PORT"]))
    assert "AWS_ACCESS_KEY_ID" not in env  # because the task has no role


@pytest.mark.any_runtime
def test_a_task_fails_if_its_role_may_not_read_the_secret(cloud: Cloud) -> None:
    iam = client(cloud.location, "iam")
    iam.create_role(RoleName="poor", AssumeRolePolicyDocument="{}")
    arn = client(cloud.location, "secretsmanager").create_secret(Name="denied", SecretString="x")["ARN"]
    overrides = {"executionRoleArn": "arn:aws:iam::123456789012:role/poor"}
    definition = cloud.define("poor", secrets=[{"name": "KEY", "valueFrom": arn}])
    task = run_task(cloud, definition, overrides=overrides)
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in task["stoppedReason"]


def test_a_task_has_the_credentials_of_its_role(cloud: Cloud) -> None:
    arn = client(cloud.location, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    script = (
        "import json, os, urllib.request as r; token = os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN'];"
        "request = r.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], headers={'Authorization': token});"
        "print(json.load(r.urlopen(request))['RoleArn'])"
    )
    command = [cloud.runtime.python, "-c", script]
    task = run_task(cloud, cloud.define("credentials", command=command), overrides={"taskRoleArn": arn})
    assert cloud.lines(f"web/web/{identifier(task)}") == [arn]
    if cloud.runtime.python == sys.executable:  # which has boto3
        script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
        definition = cloud.define("who", command=[sys.executable, "-c", script])
        task = run_task(cloud, definition, overrides={"taskRoleArn": arn})
        assert cloud.lines(f"web/web/{identifier(task)}") == [
            f"arn:aws:sts::123456789012:assumed-role/app/{identifier(task)}"
        ]


# A task without a role that sends unsigned requests and requests with invalid keys, and requests another task's
# credentials.
INTRUDER = """
import json, os, sys, urllib.error, urllib.request
def status(url, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, b"{}", headers)).status
    except urllib.error.HTTPError as error:
        return error.code
endpoint, other = os.environ["AWS_ENDPOINT_URL"], os.environ["OTHER"]
target = "AmazonEC2ContainerServiceV20141113.RunTask"
scope = "test/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"
print(status(endpoint, X_Amz_Target=target), end=" ")
print(status(endpoint, X_Amz_Target=target, Authorization="AWS4-HMAC-SHA256 Credential=" + scope), end=" ")
print(status(other), status(other, Authorization="x"), end=" ")
print(status(other.rpartition("/")[0] + "/", Authorization=""), end=" ")
print("AWS_CONTAINER_AUTHORIZATION_TOKEN" in os.environ)
"""


def test_no_task_can_get_the_credentials_of_another(cloud: Cloud) -> None:
    for name in ("reader", "writer"):
        client(cloud.location, "iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    names = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
    script = f"import os, time; print(*[os.environ[name] for name in {names}], flush=True); time.sleep(600)"
    definition = cloud.define("wait", command=[cloud.runtime.python, "-c", script])
    credentials: dict[str, list[str]] = {}
    tasks: list[str] = []

    def first_line(arn: str) -> str:
        try:
            return cloud.lines(f"web/web/{arn.rpartition('/')[2]}")[0]
        except (ClientError, IndexError):  # there is no log yet
            return ""

    for name in ("reader", "writer"):
        arn = start_task(cloud, definition, overrides={"taskRoleArn": f"arn:aws:iam::123456789012:role/{name}"})
        tasks.append(arn)
        credentials[name] = until(lambda arn=arn: first_line(arn)).split()

    def role(uri: str, token: str) -> str:
        request = urllib.request.Request(uri, headers={"Authorization": token} if token else {})
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)["RoleArn"].rpartition("/")[2]
        except urllib.error.HTTPError as error:
            return str(error.code)

    assert [role(*credentials[name]) for name in credentials] == ["reader", "writer"]
    (reader, read_token), (writer, write_token) = credentials.values()
    assert [role(reader, write_token), role(writer, read_token), role(reader, "")] == ["403"] * 3
    intruder = cloud.define("intruder", command=[cloud.runtime.python, "-c", INTRUDER], environment={"OTHER": writer})
    task = run_task(cloud, intruder)
    assert cloud.lines(f"web/web/{identifier(task)}") == ["403 403 403 403 403 False"]
    for arn in tasks:
        cloud.ecs.stop_task(cluster="c", task=arn)
    until(lambda: all(cloud.task(arn)["lastStatus"] == "STOPPED" for arn in tasks))
    assert role(reader, read_token) == "403"  # a stopped task has no credentials


@pytest.mark.any_runtime
def test_a_slow_start_within_the_grace_period_succeeds(cloud: Cloud) -> None:
    cloud.serve("patient", cloud.define("patient", environment={"MODE": "slow", "SECONDS": "3"}), grace=20)
    cloud.steady("patient")
    assert cloud.tasks("patient", "STOPPED") == []


@pytest.mark.any_runtime
def test_a_slow_start_beyond_the_grace_period_fails(cloud: Cloud) -> None:
    cloud.serve("late", cloud.define("late", environment={"MODE": "slow", "SECONDS": "30"}), grace=1)
    service = until(lambda: (s := cloud.service("late"))["deployments"][0]["rolloutState"] == "FAILED" and s)
    assert service["deployments"][0]["failedTasks"] == 3
    reasons = {task["stoppedReason"] for task in stopped(cloud, "late", 3)}
    assert reasons == {"Task failed ELB health checks in (target-group arn:late)"}


def test_a_task_that_ignores_sigterm_is_killed_after_the_stop_timeout(cloud: Cloud) -> None:
    cloud.serve("stubborn", cloud.define("stubborn", environment={"MODE": "stubborn"}, stopTimeout=2))
    task = cloud.steady("stubborn") and cloud.tasks("stubborn")[0]
    scaled_in = time.monotonic()
    cloud.ecs.update_service(cluster="c", service="stubborn", desiredCount=0)
    dead = stopped(cloud, "stubborn")[0]
    assert 2 <= time.monotonic() - scaled_in < 30  # the default
    assert dead["taskArn"] == task["taskArn"]
    assert dead["containers"][0]["exitCode"] == 137


@pytest.mark.any_runtime
def test_a_stopped_task_is_replaced(cloud: Cloud) -> None:
    cloud.serve("halt", cloud.define("halt"))
    task = cloud.steady("halt") and cloud.tasks("halt")[0]
    cloud.ecs.stop_task(cluster="c", task=task["taskArn"], reason="a test")
    dead = stopped(cloud, "halt")[0]
    assert (dead["stopCode"], dead["stoppedReason"], dead["containers"][0]["exitCode"]) == (
        "UserInitiated",
        "a test",
        0,
    )
    until(lambda: cloud.tasks("halt") and cloud.service("halt")["runningCount"] == 1)
    assert cloud.tasks("halt")[0]["taskArn"] != task["taskArn"]
    assert cloud.lines(f"web/web/{identifier(task)}") == ["starting good ", "bye"]
    assert cloud.deployment("halt")["failedTasks"] == 0


@pytest.mark.any_runtime
def test_a_target_is_deregistered_before_sigterm(cloud: Cloud) -> None:
    cloud.serve("drain", cloud.define("drain", environment={"MODE": "stubborn"}, stopTimeout=1))
    task = cloud.steady("drain") and cloud.tasks("drain")[0]
    first = pids(cloud, task)[0]
    cloud.ecs.update_service(cluster="c", service="drain", desiredCount=0)
    calls = until(lambda: (logged := cloud.targets.calls("arn:drain")) and len(logged) == 2 and logged)
    assert psutil.Process(first).is_running()  # it ignores SIGTERM, so the stop timeout has not expired
    assert [call for call, _ in calls] == ["register", "deregister"]
    assert calls[0][1] == calls[1][1]


@pytest.mark.any_runtime
def test_a_service_scales_out_and_in_without_a_deployment(cloud: Cloud) -> None:
    cloud.serve("scale", cloud.define("scale"), count=2)
    cloud.steady("scale")
    deployment_id = cloud.deployment("scale")["id"]
    for count in (4, 1):
        cloud.ecs.update_service(cluster="c", service="scale", desiredCount=count)
        until(lambda count=count: len(cloud.tasks("scale")) == count == cloud.service("scale")["runningCount"])
    assert cloud.deployment("scale")["id"] == deployment_id
    assert len(stopped(cloud, "scale", 3)) == 3


def test_a_task_that_exceeds_its_memory_is_killed(cloud: Cloud) -> None:
    task = run_task(cloud, cloud.define("hog", memory=128, environment={"MODE": "hog"}))
    container = task["containers"][0]
    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert task["stoppedReason"] == "Essential container in task exited"


def test_a_killed_task_is_replaced(cloud: Cloud) -> None:
    cloud.serve("killed", cloud.define("killed"))
    task = cloud.steady("killed") and cloud.tasks("killed")[0]
    os.kill(pids(cloud, task)[0], signal.SIGKILL)
    until(
        lambda: [
            other
            for other in cloud.tasks("killed")
            if other["taskArn"] != task["taskArn"] and other["lastStatus"] == "RUNNING"
        ]
    )
    dead = cloud.task(task["taskArn"])
    assert (dead["stopCode"], dead["containers"][0]["exitCode"]) == ("EssentialContainerExited", 137)


@pytest.mark.parametrize("code", [0, 7])
def test_a_one_off_task_reports_its_exit_code(cloud: Cloud, code: int) -> None:
    task = run_task(cloud, cloud.define(f"exit{code}", environment={"MODE": "exit", "SECONDS": str(code)}))
    assert (task["containers"][0]["exitCode"], task["stopCode"]) == (code, "EssentialContainerExited")
    assert task["createdAt"] <= task["startedAt"] <= task["stoppedAt"]


def test_a_one_off_task_can_override_command_and_environment(cloud: Cloud) -> None:
    override = {
        "name": "web",
        "command": ["/bin/sh", "-c", 'echo "$GREETING $MODE"'],
        "environment": [{"name": "GREETING", "value": "hello"}],
    }
    definition = cloud.define("override", environment={"MODE": "good"})
    task = run_task(cloud, definition, overrides={"containerOverrides": [override]})
    assert cloud.lines(f"web/web/{identifier(task)}") == ["hello good"]


def test_a_container_waits_for_another_to_succeed(cloud: Cloud) -> None:
    log = {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "g", "awslogs-region": REGION, "awslogs-stream-prefix": "i"},
    }
    first = {"name": "first", "image": cloud.runtime.image, "essential": False, "logConfiguration": log}
    depends = [{"containerName": "first", "condition": "SUCCESS"}]
    for command, code in (("sleep 0.5; echo first", 0), ("exit 3", 3)):
        definition = cloud.define(
            f"init{code}",
            command=["/bin/sh", "-c", "echo second"],
            dependsOn=depends,
            others=[{**first, "command": ["/bin/sh", "-c", command]}],
        )
        task = run_task(cloud, definition)
        containers = {container["name"]: container for container in task["containers"]}
        assert containers["first"]["exitCode"] == code
        if code == 0:
            assert containers["web"]["exitCode"] == 0
            assert cloud.lines(f"i/first/{identifier(task)}") == ["first"]
        else:
            assert "exitCode" not in containers["web"]
            assert task["stopCode"] == "TaskFailedToStart"
            assert "dependency did not exit successfully" in task["stoppedReason"]


def test_sidecars_run_or_report_why_they_cannot(cloud: Cloud) -> None:
    sidecar = {"name": "sidecar", "image": cloud.runtime.image, "essential": False, "command": ["sleep", "60"]}
    agent = {"name": "agent", "image": "vendor/agent", "essential": False}
    cloud.serve("cars", cloud.define("cars", others=[sidecar]))
    task = cloud.steady("cars") and cloud.tasks("cars")[0]
    containers = {container["name"]: container for container in task["containers"]}
    assert containers["sidecar"]["lastStatus"] == "RUNNING"
    definition = cloud.define("agent", command=["true"], others=[agent])
    task = run_task(cloud, definition)
    containers = {container["name"]: container for container in task["containers"]}
    if cloud.runtime.image == "app":  # a process has no image that contains the agent
        assert containers["agent"]["reason"] == "Skipped: vendor/agent cannot run as a process of this machine."
        assert containers["web"]["exitCode"] == 0
    else:
        assert task["stoppedReason"].startswith("CannotPullContainerError: ")


def test_a_failing_container_health_check_stops_the_task(cloud: Cloud) -> None:
    check = {"command": ["CMD-SHELL", 'test "$RELEASE" = 1'], "interval": 5, "retries": 1, "timeout": 2}
    # AWS rejects intervals of less than 5 seconds.
    cloud.serve("checked", cloud.define("checked", environment={"RELEASE": "1"}, healthCheck=check), balanced=False)
    cloud.steady("checked")
    until(lambda: cloud.tasks("checked")[0]["healthStatus"] == "HEALTHY")
    deploy(cloud, "checked", environment={"RELEASE": "2"}, healthCheck=check)
    dead = stopped(cloud, "checked")[0]
    assert dead["stoppedReason"] == "Task failed container health checks"


@pytest.mark.any_runtime
def test_the_deployment_of_a_worker_that_crashes_is_rolled_back(cloud: Cloud) -> None:
    cloud.serve("worker", cloud.define("worker", environment={"MODE": "wait"}, portMappings=[]), balanced=False)
    cloud.steady("worker")
    deploy(cloud, "worker", environment={"MODE": "crash", "SECONDS": "1"}, portMappings=[])
    rolled_back(cloud, "worker")


def test_an_exec_command_has_the_environment_of_the_container(cloud: Cloud) -> None:
    cloud.serve("exec", cloud.define("exec", environment={"RELEASE": "9"}), enableExecuteCommand=True)
    task = cloud.steady("exec") and cloud.tasks("exec")[0]
    process = cloud.plane.exec_process(identifier(task), ["sh", "-c", "echo $RELEASE"], terminal=False)
    result = subprocess.run(process.command, env=process.environment, cwd=process.folder, capture_output=True)
    assert result.stdout == b"9\n"
    cloud.serve("noexec", cloud.define("noexec"))
    task = cloud.steady("noexec") and cloud.tasks("noexec")[0]
    with pytest.raises(PermissionError, match="execute command was not enabled"):
        cloud.plane.exec_process(identifier(task), ["true"], terminal=False)


def test_deleting_a_service_stops_its_tasks(cloud: Cloud) -> None:
    cloud.serve("gone", cloud.define("gone"))
    cloud.steady("gone")
    with pytest.raises(ClientError, match="cannot be stopped while it is scaled above 0"):
        cloud.ecs.delete_service(cluster="c", service="gone")
    with pytest.raises(ClientError, match="not idempotent"):
        cloud.serve("gone", cloud.define("gone"))
    assert cloud.ecs.delete_service(cluster="c", service="gone", force=True)["service"]["status"] == "DRAINING"
    until(lambda: cloud.service("gone")["status"] == "INACTIVE")
    assert cloud.tasks("gone") == []
    assert not [arn for arn in cloud.ecs.list_services(cluster="c")["serviceArns"] if arn.endswith("/gone")]
