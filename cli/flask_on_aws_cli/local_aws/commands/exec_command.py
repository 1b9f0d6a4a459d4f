"""`flask-on-aws local exec`: what ECS Exec is on AWS, beside a task of the local AWS."""

import json
import os
import shlex
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from flask_on_aws.runtime_contract.shell import shell_command

from ...local_project.clients import control_request
from ...local_project.location import Location
from ...shared.stack_options import fail
from ..ecs.data_plane import Ecs
from .typed import typed

PREFIX = "/.local/beside/"
"""A task's id behind this, and what is to run as the query."""
# moto may be busy with another call meanwhile.
_SECONDS = 10


class BesideRoute:
    """The daemon's answer how a command runs beside a task."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def answer(self, task_id: str, environ: Mapping[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`."""
        query = dict(urllib.parse.parse_qsl(str(environ.get("QUERY_STRING", ""))))
        command: Sequence[str] = json.loads(query["command"])
        try:
            found = self._ecs.beside(task_id, command, "terminal" in query, query.get("container"))
        except LookupError as error:
            return "404 Not Found", "text/plain", str(error.args[0]).encode()
        except PermissionError as error:
            return "403 Forbidden", "text/plain", str(error).encode()
        told = {**found._asdict(), "folder": str(found.folder), "environment": dict(found.environment)}
        return "200 OK", "application/json", json.dumps(told).encode()


def execute(place: Location, ecs: Any, services: Sequence[Mapping[str, Any]], command: Sequence[str]) -> NoReturn:
    """Become a command beside the newest task of the web service, or of the only one.

    Args:
        place: the local AWS.
        ecs: its client.
        services: all of its services.
        command: words; one alone is for a shell.
    """
    service = next((one for one in services if one["loadBalancers"]), services[0] if services else None)
    if service is None:
        fail(f"The stack has no service; make it with: {typed('up')}")
    task = _newest_task(ecs, service["clusterArn"], service["serviceName"])
    words = shell_command(command[0]) if len(command) == 1 else list(command)
    beside = _ask(place, task, words)
    print(f"beside task {task}: {shlex.join(words)}", file=sys.stderr, flush=True)
    os.chdir(beside["folder"])
    try:
        os.execvpe(beside["command"][0], beside["command"], beside["environment"])  # noqa: S606 what the user asked for
    except OSError as error:
        fail(f"{beside['command'][0]!r} cannot be run beside the task: {error.strerror}.")


def _newest_task(ecs: Any, cluster: str, service: str) -> str:
    """The id of the running task that was started last."""
    found: list[str] = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=found)["tasks"] if found else []
    running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
    if not running:
        fail(f"No task of {service} runs; see: {typed('logs')}")
    newest = max(running, key=lambda one: one["startedAt"])
    return str(newest["taskArn"]).rpartition("/")[2]


def _ask(place: Location, task_id: str, words: Sequence[str]) -> dict[str, Any]:
    query = {"command": json.dumps(words), **({"terminal": "1"} if sys.stdin.isatty() else {})}
    url = f"{place.endpoint}{PREFIX}{task_id}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"
    try:
        request = control_request(url, place.access_key, place.region)
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 loopback
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        said = refusal.read().decode()
        way_out = " Enable it with: pulumi config set enableExec true --stack local" if refusal.code == 403 else ""
        fail(said + way_out)
