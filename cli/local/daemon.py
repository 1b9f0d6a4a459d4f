"""The daemon of one project: all parts of its local AWS in one process, started in the order of their needs.

python -m flask_on_aws_cli.local.daemon PROJECT
"""

import json
import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
from botocore.config import Config

from . import development, exec_command, page
from .autoscaling import Autoscaling
from .balancer.part import Balancer
from .balancer.records import Records as BalancerRecords
from .certificates import Authority
from .database_records import DatabaseRecords
from .ecs.plane import Ecs
from .ecs.watchman import Watchman
from .endpoint import Endpoint
from .mends.images import know_images
from .parts import Part, Place
from .places import CACHE, STATUS, STATUS_HOST, LocalPlace, find_place
from .rds.configuration import Status
from .rds.part import Databases
from .runtimes import open_tasks
from .target_health import TargetRecords, edge_headers

_LOG_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"


class Cloud:
    """The parts, put together."""

    def __init__(self, local: LocalPlace, cache: Path) -> None:
        self._local = local
        place = local.place
        folder = place.folder
        authority = Authority(folder / "ca")
        self._endpoint = Endpoint(place)
        records = self._endpoint.records
        elb = _client(place, "elbv2")
        configuration = BalancerRecords(elb, edge_headers(elb, _client(place, "cloudfront")))
        self._balancer = Balancer(folder, authority, configuration, first_port=local.https_port)
        targets = TargetRecords(self._balancer, configuration, records)
        self._databases = Databases(folder / "rds", cache, authority, self._told)
        self._database_records = DatabaseRecords(records, self._databases)
        tasks = open_tasks(place, local.runtime, self._ports)
        know_images(tasks.images.has)
        self._ecs = Ecs(place, self._endpoint, self._balancer, tasks.runtime)
        scaling = Autoscaling(place, records, self._ecs, targets.requests_per_target)
        self._balancer.show(STATUS_HOST, page.StatusPage(local, self._ecs, self._balancer).answer)
        self._endpoint.serve(STATUS, self._status)
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
        return {self._local.place.port, *self._balancer.ports.values(), *databases}

    def _status(self, path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        told = {
            "folder": str(self._local.place.folder),
            "runtime": self._local.runtime,
            "container_memory": self._container_memory(),
            "ports": {f"{arn}:{port}": here for (arn, port), here in self._balancer.ports.items()},
            "problems": self._balancer.problems,
            "databases": {
                name: {"state": status.state, "host": status.host, "port": status.port, "note": status.note}
                for name, status in self._databases.statuses().items()
            },
        }
        return "200 OK", "application/json", json.dumps(told).encode()


def _client(place: Place, service: str) -> Any:
    session = boto3.Session("local", "local", region_name=place.region)
    # The endpoint is this very process: what it does not answer at once is asked again anyway.
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return session.client(service, endpoint_url=place.endpoint, config=config)  # type: ignore[call-overload]


def main() -> None:
    """Serve until SIGTERM."""
    local = find_place(Path(sys.argv[1]))
    if local is None:
        raise SystemExit(f"{sys.argv[1]} has no local AWS; run `flask-on-aws local up` there.")
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT)
    done = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    cloud = Cloud(local, CACHE)
    cloud.start()
    keeper = Watchman([sys.executable, "-m", "flask_on_aws_cli.local.keeper", sys.argv[1]])
    keeper.watch()
    done.wait()
    keeper.dismiss()
    cloud.stop()


if __name__ == "__main__":
    main()
