"""A task's containers, volumes and network ports as the ECS API expects them: plain values in, plain values out.

Only what differs from ECS's defaults is written, lists are sorted, so that an unchanged app gives an unchanged
task definition (pulumi/pulumi#9830, aws/containers-roadmap#250).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..runtime_contract.shell import container_command
from ..runtime_contract.sqlserver_trust import writing_commands

# ECS Exec's agent writes here even when the root is read-only:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
EXEC_PATHS = ("/var/lib/amazon", "/var/log/amazon")
# Log lines that wait in memory while CloudWatch does not answer; the value of AWS's own example. When it is full,
# lines are lost, which is better than an app that blocks.
_LOG_BUFFER = "25m"
# The container that writes the RDS certificates, and the volume that it writes them to.
CA_CONTAINER = "rds-ca"
# The container of a task for a tunnel.
TUNNEL_CONTAINER = "tunnel"


class Container(NamedTuple):
    """The app's container, without the values that only AWS knows."""

    name: str
    command: str | None
    port: int | None
    user: str | None
    read_only_root: bool
    writable_paths: Sequence[str]
    stop_timeout: int
    ca_path: str | None
    """Where an init container puts the RDS root certificates; None when they are in the image."""
    trusts_sqlserver: bool = False
    """Whether it also writes the files with which SQL Server's drivers verify its certificate."""
    entry_point: Sequence[str] = ()
    """What runs the command; empty for the image's ENTRYPOINT."""
    arguments: Sequence[str] = ()
    """The command as a list of arguments, which no shell reads; empty for `command`."""


def container_definitions(
    container: Container,
    image: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
    log_options: Mapping[str, str],
    labels: Mapping[str, str],
    certificates: str,
    sidecars: Sequence[Mapping[str, Any]],
    init_containers: Sequence[Mapping[str, Any]],
) -> str:
    """The JSON of a task definition's `containerDefinitions`: the app, its sidecars, and what runs before them."""
    log = {"logDriver": "awslogs", "options": {**log_options, "mode": "non-blocking", "max-buffer-size": _LOG_BUFFER}}
    app: dict[str, Any] = {
        "name": container.name,
        "image": image,
        "essential": True,
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "secrets": [{"name": name, "valueFrom": reference} for name, reference in sorted(secrets.items()) if reference],
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": log,
        "mountPoints": _mount_points(container),
        "readonlyRootFilesystem": container.read_only_root,
        "stopTimeout": container.stop_timeout,
    }
    if container.command:
        app["command"] = container_command(container.command, container.entry_point)
    if container.arguments:
        app["command"] = list(container.arguments)
    if container.entry_point:
        app["entryPoint"] = list(container.entry_point)
    if container.port:
        app["portMappings"] = [{"containerPort": container.port, "hostPort": container.port, "protocol": "tcp"}]
    if container.user:
        app["user"] = container.user
    if labels:
        app["dockerLabels"] = dict(sorted(labels.items()))
    first = list(init_containers)
    if container.ca_path:
        first.append(_ca_writer(container.ca_path, image, certificates, container.trusts_sqlserver))
    if first:
        app["dependsOn"] = [{"containerName": definition["name"], "condition": "SUCCESS"} for definition in first]
    others = [{"essential": False, "logConfiguration": log, **definition} for definition in (*sidecars, *first)]
    return json.dumps([app, *others])


def volume_names(container: Container) -> list[str]:
    """The names of the task's scratch volumes."""
    names = [volume_name(path) for path in sorted(container.writable_paths)]
    return names + ([CA_CONTAINER] if container.ca_path else [])


def _mount_points(container: Container) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"sourceVolume": volume_name(path), "containerPath": path, "readOnly": False}
        for path in sorted(container.writable_paths)
    ]
    if container.ca_path:
        folder = container.ca_path.rsplit("/", 1)[0]
        mounts.append({"sourceVolume": CA_CONTAINER, "containerPath": folder, "readOnly": True})
    return mounts


def volume_name(path: str) -> str:
    """The name of the scratch volume for a path; different paths may give the same name."""
    return path.strip("/").replace("/", "-").replace(".", "-").lower()


def _ca_writer(path: str, image: str, certificates: str, trusts_sqlserver: bool) -> dict[str, Any]:
    """A container of the app's image (so that no other image is pulled) that writes the certificates and exits."""
    folder = path.rsplit("/", 1)[0]
    more = f" && {writing_commands(path)}" if trusts_sqlserver else ""
    return {
        "name": CA_CONTAINER,
        "image": image,
        "entryPoint": ["/bin/sh", "-c"],
        "command": [f'printf %s "$RDS_CA_CERTIFICATES" > {path} && chmod 444 {path}{more}'],
        "environment": [{"name": "RDS_CA_CERTIFICATES", "value": certificates}],
        "mountPoints": [{"sourceVolume": CA_CONTAINER, "containerPath": folder, "readOnly": False}],
        "readonlyRootFilesystem": True,
        "user": "0",  # Fargate's volumes belong to root
    }
