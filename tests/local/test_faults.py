"""Tests of faults in the loops of a local AWS: each is reported, affects nothing else, and is cleared afterwards."""

import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_on_aws_cli.local_aws
import pytest
from botocore.exceptions import ClientError
from flask_on_aws_cli.local_aws.api.dispatch import Dispatcher
from flask_on_aws_cli.local_aws.api.records import Records
from flask_on_aws_cli.local_aws.containers.gateway import Gateway
from flask_on_aws_cli.local_aws.ecs.scheduler.autoscaling import Autoscaling
from flask_on_aws_cli.local_aws.ecs.tasks.log_streams import LogStreams
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.local_aws.load_balancer.access_log import AccessLog, Entry
from flask_on_aws_cli.local_aws.load_balancer.balancer import Balancer
from flask_on_aws_cli.local_aws.load_balancer.configuration import Configuration, HealthCheck, TargetGroup
from flask_on_aws_cli.local_aws.load_balancer.health_checks import HealthChecker
from flask_on_aws_cli.local_aws.load_balancer.target_health import TargetHealthWriter
from flask_on_aws_cli.local_aws.load_balancer.targets import TargetTable
from flask_on_aws_cli.local_aws.moto_patches.rds_operations import Operation, operations
from flask_on_aws_cli.local_aws.rds.part import Databases
from flask_on_aws_cli.local_aws.rds.records import DatabaseRecords
from flask_on_aws_cli.local_aws.reaper_supervisor import ReaperSupervisor
from flask_on_aws_cli.local_project.location import Location, Target
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.server_process.system_account import accessible_folder
from flask_on_aws_cli.shared.certificate_authority import Authority
from flask_on_aws_cli.task_model.definition import LogTarget

from tests.waiting import until

from .cloud import Cloud
from .conftest import client

Daemon = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def cloud(location: Location) -> Iterator[Cloud]:
    cloud = Cloud(location)
    yield cloud
    cloud.stop()


def messages(faults: Faults) -> list[str]:
    return [f"{fault.title}: {fault.error} {fault.fix}" for fault in faults.current()]


def assert_reported(faults: Faults, *words: str) -> None:
    """Wait for a fault whose message contains these words."""
    until(lambda: any(all(word in line for word in words) for line in messages(faults)), state=lambda: messages(faults))


def assert_cleared(faults: Faults) -> None:
    until(lambda: not faults.current(), state=lambda: messages(faults))


# --- The records on disk


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit the size of files that this process writes, so that write(2) fails as on a full disk.

    moto's services are imported at their first call. Python 3.11 would cut off their bytecode without an error, and
    every process that imports them from then on would fail: https://github.com/python/cpython/issues/126606.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_failed_save_is_reported_to_the_caller_and_retried(cloud: Cloud) -> None:
    ssm, faults = client(cloud.location, "ssm"), cloud.endpoint.faults
    ssm.put_parameter(Name="/before", Value="v", Type="String")
    records = cloud.location.folder / "records"
    (file,) = records.glob(f"ssm~*~{cloud.location.region}.records")
    before = file.read_bytes()
    with full_disk():
        with pytest.raises(ClientError, match=r"The change was made but could not be saved.*File too large"):
            ssm.put_parameter(Name="/first", Value="v", Type="String")
        with pytest.raises(ClientError, match=r"Nothing was changed.*ulimit -f"):
            ssm.put_parameter(Name="/second", Value="v", Type="String")
        assert ssm.get_parameter(Name="/before")["Parameter"]["Value"] == "v"  # reads still work
        assert_reported(faults, "saving the records (ssm", "File too large")
        assert file.read_bytes() == before
        assert list(records.glob("*.new")) == []
    assert_cleared(faults)  # the loop saves them without another call
    assert file.read_bytes() != before
    ssm.put_parameter(Name="/third", Value="v", Type="String")
    names = [parameter["Name"] for parameter in ssm.describe_parameters()["Parameters"]]
    assert names == ["/before", "/first", "/third"]


@pytest.mark.parametrize("service", ["sqs", "s3", "iam", "ec2", "ecs"])
def test_a_failed_save_is_reported_in_every_protocol(cloud: Cloud, service: str) -> None:
    calls: dict[str, Callable[[Any], Any]] = {
        "sqs": lambda sqs: sqs.create_queue(QueueName="q"),
        "s3": lambda s3: s3.create_bucket(
            Bucket="b", CreateBucketConfiguration={"LocationConstraint": cloud.location.region}
        ),
        "iam": lambda iam: iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}"),
        "ec2": lambda ec2: ec2.create_vpc(CidrBlock="10.1.0.0/16"),
        "ecs": lambda ecs: ecs.create_cluster(clusterName="other"),
    }
    with full_disk(), pytest.raises(ClientError, match="File too large") as raised:
        calls[service](client(cloud.location, service))
    assert raised.value.response["Error"]["Code"] == "InsufficientStorage"
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert_cleared(cloud.endpoint.faults)


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("ec2", lambda ec2: ec2.delete_vpc(VpcId="vpc-1")),
        ("iam", lambda iam: iam.get_role(RoleName="r")),
        ("sqs", lambda sqs: sqs.list_queues()),
        ("ssm", lambda ssm: ssm.get_parameter(Name="/p")),
        ("s3", lambda s3: s3.get_object(Bucket="bucket", Key="k")),
        ("cloudfront", lambda cloudfront: cloudfront.list_distributions()),
        ("scheduler", lambda scheduler: scheduler.delete_schedule(Name="s")),
    ],
)
def test_a_fault_of_moto_is_an_error_in_every_protocol(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    service: str,
    call: Callable[[Any], Any],
) -> None:
    def fail(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(Dispatcher, "get_application", lambda self, environ: fail)
    with pytest.raises(ClientError, match=f"The local AWS failed at {service} .*changed size.*daemon.log") as raised:
        call(client(cloud.location, service))
    assert raised.value.response["Error"]["Code"] == "InternalFailure"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "in fail" in caplog.text  # the traceback


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_records_are_saved_again_after_the_disk_was_full(location: Location, daemon: Daemon) -> None:
    location.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(location.folder)], check=True)
    try:
        daemon("process")
        ssm = client(location, "ssm")
        ssm.put_parameter(Name="/before", Value="v", Type="String")
        filler = location.folder / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(b"x" * 2**23)
        with pytest.raises(ClientError, match=r"No space left.*Free some space on the disk of .*local aws"):
            ssm.put_parameter(Name="/large", Value="v" * 8000, Type="String", Tier="Advanced")
        filler.unlink()
        until(lambda: ssm.put_parameter(Name="/after", Value="v", Type="String", Overwrite=True))
        process = daemon.started[-1]  # type: ignore[attr-defined]
        process.kill()
        process.wait()
        daemon()
        assert ssm.get_parameter(Name="/after")["Parameter"]["Value"] == "v"
    finally:
        for process in daemon.started:  # type: ignore[attr-defined]
            process.kill()
            process.wait()
        subprocess.run(["umount", "--lazy", str(location.folder)], check=True)


def test_records_that_cannot_be_pickled_are_reported(cloud: Cloud) -> None:
    ssm, faults = client(cloud.location, "ssm"), cloud.endpoint.faults
    ssm.put_parameter(Name="/before", Value="v", Type="String")
    backend = cloud.endpoint.records._backend("ssm")
    backend.broken = lambda: 0  # a function cannot be pickled
    with pytest.raises(ClientError, match="the records of ssm cannot be written"):
        ssm.put_parameter(Name="/after", Value="v", Type="String")
    assert_reported(faults, "pickling the records (ssm")
    client(cloud.location, "sqs").create_queue(QueueName="not-affected")
    del backend.broken
    ssm.put_parameter(Name="/later", Value="v", Type="String")
    assert faults.current() == []


# --- ECS


def test_one_unreadable_record_does_not_affect_others(cloud: Cloud) -> None:
    cloud.serve("broken", cloud.define("broken"), balanced=False)
    cloud.serve("well", cloud.define("well"))
    cloud.steady("well")
    raw = cloud.endpoint.records._backend("ecs").services["c:broken"]
    name = vars(raw).pop("cluster_name")
    assert_reported(cloud.endpoint.faults, "reading ECS's record of a service (c:broken)", "cluster_name")
    (task,) = cloud.tasks("well")
    cloud.ecs.stop_task(cluster="c", task=task["taskArn"])
    until(lambda: [other for other in cloud.tasks("well") if other["taskArn"] != task["taskArn"]])
    raw.cluster_name = name
    assert_cleared(cloud.endpoint.faults)


def run_task(cloud: Cloud, definition: str) -> str:
    arguments = {"launchType": "FARGATE", "networkConfiguration": cloud.network}
    return cloud.ecs.run_task(cluster="c", taskDefinition=definition, **arguments)["tasks"][0]["taskArn"]


def sent_lines(cloud: Cloud, stream: str) -> list[str]:
    """The lines of a log stream; none if it does not exist yet."""
    with contextlib.suppress(ClientError):
        return cloud.lines(stream)
    return []


def test_a_task_with_an_unreadable_definition_fails_to_start(cloud: Cloud) -> None:
    arn = cloud.define("broken")
    backend = cloud.endpoint.records._backend("ecs")
    definition = backend.describe_task_definition(arn)
    containers, definition.container_definitions = definition.container_definitions, [{"name": "web", "cpu": "much"}]
    task = run_task(cloud, arn)
    until(lambda: cloud.task(task)["lastStatus"] == "STOPPED", state=lambda: cloud.task(task))
    assert cloud.task(task)["stopCode"] == "TaskFailedToStart"
    assert_reported(cloud.endpoint.faults, "starting a task", arn)
    definition.container_definitions = containers
    run_task(cloud, arn)
    assert_cleared(cloud.endpoint.faults)


def test_a_task_keeps_running_after_an_error_while_it_is_observed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.serve("steady", cloud.define("steady"))
    cloud.steady("steady")
    (run,) = cloud.plane._scheduler.runs()
    with monkeypatch.context() as broken:
        broken.setattr(run.meter, "over_limit", lambda _: 1 / 0)
        assert_reported(cloud.endpoint.faults, "running a task", "ZeroDivisionError")
    assert_cleared(cloud.endpoint.faults)
    assert [task["taskArn"] for task in cloud.tasks("steady")] == [run.record.arn]


def test_a_deleted_log_file_does_not_affect_others(cloud: Cloud, tmp_path: Path) -> None:
    faults = Faults()
    streams = LogStreams(cloud.endpoint.records, faults)
    streams.start()
    files = [tmp_path / name for name in ("gone", "well")]
    for file in files:
        streams.follow(file, LogTarget("g", "", False), file.name)
    files[0].unlink()
    assert_reported(faults, "sending containers' output to CloudWatch Logs (gone)", "No such file")
    files[1].write_text("still here\n")
    until(lambda: "still here" in sent_lines(cloud, "well"))
    files[0].write_text("back\n")
    assert_cleared(faults)
    until(lambda: "back" in sent_lines(cloud, "gone"))
    streams.stop()


def test_log_lines_that_could_not_be_sent_are_sent_later(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults()
    streams = LogStreams(cloud.endpoint.records, faults)
    file = tmp_path / "log"
    streams.follow(file, LogTarget("g", "", False), "log")
    streams.start()
    with monkeypatch.context() as broken:
        broken.setattr(Records, "put_log_events", lambda *_: 1 / 0)
        file.write_text("first\n")
        assert_reported(faults, "(log)", "ZeroDivisionError")
    until(lambda: sent_lines(cloud, "log") == ["first"])
    assert_cleared(faults)
    streams.stop()


def test_a_reaper_that_could_not_be_replaced_is_replaced_later(tmp_path: Path) -> None:
    faults, program = Faults(), tmp_path / "reaper"
    program.write_text("#!/bin/sh\nread -r word\n")
    program.chmod(0o700)
    supervisor = ReaperSupervisor([str(program)], faults)
    supervisor.start()
    first = supervisor._reaper
    assert first is not None
    program.rename(tmp_path / "away")
    first.kill()
    assert_reported(faults, "replacing a reaper", "No such file")
    (tmp_path / "away").rename(program)
    assert_cleared(faults)
    assert supervisor._reaper is not first
    supervisor.stop()


# --- Autoscaling


def scale(cloud: Cloud, name: str, policy: dict[str, Any]) -> None:
    scaling = client(cloud.location, "application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/c/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **target, PolicyName=name, PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=policy
    )


def test_invalid_scaling_policies_and_schedules_do_not_affect_others(cloud: Cloud) -> None:
    faults, label = Faults(), "app/lb/1/targetgroup/tg/2"
    by_requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    for name in ("zero", "negative", "well"):  # in the order in which the API returns them
        cloud.serve(name, cloud.define(name))
    scale(cloud, "zero", {"TargetValue": 0, "PredefinedMetricSpecification": by_requests})
    options = {"PredefinedMetricSpecification": by_requests, "ScaleOutCooldown": -1}
    scale(cloud, "negative", {"TargetValue": 100, **options})
    scaling = client(cloud.location, "application-autoscaling")
    action = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    for number, schedule in enumerate(("cron(a)", "rate(5 fortnights)", "at(tomorrow)", "rate(1)")):
        scaling.put_scheduled_action(
            **action, ScheduledActionName=f"bad{number}", ResourceId="service/c/zero", Schedule=schedule
        )
    scale(cloud, "well", {"TargetValue": 100, "PredefinedMetricSpecification": by_requests})
    autoscaling = Autoscaling(cloud.location, cloud.endpoint.records, cloud.plane, lambda _: 250.0, faults)
    autoscaling.start()
    until(lambda: cloud.service("well")["desiredCount"] == 3, state=lambda: messages(faults))
    for subject in ("policy zero of service/c/zero", "policy negative of service/c/negative"):
        assert_reported(faults, f"autoscaling ({subject})", "must be a number", "Correct or delete it")
    for number in range(4):
        assert_reported(faults, f"autoscaling (schedule bad{number} of service/c/zero)")
    for name in ("zero", "negative"):
        scaling.delete_scaling_policy(**action, PolicyName=name, ResourceId=f"service/c/{name}")
    for number in range(4):
        scaling.delete_scheduled_action(**action, ScheduledActionName=f"bad{number}", ResourceId="service/c/zero")
    assert_cleared(faults)
    autoscaling.stop()


# --- Load balancers


def test_target_health_is_written_again_after_a_failed_read(tmp_path: Path) -> None:
    faults, group = Faults(), TargetGroup("arn:g", "HTTP", "round_robin", 1.0, HealthCheck())
    broken, written = [False], list[Any]()

    def configuration() -> Configuration:
        if broken[0]:
            raise ConnectionError("the endpoint does not respond")
        return Configuration((), (group,))

    class Writes(Records):
        def write_target_health(self, group_arn: str, health: Any) -> None:
            written.append(health)

    balancer = Balancer(tmp_path / "b", Authority(tmp_path / "ca"), configuration, faults=faults)
    targets = TargetHealthWriter(balancer, configuration, Writes("eu-central-1"), faults)
    targets.start()
    until(lambda: written)
    broken[0] = True
    assert_reported(faults, "writing the targets' health", "the endpoint does not respond")
    broken[0] = False
    written.clear()
    until(lambda: written)
    assert_cleared(faults)
    targets.stop()


def test_a_load_balancer_logs_a_failed_read_once_and_recovers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    faults, broken = Faults(), [True]

    def configuration() -> Configuration:
        if broken[0]:
            raise ValueError("A rule has an unknown condition.")
        return Configuration()

    balancer = Balancer(
        tmp_path / "b", Authority(tmp_path / "ca"), configuration, first_port=free_port(), faults=faults
    )
    balancer.start()
    assert_reported(faults, "reading the load balancers' configuration", "condition")
    time.sleep(1.5)
    assert len(caplog.records) == 1
    broken[0] = False
    assert_cleared(faults)
    balancer.stop()


def test_a_health_check_that_raised_an_error_is_repeated() -> None:
    faults, table, broken = Faults(), TargetTable(), [True]
    target = Target("127.0.0.1", free_port())

    def check_of(_: str) -> HealthCheck:
        if broken[0]:
            raise LookupError("no such group")
        return HealthCheck(interval=0.1, timeout=1, unhealthy_threshold=2)

    async def run() -> None:
        checker = HealthChecker(table, check_of, faults)
        table.register("arn:g", target)
        checker.update()
        while not faults.current():
            await asyncio.sleep(0.05)
        broken[0] = False
        while table.health("arn:g", target).state != "unhealthy":
            await asyncio.sleep(0.05)
        assert faults.current() == []
        await checker.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_requests_are_served_while_the_access_log_cannot_be_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    faults, file = Faults(), tmp_path / "access.log"
    file.symlink_to("/dev/full")
    log, entry = AccessLog(file, faults), Entry("http", "b", "c", "GET", "/", "1.1")
    for _ in range(10):
        log.write(entry)
    assert_reported(faults, "writing the load balancers' access log", "No space left")
    assert "Traceback" not in capfd.readouterr().err


# --- Databases


class FullDiskDatabases:
    """Databases whose disk is full."""

    def statuses(self) -> dict[str, Any]:
        return {}

    def delete_snapshot(self, name: str) -> None:
        raise OSError(28, "No space left on device", f"/data/{name}")


def test_database_operations_continue_after_one_that_failed_twice(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, databases = Faults(), FullDiskDatabases()
    records = DatabaseRecords(cloud.endpoint.records, databases, faults)  # type: ignore[arg-type]
    monkeypatch.setattr(Records, "write_database", lambda *_, **__: 1 / 0)  # nor can the failure be recorded
    records.start()
    operations.put(Operation("delete-snapshot", "one"))
    assert_reported(faults, "(one)", "No space left", "Free some space on the disk of /data/one.")
    monkeypatch.undo()
    databases.delete_snapshot = lambda name: None  # type: ignore[method-assign]
    operations.put(Operation("delete-snapshot", "one"))
    assert_cleared(faults)
    records.stop()


def test_a_broken_instance_record_is_reported_and_its_data_is_kept(tmp_path: Path) -> None:
    faults, states = Faults(), list[tuple[str, str]]()
    folder = accessible_folder(tmp_path / "rds") / "instances" / "db"
    (folder / "data").mkdir(parents=True)
    (folder / "instance.json").write_text('{"identifier": "db", "engine')
    databases = Databases(
        tmp_path / "rds",
        tmp_path / "cache",
        Authority(tmp_path / "ca"),
        lambda name, status: states.append((name, status.state)),
        faults,
    )
    databases.start()
    until(lambda: ("db", "failed") in states)
    assert_reported(faults, "keeping databases running (db)", "instance.json")
    assert list(databases.statuses()) == ["db"]
    assert (folder / "data").is_dir()
    databases.stop()


# --- The connection of containers to the local AWS


def test_a_gateway_reports_ports_again_after_an_error(tmp_path: Path) -> None:
    faults, broken = Faults(), [True]

    def ports() -> set[int]:
        if broken[0]:
            raise RuntimeError("dictionary changed size during iteration")
        return {4566}

    gate = Gateway(ports, desktop=False, faults=faults)
    gate.start()
    socket = str(gate._folder / "inside" / "gate")

    async def ask_for_ports() -> bytes:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(b"ports\n")
        line = await reader.readline()
        writer.close()
        return line

    assert asyncio.run(ask_for_ports()) == b"\n"
    assert_reported(faults, "reporting the local AWS's ports to containers")
    broken[0] = False
    assert asyncio.run(ask_for_ports()) == b"4566\n"
    assert faults.current() == []
    gate.stop()


def test_a_relay_survives_an_invalid_response(tmp_path: Path) -> None:
    """The gateway's first response is invalid, and its second is a port."""
    port, requests = free_port(), list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readline())
        writer.write(b"\xff nonsense\n" if len(requests) == 1 else f"{port}\n".encode())
        writer.close()

    async def run() -> None:
        server = await asyncio.start_unix_server(serve, str(tmp_path / "gate"))
        from flask_on_aws_cli.local_aws.containers import relay

        command = [sys.executable, relay.__file__, "task", str(tmp_path / "gate")]
        process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
        for _ in range(100):
            await asyncio.sleep(0.1)
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except OSError:
                continue
        else:
            raise AssertionError("the relay does not listen")
        process.kill()
        _, output = await process.communicate()
        assert output.decode().count("The local AWS is not reachable") == 1
        server.close()

    asyncio.run(asyncio.wait_for(run(), 30))


# --- All loops


def test_every_permanent_thread_of_the_daemon_is_a_supervised_loop() -> None:
    """Other threads end with what they wait for, or are servers that handle the exceptions of their handlers."""
    exceptions = {
        "loops.py",
        "api/endpoint.py",  # werkzeug's server
        "load_balancer/balancer.py",  # the load balancer's asyncio loop
        "containers/gateway.py",  # the gateway's asyncio loop
        "containers/container.py",  # until a container of the Docker engine has stopped
        "containers/task_containers.py",  # until a network has stopped
        "ecs/tasks/container.py",  # a health check, until its container has stopped
        "ecs/tasks/processes.py",  # until a process has ended
        "ecs/tasks/task.py",  # until a task has stopped
        "sessions/service.py",  # the asyncio loop of the sessions, whose server handles the exceptions of each
        "reaper_supervisor.py",  # until a reaper has ended, and is replaced
    }
    folder = Path(flask_on_aws_cli.local_aws.__file__).parent
    modules = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if "Thread(" in path.read_text()}
    assert modules == exceptions
