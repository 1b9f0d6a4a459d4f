"""The web service of Compose.

https://docs.docker.com/reference/compose-file/services/
"""

import posixpath
import re
from dataclasses import replace
from pathlib import Path

from flask_on_aws.build_plan.own_image.dockerfile_stage import DockerfileError, read_stage

from ...drafts.commands import command_line, health_path
from ...drafts.draft import Draft
from ...drafts.durations import put_startup
from ...drafts.images import is_service
from ...drafts.sizes import cpu_units, mebibytes
from ...reading.source import InputError, Value, entries, items, read_text
from .interpolation import VARIABLE

_NETWORK = "has no setting; the tasks and their services are in one VPC."
_STOP = "has no setting; the app gets SIGTERM and a minute to finish its requests."
_MACHINE = "is about the machine that runs Compose."
REASONS = {
    **dict.fromkeys(
        ("networks", "network_mode", "links", "external_links", "hostname", "dns", "extra_hosts"), _NETWORK
    ),
    **dict.fromkeys(("stop_grace_period", "stop_signal"), _STOP),
    **dict.fromkeys(("container_name", "pull_policy", "runtime", "stdin_open", "tty", "develop", "attach"), _MACHINE),
    **dict.fromkeys(("cap_add", "cap_drop", "privileged", "security_opt", "devices"), "is not possible on Fargate."),
    "restart": "has no setting; a task that ends is replaced.",
    "init": "has no setting; tasks run with an init process.",
    "user": "has no setting; name the user in the Dockerfile (USER).",
    "working_dir": "has no setting; name the folder in the Dockerfile (WORKDIR).",
    "logging": "has no setting; logs go to CloudWatch.",
    "labels": "has no setting; a proxy's labels are replaced by the load balancer, and others by tags.",
    "configs": "has no setting; add the file to the image, or pass its content in env.",
    "ulimits": "has no setting; change the task definition with a transform (docs/library.md).",
    "sysctls": "has no setting; change the task definition with a transform (docs/library.md).",
    "shm_size": "has no setting; tasks have the default of Fargate.",
}
# What the functions below and the module `project` read.
_READ = {
    *("build", "image", "command", "entrypoint", "ports", "expose", "environment", "env_file", "healthcheck", "deploy"),
    *("scale", "cpus", "mem_limit", "platform", "read_only", "tmpfs", "volumes", "secrets", "depends_on", "profiles"),
}
_ARCHITECTURES = {"arm64": "arm64", "aarch64": "arm64", "amd64": "x86_64", "x86_64": "x86_64"}


def read_service(draft: Draft, service: Value, folder: Path) -> None:
    """Read a service into a draft, without its variables, secrets and dependencies."""
    _read_image(draft, service, folder)
    _read_command(draft, service)
    _read_port(draft, service)
    _read_health(draft, service["healthcheck"])
    _read_size(draft, service)
    _read_files(draft, service)
    draft.lose_others(service, _READ, REASONS)


def image_of(service: Value) -> object:
    """What decides the image of a service."""
    build, image = service["build"], service["image"]
    if build is None:
        return image.text() if image else ""
    keys = {"context": ".", "dockerfile": "Dockerfile", "target": ""}
    values = {key: value.text() if (value := build[key]) else default for key, default in keys.items()}
    return (posixpath.normpath(values["context"]), posixpath.normpath(values["dockerfile"]), values["target"])


def managed_image(service: Value, folder: Path) -> Value | None:
    """The image of a database, a proxy or the like; with `build`, the one that its Dockerfile adds files to.

    None if the service is a part of the app.
    """
    build, image = service["build"], service["image"]
    if build is None:
        return image if image and image.kind != VARIABLE and is_service(image.text()) else None
    context, dockerfile, target = build["context"], build["dockerfile"], build["target"]
    path = folder / (context.text() if context else ".") / (dockerfile.text() if dockerfile else "Dockerfile")
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        return None
    try:
        base = read_stage(read_text(path), target.text() if target else "").base
    except DockerfileError:
        return None
    return replace(build, data=base) if is_service(base) else None


def _read_image(draft: Draft, service: Value, folder: Path) -> None:
    build, image = service["build"], service["image"]
    if build is None and image is None:
        raise InputError(f"{service.place}: {service.path} has neither build nor image; add one of them.")
    if build is None and image:
        if image.kind == VARIABLE:
            draft.need(image.place, "image", "contains a variable of the shell; set the image's address.")
        else:
            draft.put("image", image.text(), image.place)
    if build is None:
        return
    context, dockerfile, target = build["context"], build["dockerfile"], build["target"]
    base = context.text() if context else "."
    if re.match(r"[\w+.-]+://|git@", base) or base.startswith(("/", "~", "$")):
        raise (context or build).error("must be a folder below the file's")
    draft.app, draft.app_place = folder / posixpath.normpath(base), (context or build).place
    draft.put(
        "dockerfile", posixpath.normpath(dockerfile.text() if dockerfile else "Dockerfile"), (dockerfile or build).place
    )
    if target:
        draft.put("dockerfileTarget", target.text(), target.place)
    for name, value in entries(build["args"]).items():
        if value.data is None or value.kind == VARIABLE:
            text = "has its value on the machine that builds; set it."
            draft.need(value.place, (f"buildEnv.{name}", f"buildSecrets.{name}"), text)
        else:
            draft.put(f"buildEnv.{name}", value.text(), value.place)
    reasons = {
        "dockerfile_inline": "is a Dockerfile in the file; write it into the file Dockerfile.",
        "secrets": "set each in buildSecrets.",
        "additional_contexts": "has no setting; copy the files into the app's folder.",
        "ssh": "has no setting; use buildSecrets with a token.",
        "platforms": "see architecture.",
        **dict.fromkeys(("cache_from", "cache_to", "no_cache", "pull"), "the build has its own cache."),
        "tags": "the stack names the image itself.",
    }
    draft.lose_others(build, {"context", "dockerfile", "target", "args"}, reasons)
    if image:
        draft.carry(image.place, image.path, "the stack names the image itself")


def command_of(service: Value) -> str:
    """The command that a service runs instead of its image's."""
    return " ".join(filter(None, (command_line(service["entrypoint"]), command_line(service["command"]))))


def _read_command(draft: Draft, service: Value) -> None:
    entrypoint, command = service["entrypoint"], service["command"]
    text = command_of(service)
    if not text:
        return
    key = command or entrypoint or service
    parts = (key, *(key.items() if key.is_list else ()))
    note = "Compose takes its variables from the machine" if any(item.kind == VARIABLE for item in parts) else ""
    draft.put("startCommand", text, key.place, note)
    if entrypoint:
        draft.put("entryPoint", "replace", entrypoint.place)


def _read_port(draft: Draft, service: Value) -> None:
    ports = [*items(service["ports"]), *items(service["expose"])]
    numbers = dict[int, Value]()
    for port in ports:
        number = _container_port(port)
        if number:
            numbers.setdefault(number, port)
        else:
            draft.lose(port, "the load balancer forwards HTTP to one port.")
    for number, port in numbers.items():
        if "port" not in draft.values:
            draft.put("port", number, port.place)
        else:
            draft.lose(port, "is another port; the load balancer forwards HTTP to one port.")


def _container_port(port: Value) -> int:
    """The port of the container; 0 if it is not one of TCP, or a range."""
    if port.is_mapping:
        target, protocol = port["target"], port["protocol"]
        if target is None:
            raise port.error("must have a target")
        for key in ("published", "mode", "host_ip", "name", "app_protocol"):
            if value := port[key]:
                value.mark_used()
        return 0 if protocol and protocol.text() != "tcp" else target.integer()
    text, _, protocol = port.text().partition("/")
    container = text.rpartition(":")[2]
    if not re.fullmatch(r"[0-9]{1,5}(?:-[0-9]{1,5})?", container):
        raise port.error("must be a port, like 8000 or 80:8000")
    return 0 if "-" in container or protocol not in ("", "tcp") else int(container)


def _read_health(draft: Draft, check: Value | None) -> None:
    if check is None:
        return
    test = check["test"]
    path = health_path(command_line(test))
    if path and test:
        draft.put("healthCheckPath", path, test.place)
    elif test:
        draft.lose(test, "the load balancer asks for healthCheckPath; set a path that answers 200.")
    if start := check["start_period"]:
        put_startup(draft, start)
    fixed = "has no setting; the stack checks every 5 seconds, and three failures replace a task."
    reasons = dict.fromkeys(("interval", "timeout", "retries", "start_interval", "disable"), fixed)
    draft.lose_others(check, {"test", "start_period"}, reasons)


def _read_size(draft: Draft, service: Value) -> None:
    deploy = service["deploy"]
    limits = deploy.get("resources", "limits") if deploy else None
    cpus, memory = (limits["cpus"], limits["memory"]) if limits else (None, None)
    if cpus := cpus or service["cpus"]:
        draft.put("cpu", cpu_units(cpus), cpus.place)
    if memory := memory or service["mem_limit"]:
        draft.put("memory", mebibytes(memory), memory.place)
    if replicas := (deploy["replicas"] if deploy else None) or service["scale"]:
        number = replicas.integer()
        if number < 0:
            raise replicas.error("must not be negative")
        draft.put("minTasks", number, replicas.place)
        draft.put("maxTasks", number, replicas.place)
    draft.lose_others(limits, {"cpus", "memory"}, {})
    draft.lose_others(
        deploy["resources"] if deploy else None, {"limits"}, {"reservations": "Fargate reserves the limits."}
    )
    reasons = {
        "restart_policy": REASONS["restart"],
        "update_config": "has no setting; tasks are replaced without a gap.",
        "rollback_config": "has no setting; a release that fails its health checks is rolled back.",
    }
    draft.lose_others(deploy, {"resources", "replicas"}, reasons)
    if platform := service["platform"]:
        architecture = _ARCHITECTURES.get(platform.text().partition("/")[2].partition("/")[0])
        if architecture is None:
            raise platform.error("must be linux/amd64 or linux/arm64")
        draft.put("architecture", architecture, platform.place)


def _read_files(draft: Draft, service: Value) -> None:
    if read_only := service["read_only"]:
        draft.put("readOnlyRoot", read_only.flag(), read_only.place)
    if tmpfs := service["tmpfs"]:
        paths = [item.text().partition(":")[0] for item in (tmpfs.items() if tmpfs.is_list else [tmpfs])]
        draft.put("writablePaths", sorted({"/tmp", *paths}), tmpfs.place)  # noqa: S108 a path in the container
    for volume in items(service["volumes"]):
        source, kind = (volume["source"], volume["type"]) if volume.is_mapping else (volume, None)
        text = source.text() if source else ""
        if (kind and kind.text() == "bind") or text.startswith((".", "/", "~", "$")):
            draft.lose(volume, "is a folder of this machine; the image contains the app's files.")
        else:
            draft.lose(volume, "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).")
