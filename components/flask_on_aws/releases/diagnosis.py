"""Why a task or a rollout failed, from what ECS, the load balancer and the log say: plain values in, sentences out.

ECS's own words: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# A container that was killed for memory ends with SIGKILL, and so does one that ignored SIGTERM.
_SIGKILL = 137
# The shell's codes for a command that is not there, or not executable.
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


class Cause(NamedTuple):
    """What went wrong."""

    kind: str
    """One word or two, the same for the same mistake: `crash`, `health check`, `missing secret` and so on."""
    reason: str
    """A whole sentence with the values at hand and the way out."""


class Evidence(NamedTuple):
    """What is known of one stopped task, as DescribeTasks, the target group and CloudWatch Logs tell it."""

    stop_code: str = ""
    stopped_reason: str = ""
    containers: Sequence[Mapping[str, Any]] = ()
    """ECS's descriptions of the containers, with `name`, `exitCode` and `reason`."""
    lines: Sequence[str] = ()
    """The last lines of the app's log."""
    health: str = ""
    """What the load balancer says of the target, like `Health checks failed with these codes: [500]`."""
    health_check_path: str = ""
    memory: str = ""
    """The task's limit in MiB."""


def diagnose(seen: Evidence) -> Cause:
    """The one cause of a task's end, the most telling first."""
    for look in (_architecture, _secret, _image, _memory, _command, _capacity, _health, _crash):
        found = look(seen)
        if found:
            return found
    return Cause("unknown", seen.stopped_reason or seen.stop_code or "ECS gives no reason.")


def capacity_cause(messages: Sequence[str]) -> Cause | None:
    """A lack of capacity, from a service's events or RunTask's failures."""
    short = ("capacity is unavailable", "resource:", "insufficient capacity", "limit on the number of")
    said = next((text for text in messages if any(one in text.lower() for one in short)), None)
    if said is None:
        return None
    return Cause(
        "no capacity",
        f"AWS could not place the task: {said} Wait or retry, add a zone, lower spot_share, or ask for a higher quota.",
    )


def _everything(seen: Evidence) -> str:
    reasons = [str(container.get("reason", "")) for container in seen.containers]
    return "\n".join([seen.stopped_reason, *reasons, *seen.lines])


def _architecture(seen: Evidence) -> Cause | None:
    said = _everything(seen).lower()
    if "exec format error" not in said and "does not contain descriptor matching platform" not in said:
        return None
    return Cause(
        "wrong architecture",
        "the image was built for another processor than the tasks have (exec format error); set architecture to the "
        "image's, x86_64 or arm64, or build it for both.",
    )


def _secret(seen: Evidence) -> Cause | None:
    said = _everything(seen)
    if not re.search(r"secret|ssm param|parameter", said, re.IGNORECASE) or "ResourceInitialization" not in said:
        return None
    arn = re.search(r"arn:[a-z-]+:(?:secretsmanager|ssm):[^\s,'\"]+", said)
    which = f" {arn[0]}" if arn else ""
    if re.search(r"AccessDenied|not authorized", said):
        return Cause("denied secret", f"the execution role may not read the secret{which}: {seen.stopped_reason}")
    return Cause(
        "missing secret",
        f"a secret or one of its keys is not there{which}; create it, or correct the reference: {seen.stopped_reason}",
    )


def _image(seen: Evidence) -> Cause | None:
    if "CannotPull" not in _everything(seen):
        return None
    said = next((text for text in _everything(seen).splitlines() if "CannotPull" in text), "")
    if re.search(r"timeout|dial tcp|i/o|connection", said, re.IGNORECASE):
        return Cause(
            "no route to the registry", f"tasks cannot reach the registry; look at egress and outbound_ports: {said}"
        )
    return Cause("image not found", f"the image cannot be pulled; is it still in the repository? {said}")


def _memory(seen: Evidence) -> Cause | None:
    said = _everything(seen)
    if not re.search(r"OutOfMemory|out of memory", said):
        return None
    limit = f" of {seen.memory} MiB" if seen.memory else ""
    return Cause("out of memory", f"the task needed more than its memory{limit} (OutOfMemoryError); raise memory.")


def _command(seen: Evidence) -> Cause | None:
    for container in seen.containers:
        if str(container.get("reason", "")).startswith("CannotStartContainer"):
            return Cause("command not found", f"container {container['name']} cannot start: {container['reason']}")
        if container.get("exitCode") in (_NOT_FOUND, _NOT_EXECUTABLE):
            return Cause(
                "command not found",
                f"container {container['name']} ended with exit code {container['exitCode']}: its command is not in "
                "the image, or not executable.",
            )
    return None


def _capacity(seen: Evidence) -> Cause | None:
    return capacity_cause([seen.stopped_reason])


def _health(seen: Evidence) -> Cause | None:
    if "health check" not in seen.stopped_reason.lower():
        return None
    told = f" ({seen.health})" if seen.health else ""
    path = seen.health_check_path
    where = f" GET {path}" if path else ""
    return Cause(
        "health check",
        f"the load balancer's health check{where} was not answered with 200{told}; see what the app logs, and whether "
        "it needs more than startup_seconds.",
    )


def _crash(seen: Evidence) -> Cause | None:
    ended = [one for one in seen.containers if one.get("exitCode") is not None]
    guilty = next((one for one in ended if one["exitCode"] != 0), ended[0] if ended else None)
    if guilty is None or seen.stop_code not in ("EssentialContainerExited", "TaskFailedToStart", ""):
        return None
    code = guilty["exitCode"]
    if code == _SIGKILL:
        return Cause(
            "killed", f"container {guilty['name']} was killed (exit code {code}, SIGKILL); memory is the usual cause."
        )
    return Cause("crash", f"container {guilty['name']} ended by itself with exit code {code}.")
