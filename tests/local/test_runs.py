"""Tests of requests of a killed engine that are still in progress during the next run."""

import http.client
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.local_project.engine_runs import HEADER, Runs
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.pulumi_engine import EngineError, apply

from tests.engine_programs import write_program

from .conftest import REGION, client

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json
vpc = Custom("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.0.0.0/16"})
cluster = Custom("aws:ecs/cluster:Cluster", "cluster", {}, pulumi.ResourceOptions(depends_on=[vpc]), outputs=["arn"])
web = json.dumps([{"name": "web", "image": "web", "memory": 512}])
definition = Custom("aws:ecs/taskDefinition:TaskDefinition", "web", {"family": "web", "containerDefinitions": web},
                   outputs=["arn"])
Custom("aws:ecs/service:Service", "web", {"cluster": cluster.arn, "taskDefinition": definition.arn, "desiredCount": 0})
"""
ENGINE = """
import sys
from pathlib import Path
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.pulumi_engine import apply
program, folder, port, region = sys.argv[1:]
apply(Path(program), "local", Path(sys.executable), Location(Path(folder), int(port), region))
"""


class SlowProxy:
    """A proxy in front of the endpoint that holds back one kind of request, even if its caller is killed."""

    def __init__(self, port: int, call: str) -> None:
        self.port = free_port()
        self.received, self.released, self.answered = threading.Event(), threading.Event(), threading.Event()
        self.status = 0
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_held_back = call in self.headers.get("X-Amz-Target", "") or call in body.decode()
                if is_held_back:
                    proxy.received.set()
                    proxy.released.wait(60)
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                content = response.read()
                if is_held_back:
                    proxy.status = response.status
                    proxy.answered.set()
                self.send_response(response.status)
                self.send_header("Content-Type", response.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = pass_on

            def log_message(self, format: str, *args: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.handle_error = lambda *_: None  # the caller may have been killed
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.mark.parametrize("call", ["CreateService", "CreateVpc"], ids=["by its name", "by a mark"])
def test_a_killed_engine_s_request_is_rejected_once_the_next_run_has_started(
    tmp_path: Path, location: Location, daemon: Callable[[], Any], call: str
) -> None:
    daemon()
    program, proxy = write_program(tmp_path / "program", PROGRAM), SlowProxy(location.port, call)
    command = [sys.executable, "-c", ENGINE, str(program), str(location.folder), str(proxy.port), REGION]
    engine = subprocess.Popen(command, cwd=ROOT)
    try:
        assert proxy.received.wait(60)
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        apply(program, "local", Path(sys.executable), location)
        proxy.released.set()
        assert proxy.answered.wait(60)
    finally:
        engine.kill()
        proxy.stop()
    assert proxy.status == 409
    ecs = client(location, "ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    assert len(ecs.list_services(cluster=cluster)["serviceArns"]) == 1
    assert sum(not vpc["IsDefault"] for vpc in client(location, "ec2").describe_vpcs()["Vpcs"]) == 1


def test_a_run_starts_after_the_request_of_the_previous_run() -> None:
    lock = threading.RLock()
    runs = Runs(lock)
    old, new = ({f"HTTP_{HEADER.upper().replace('-', '_')}": run} for run in ("local/1", "local/2"))
    runs.begin("local/1", {})
    beginning = threading.Thread(target=runs.begin, args=("local/2", {}))
    with lock:
        beginning.start()
        beginning.join(0.2)
        assert (beginning.is_alive(), runs.is_over(old)) == (True, False)
    beginning.join(10)
    assert (runs.is_over(old), runs.is_over(new)) == (True, False)


def test_a_run_ends_only_when_the_next_run_of_its_stack_starts() -> None:
    runs = Runs(threading.RLock())
    environ = {"HTTP_X_FLASK_ON_AWS_RUN": "local/1"}
    assert not runs.is_over(environ), "the endpoint was started again meanwhile"
    runs.begin("other/2", {})
    assert not runs.is_over(environ)
    assert not runs.is_over({}), "not a request of an engine"


def test_an_engine_without_an_endpoint_reports_it(tmp_path: Path) -> None:
    program, unreachable = (
        write_program(tmp_path / "program", ""),
        Location(tmp_path / "local aws", free_port(), REGION),
    )
    with pytest.raises(EngineError, match=f"The AWS endpoint {unreachable.endpoint} does not respond"):
        apply(program, "local", Path(sys.executable), unreachable)
