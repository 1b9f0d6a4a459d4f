"""Checks of a task's containers, volumes and environment against what ECS accepts of a task definition.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from ..validation.problems import Problem
from ..validation.references import image_problems
from ..validation.values import hint, range_problems, repeated_problems
from .containers import CA_CONTAINER, EXEC_PATHS, volume_name

# The members of the API's ContainerDefinition that apply to Fargate, with the types that are checked here.
CONTAINER_KEYS: Mapping[str, type[Any]] = {
    **dict.fromkeys(
        (*("repositoryCredentials", "restartPolicy", "linuxParameters", "logConfiguration"),
         *("healthCheck", "firelensConfiguration", "dockerLabels")), dict,
    ),
    **dict.fromkeys(
        (*("portMappings", "entryPoint", "command", "environment", "environmentFiles", "mountPoints", "volumesFrom"),
         *("secrets", "dependsOn", "ulimits", "systemControls", "credentialSpecs", "resourceRequirements")), list,
    ),
    **dict.fromkeys(("name", "image", "user", "workingDirectory", "versionConsistency"), str),
    **dict.fromkeys(("cpu", "memory", "memoryReservation", "startTimeout", "stopTimeout"), int),
    **dict.fromkeys(("essential", "readonlyRootFilesystem", "interactive", "pseudoTerminal"), bool),
}  # fmt: skip
# Members that the API has only for other launch types:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-parameters
NOT_ON_FARGATE = (
    *("links", "hostname", "disableNetworking", "privileged", "dnsServers", "dnsSearchDomains", "extraHosts"),
    *("dockerSecurityOptions",),
)
_TYPE_NAMES = {dict: "an object", list: "a list", str: "a text", int: "a whole number", bool: "true or false"}
_CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_SCRATCH_PATH = re.compile(r"(?:/[A-Za-z0-9_.-]+)+/?")
# What the kernel mounts in every container.
_KERNEL_FOLDERS = ("proc", "sys", "dev")
# ECS's limit of a task definition is 64 KiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
_LARGEST_TASK_DEFINITION = 64 * 1024
# The stack's part of one: 17.0 kB measured with all presets, RDS's certificates and the setup container, and somewhat
# more where names are long.
_STACK_PART = 20 * 1024


class Task(NamedTuple):
    """The task that sidecars have to fit into."""

    app: str
    """Name of the app's container."""
    others: Sequence[str]
    """Names of the containers that run before the app."""
    port: int
    cpu: int
    memory: int


def sidecar_problems(argument: str, sidecars: Sequence[Mapping[str, Any]], task: Task) -> Iterator[Problem]:
    """Container definitions beside the app's."""
    taken = [task.app, CA_CONTAINER, *task.others]
    names = [sidecar.get("name") for sidecar in sidecars]
    for index, sidecar in enumerate(sidecars):
        path = f"{argument}[{index}]"
        key_problems = list(_key_problems(path, sidecar))
        yield from key_problems
        invalid = {problem.argument for problem in key_problems}
        if f"{path}.name" not in invalid:
            yield from _name_problems(f"{path}.name", sidecar.get("name"), names[:index], taken)
        if f"{path}.image" not in invalid:
            yield from _image_problems(f"{path}.image", sidecar.get("image"))
        if f"{path}.dependsOn" not in invalid:
            yield from _dependency_problems(f"{path}.dependsOn", sidecar, sidecars, task)
        if not invalid:
            yield from _size_problems(path, sidecar, task)
            yield from _port_problems(f"{path}.portMappings", sidecar, task.port)


def _key_problems(path: str, sidecar: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in sidecar.items():
        if key in NOT_ON_FARGATE:
            yield Problem(f"{path}.{key}", "is not available on Fargate; leave it out.")
        elif key not in CONTAINER_KEYS:
            yield Problem(f"{path}.{key}", f"is not a key of a container definition; {hint(key, CONTAINER_KEYS)}")
        elif not _has_type(value, CONTAINER_KEYS[key]):
            yield Problem(f"{path}.{key}", f"{value!r} must be {_TYPE_NAMES[CONTAINER_KEYS[key]]}.")


def _has_type(value: Any, kind: type[Any]) -> bool:
    return not _is_plain(value) or (isinstance(value, kind) and (kind is not int or not isinstance(value, bool)))


def _is_plain(value: Any) -> bool:
    """Whether a value is one of JSON's, and not an output."""
    return isinstance(value, str | int | float | bool | list | dict | None)


def _name_problems(path: str, name: Any, before: Sequence[Any], taken: Collection[str]) -> Iterator[Problem]:
    if name is None:
        yield Problem(path, "is missing; each container needs a name.")
    elif not _is_plain(name):
        return
    elif not _NAME.fullmatch(name):
        yield Problem(path, f"{name!r} must be up to 255 letters, digits, hyphens and underscores.")
    elif name in taken:
        yield Problem(path, f"{name!r} is the name of a container of the stack's own; choose another name.")
    elif name in before:
        yield Problem(path, f"{name!r} is the name of another sidecar; give each a different name.")


def _image_problems(path: str, image: Any) -> Iterator[Problem]:
    if image is None or image == "":
        yield Problem(path, "is missing; each container needs an image.")
    else:
        yield from image_problems(path, image)


def _dependency_problems(
    path: str, sidecar: Mapping[str, Any], sidecars: Sequence[Mapping[str, Any]], task: Task
) -> Iterator[Problem]:
    others = {str(other.get("name")): other for other in sidecars if other is not sidecar}
    names = [task.app, *others]
    first = [CA_CONTAINER, *task.others]  # containers that end before the app starts
    for index, dependency in enumerate(sidecar.get("dependsOn", [])):
        where = f"{path}[{index}]"
        if not isinstance(dependency, Mapping):
            yield Problem(
                where, f"{dependency!r} must be an object, like {{containerName: {task.app}, condition: START}}."
            )
            continue
        entry = cast(Mapping[str, Any], dependency)
        name, condition = entry.get("containerName"), entry.get("condition")
        if name in first:
            continue
        if name not in names:
            yield Problem(
                f"{where}.containerName", f"{name!r} is not another container of the task: {', '.join(names)}."
            )
            continue
        other = {"essential": True} if name == task.app else others[str(name)]
        if condition not in _CONDITIONS:
            yield Problem(f"{where}.condition", f"{condition!r} is not one of {', '.join(_CONDITIONS)}.")
        elif condition in ("COMPLETE", "SUCCESS") and other.get("essential"):
            yield Problem(
                f"{where}.condition",
                f"{condition!r} waits for the exit of {name!r}, which is essential; use START instead.",
            )
        elif condition == "HEALTHY" and "healthCheck" not in other:
            yield Problem(
                f"{where}.condition",
                f"{condition!r} needs a healthCheck, which {name!r} does not have; use START instead.",
            )


def _size_problems(path: str, sidecar: Mapping[str, Any], task: Task) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: at least 6 MiB
    for key, least, most in (("cpu", 0, task.cpu), ("memory", 6, task.memory), ("memoryReservation", 6, task.memory)):
        if _is_plain(sidecar.get(key, most)):
            yield from range_problems(f"{path}.{key}", sidecar.get(key, most), least, most, f"within the task's {most}")


def _port_problems(path: str, sidecar: Mapping[str, Any], port: int) -> Iterator[Problem]:
    for index, mapping in enumerate(sidecar.get("portMappings", [])):
        container_port = cast(Mapping[str, Any], mapping).get("containerPort") if isinstance(mapping, Mapping) else None
        where = f"{path}[{index}].containerPort"
        if container_port == port:
            yield Problem(
                where,
                f"{container_port!r} is the app's port, and a task's containers share one network; use another port.",
            )
        elif container_port is None or _is_plain(container_port):
            yield from range_problems(where, cast(int, container_port), 1, 65535)


def writable_path_problems(argument: str, paths: Sequence[str], with_exec: bool) -> Iterator[Problem]:
    """Directories on scratch volumes; the volumes' names, made from the paths, must differ."""
    names: dict[str, str] = {volume_name(path): path for path in EXEC_PATHS} if with_exec else {}
    names[CA_CONTAINER] = "the volume of the RDS certificates"
    for path in paths:
        name = volume_name(path)
        if not path.startswith("/") or path == "/":
            yield Problem(argument, f"{path!r} must be an absolute path below /, like /tmp.")
        elif not _SCRATCH_PATH.fullmatch(path) or {".", ".."} & {*path.split("/")}:
            yield Problem(
                argument, f"{path!r} must be letters, digits and . _ - between single slashes, like /var/cache."
            )
        elif path.split("/")[1] in _KERNEL_FOLDERS:
            yield Problem(argument, f"{path!r} is in a directory that the kernel mounts; choose another path.")
        elif path in paths[: paths.index(path)] or (name in names and names[name] == path):
            continue
        elif name in names:
            yield Problem(
                argument,
                f"{path!r} gives the volume name {name!r}, which {names[name]} already has; choose another path.",
            )
        else:
            names[name] = path
    yield from repeated_problems(argument, paths)


def size_problems(argument: str, environment: Mapping[str, Any], *others: Any) -> Iterator[Problem]:
    """The size of a plain environment, which has to fit into the task definition together with `others`."""
    plain = {name: value for name, value in environment.items() if isinstance(value, str)}
    entries = [{"name": name, "value": value} for name, value in plain.items()]
    size = len(json.dumps(entries, separators=(",", ":")).encode())
    rest = len(json.dumps(others, separators=(",", ":"), default=lambda _: "").encode())
    available = _LARGEST_TASK_DEFINITION - _STACK_PART - rest
    if size > available:
        yield Problem(
            argument,
            f"its variables take {size} bytes, and the task definition has only {max(available, 0)} left for them; "
            "keep large values in a file of the image, in the bucket or in a parameter.",
        )
