"""The daemon of a project: all parts of its local AWS in one process, started in the order of their dependencies.

python -m flask_on_aws_cli.local_aws.daemon.daemon PROJECT
"""

import json
import logging
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.config import Config

from ...local_project.clients import client
from ...local_project.health_routes import read_health_routes
from ...local_project.location import Location
from ...local_project.project import CACHE, DEVELOPMENT, EXEC, STATUS, STATUS_HOST, LocalAws, find_local_aws
from ...shared.certificate_authority import Authority
from .. import page
from ..api.endpoint import Endpoint
from ..ecs.data_plane import Ecs
from ..ecs.development import DevelopmentRoute
from ..ecs.exec_route import ExecRoute
from ..ecs.scheduler.autoscaling import Autoscaling
from ..ecs.scheduler.scheduled_tasks import ScheduledTasks
from ..elasticache.part import Caches
from ..faults import Faults, fault_as_json
from ..load_balancer.balancer import Balancer
from ..load_balancer.configuration_reader import ConfigurationReader
from ..load_balancer.media_files import MediaFiles
from ..load_balancer.target_health import TargetHealthWriter, edge_headers
from ..moto_patches.images import set_image_lookup
from ..parts import Part
from ..rds.configuration import Status
from ..rds.part import Databases
from ..rds.records import DatabaseRecords
from ..reaper_supervisor import ReaperSupervisor
from ..runtimes import open_task_runtime
from ..sessions.service import Sessions

# Seconds between checks of the load balancer for changes of which it was not notified.
_TICK_SECONDS = 1.0
_LOG_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


class Daemon:
    """The local AWS with all of its parts."""

    def __init__(self, local: LocalAws, cache: Path, faults: Faults) -> None:
        self._local = local
        location = local.location
        folder = location.folder
        authority = Authority(folder / "ca")
        self._faults = faults
        self._endpoint = Endpoint(location, self._pages, faults)
        records = self._endpoint.records
        elb = _client(location, "elbv2")
        configuration = ConfigurationReader(
            elb,
            edge_headers(elb, _client(location, "cloudfront")),
            version=lambda: (records.version, read_health_routes(folder)),
            routes=lambda: read_health_routes(folder),
        )
        self._balancer = Balancer(
            folder, authority, configuration, first_port=local.https_port, faults=faults, tick=_TICK_SECONDS
        )
        self._balancer.serve_files(MediaFiles(folder, _client(location, "s3")))
        records.on_change(self._balancer.wake)
        targets = TargetHealthWriter(self._balancer, configuration, records, faults)
        self._databases = Databases(folder / "rds", cache, authority, self._write_status, faults)
        self._database_records = DatabaseRecords(records, self._databases, faults)
        self._caches = Caches(folder / "elasticache", authority, records, faults)
        tasks = open_task_runtime(location, local.runtime, self._ports, faults)
        set_image_lookup(tasks.images.has)
        self._ecs = Ecs(location, self._endpoint, self._balancer, tasks.runtime)
        self._balancer.targets.on_change(self._ecs.wake)
        self._balancer.targets.on_change(targets.wake)
        scaling = Autoscaling(location, records, self._ecs, targets.requests_per_target, faults)
        self._balancer.serve_page(STATUS_HOST, page.StatusPage(local, self._ecs, self._balancer, faults).answer)
        self._endpoint.serve(STATUS, self._status, is_open=True)
        self._endpoint.serve(EXEC, ExecRoute(self._ecs).answer)
        self._endpoint.serve(DEVELOPMENT, DevelopmentRoute(self._ecs).answer)
        self._parts: list[Part] = [
            self._endpoint,
            self._balancer,
            targets,
            self._databases,
            self._database_records,
            self._caches,
            self._ecs,
            Sessions(self._ecs.exec_process),
            scaling,
            ScheduledTasks(location, records, faults),
        ]

    def start(self) -> None:
        """Start every part."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """Stop all parts in reverse order: tasks finish their requests while load balancer and databases still run."""
        for part in reversed(self._parts):
            part.stop()

    def _write_status(self, identifier: str, status: Status) -> None:
        self._database_records.write_status(identifier, status)

    def _container_memory(self) -> int:
        """Memory in bytes of containers, which are not child processes of this one."""
        if self._local.runtime == "process":
            return 0
        return sum(meter.memory for meter in self._ecs.meters().values())

    def _ports(self) -> set[int]:
        """The ports that tasks may connect to: those of the API, the load balancers, the databases and the caches."""
        databases = {status.port for status in self._databases.statuses().values() if status.port}
        return {self._local.location.port, *self._balancer.ports.values(), *databases, *self._caches.ports().values()}

    def _pages(self) -> set[str]:
        """Origins of this project's pages: those of the load balancers and of the status page."""
        return {*self._balancer.origins, self._local.status_url}

    def _status(self, path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The status of all parts; for unsigned requests only the folder, which shows whose local AWS this is."""
        if not self._endpoint.is_signed_by_owner(environ):
            return "200 OK", "application/json", json.dumps({"folder": str(self._local.location.folder)}).encode()
        report = {
            "folder": str(self._local.location.folder),
            "protected": True,
            "runtime": self._local.runtime,
            "container_memory": self._container_memory(),
            "ports": {f"{arn}:{port}": local_port for (arn, port), local_port in self._balancer.ports.items()},
            "problems": self._balancer.problems,
            "health_paths": {arn: asdict(chosen) for arn, chosen in self._balancer.health_paths.items()},
            "faults": [fault_as_json(fault) for fault in self._faults.current()],
            "caches": dict(self._caches.ports()),
            "databases": {
                name: {"state": status.state, "host": status.host, "port": status.port, "note": status.note}
                for name, status in self._databases.statuses().items()
            },
        }
        return "200 OK", "application/json", json.dumps(report).encode()


def _client(location: Location, service: str) -> Any:
    # The endpoint is in this process, and its callers repeat their requests anyway.
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return client(location, service, config=config)


def _report_thread_end(faults: Faults, hook_args: threading.ExceptHookArgs) -> None:
    """Report a thread that has ended with an exception, which none should."""
    name = hook_args.thread.name if hook_args.thread is not None else "?"
    faults.report("a thread, which has ended", name, hook_args.exc_value or hook_args.exc_type.__name__)


def main() -> None:
    """Run the local AWS until SIGTERM."""
    local = find_local_aws(Path(sys.argv[1]))
    if local is None:
        raise SystemExit(f"{sys.argv[1]} has no local AWS; run `flask-on-aws local up` in that folder.")
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT)
    stop_requested = threading.Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop_requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    faults = Faults(local.location.folder)
    threading.excepthook = lambda hook_args: _report_thread_end(faults, hook_args)
    daemon = Daemon(local, CACHE, faults)
    daemon.start()
    command = [sys.executable, "-m", "flask_on_aws_cli.local_aws.daemon.daemon_restarter", sys.argv[1]]
    restarter = ReaperSupervisor(command, faults)
    restarter.start()
    stop_requested.wait()
    restarter.stop()
    daemon.stop()


if __name__ == "__main__":
    main()
