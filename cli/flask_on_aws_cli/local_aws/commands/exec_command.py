"""`flask-on-aws local exec`: ECS Exec on the local AWS."""

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
from ...local_project.project import EXEC
from ...shared.failure import fail
from .command_line import command_line

_TIMEOUT_SECONDS = 10  # moto may be busy with another call


def execute(location: Location, ecs: Any, services: Sequence[Mapping[str, Any]], command: Sequence[str]) -> NoReturn:
    """Replace this process with a command in the environment of the newest task of the web service.

    Without a web service, the first service is used.

    Args:
        location: the local AWS.
        ecs: a client of its ECS.
        services: all of its services.
        command: the words of the command; a single word is run by a shell.
    """
    service = next((service for service in services if service["loadBalancers"]), services[0] if services else None)
    if service is None:
        fail(f"The stack has no service; deploy it with: {command_line('up')}")
    task = _newest_task(ecs, service["clusterArn"], service["serviceName"])
    words = shell_command(command[0]) if len(command) == 1 else list(command)
    process = _exec_process(location, task, words)
    print(f"in task {task}: {shlex.join(words)}", file=sys.stderr, flush=True)
    os.chdir(process["folder"])
    try:
        os.execvpe(process["command"][0], process["command"], process["environment"])  # noqa: S606 the user's command
    except OSError as error:
        fail(f"{process['command'][0]!r} cannot be run in the task: {error.strerror}.")


def _newest_task(ecs: Any, cluster: str, service: str) -> str:
    """The id of the running task that was started last."""
    arns: list[str] = ecs.list_tasks(cluster=cluster, serviceName=service)["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
    if not running:
        fail(f"No task of {service} is running; see: {command_line('logs')}")
    newest = max(running, key=lambda task: task["startedAt"])
    return str(newest["taskArn"]).rpartition("/")[2]


def _exec_process(location: Location, task_id: str, words: Sequence[str]) -> dict[str, Any]:
    """The process to run, as the daemon describes it: `command`, `folder` and `environment`."""
    query = {"command": json.dumps(words), **({"terminal": "1"} if sys.stdin.isatty() else {})}
    url = f"{location.endpoint}{EXEC}{task_id}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"
    try:
        request = control_request(url, location.access_key, location.region)
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 loopback
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        message = error.read().decode()
        fix = " Enable it with: pulumi config set enableExec true --stack local" if error.code == 403 else ""
        fail(message + fix)
