"""The daemon of one project: all parts of its local AWS in one process, started in the order of their needs.

python -m flask_on_aws_cli.local_aws.daemon.daemon PROJECT
"""

import json
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.config import Config

from ...local_project.clients import client
from ...local_project.location import Location
from ...local_project.project import CACHE, STATUS, STATUS_HOST, LocalAws, find_local_aws
from ...shared.certificate_authority import Authority
from .. import page
from ..api.endpoint import Endpoint
from ..commands import exec_command
from ..ecs import development
from ..ecs.data_plane import Ecs
from ..ecs.scheduler.autoscaling import Autoscaling
from ..faults import Faults, told_fault
from ..load_balancer.part import Balancer
from ..load_balancer.records import Records as BalancerRecords
from ..load_balancer.target_health import TargetRecords, edge_headers
from ..moto_patches.images import know_images
from ..parts import Part
from ..rds.configuration import Status
from ..rds.part import Databases
from ..rds.records import DatabaseRecords
from ..reaper_supervisor import ReaperSupervisor
from ..runtimes import open_tasks

# How often the balancer looks for changes that nobody has told it of.
_TICK_SECONDS = 1.0
_LOG_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


class Cloud:
    """The parts, put together."""

    def __init__(self, local: LocalAws, cache: Path, faults: Faults) -> None:
        self._local = local
        place = local.location
        folder = place.folder
        authority = Authority(folder / "ca")
        self._faults = faults
        self._endpoint = Endpoint(place, self._pages, faults)
        records = self._endpoint.records
        elb = _client(place, "elbv2")
        configuration = BalancerRecords(
            elb, edge_headers(elb, _client(place, "cloudfront")), version=lambda: records.version
        )
        self._balancer = Balancer(
            folder, authority, configuration, first_port=local.https_port, faults=faults, tick=_TICK_SECONDS
        )
        records.on_change(self._balancer.wake)
        targets = TargetRecords(self._balancer, configuration, records, faults)
        self._databases = Databases(folder / "rds", cache, authority, self._told, faults)
        self._database_records = DatabaseRecords(records, self._databases, faults)
        tasks = open_tasks(place, local.runtime, self._ports, faults)
        know_images(tasks.images.has)
        self._ecs = Ecs(place, self._endpoint, self._balancer, tasks.runtime)
        self._balancer.targets.on_change(self._ecs.wake)
        self._balancer.targets.on_change(targets.wake)
        scaling = Autoscaling(place, records, self._ecs, targets.requests_per_target, faults)
        self._balancer.show(STATUS_HOST, page.StatusPage(local, self._ecs, self._balancer, faults).answer)
        self._endpoint.serve(STATUS, self._status, is_open=True)
        self._endpoint.serve(exec_command.PREFIX, exec_command.BesideRoute(self._ecs).answer)
        self._endpoint.serve(development.PREFIX, development.DevelopmentRoute(self._ecs).answer)
        self._parts: list[Part] = [
            self._endpoint,
            self._balancer,
            targets,
            self._databases,
            self._database_records,
            self._ecs,
            scaling,
        ]

    def start(self) -> None:
        """Start every part; a failure ends those that were started."""
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        """End them in reverse order: tasks finish their requests while balancer and database are there."""
        for part in reversed(self._parts):
            part.stop()

    def _told(self, identifier: str, status: Status) -> None:
        self._database_records.told(identifier, status)

    def _container_memory(self) -> int:
        """Bytes of what is no child of this process."""
        if self._local.runtime == "process":
            return 0
        return sum(meter.memory for meter in self._ecs.meters().values())

    def _ports(self) -> set[int]:
        """What the tasks may reach: all that AWS would be to them."""
        databases = {status.port for status in self._databases.statuses().values() if status.port}
        return {self._local.location.port, *self._balancer.ports.values(), *databases}

    def _pages(self) -> set[str]:
        """Origins of this project's pages: the load balancers' and the status page's."""
        return {*self._balancer.origins, self._local.status_url}

    def _status(self, path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """How the parts are; whose local AWS this is, to those who cannot sign: it may be another project's."""
        if not self._endpoint.is_owners(environ):
            return "200 OK", "application/json", json.dumps({"folder": str(self._local.location.folder)}).encode()
        told = {
            "folder": str(self._local.location.folder),
            "protected": True,
            "runtime": self._local.runtime,
            "container_memory": self._container_memory(),
            "ports": {f"{arn}:{port}": here for (arn, port), here in self._balancer.ports.items()},
            "problems": self._balancer.problems,
            "faults": [told_fault(fault) for fault in self._faults.now()],
            "databases": {
                name: {"state": status.state, "host": status.host, "port": status.port, "note": status.note}
                for name, status in self._databases.statuses().items()
            },
        }
        return "200 OK", "application/json", json.dumps(told).encode()


def _client(place: Location, service: str) -> Any:
    # The endpoint is this very process: what it does not answer at once is asked again anyway.
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return client(place, service, config=config)


def _note_end(faults: Faults, ended: threading.ExceptHookArgs) -> None:
    """No thread is to end by an exception; one that does so all the same is not to be missed in silence."""
    name = ended.thread.name if ended.thread is not None else "?"
    faults.report("a thread, which has ended", name, ended.exc_value or ended.exc_type.__name__)


def main() -> None:
    """Serve until SIGTERM."""
    local = find_local_aws(Path(sys.argv[1]))
    if local is None:
        raise SystemExit(f"{sys.argv[1]} has no local AWS; run `flask-on-aws local up` there.")
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT)
    done = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    faults = Faults(local.location.folder)
    threading.excepthook = lambda ended: _note_end(faults, ended)
    cloud = Cloud(local, CACHE, faults)
    cloud.start()
    command = [sys.executable, "-m", "flask_on_aws_cli.local_aws.daemon.daemon_restarter", sys.argv[1]]
    restarter = ReaperSupervisor(command, faults)
    restarter.watch()
    done.wait()
    restarter.dismiss()
    cloud.stop()


if __name__ == "__main__":
    main()
