"""Why a task or a rollout failed, from what ECS, the load balancer and the log report: plain values in, sentences out.

ECS's messages: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..runtime_contract.programs import missing_package

# A container that ran out of memory is killed with SIGKILL, and so is one that ignored SIGTERM.
_SIGKILL = 137
# The shell's exit codes for a command that does not exist, or is not executable.
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


class Cause(NamedTuple):
    """What went wrong."""

    kind: str
    """One word or two, the same for the same mistake: `crash`, `health check`, `missing secret` and so on."""
    reason: str
    """A whole sentence with the known values and the fix."""


class Evidence(NamedTuple):
    """What DescribeTasks, the target group and CloudWatch Logs report about one stopped task."""

    stop_code: str = ""
    stopped_reason: str = ""
    containers: Sequence[Mapping[str, Any]] = ()
    """ECS's descriptions of the containers, with `name`, `exitCode` and `reason`."""
    lines: Sequence[str] = ()
    """The last lines of the app's log."""
    health: str = ""
    """The load balancer's description of the target's health, like `Health checks failed with these codes: [500]`."""
    health_check_path: str = ""
    memory: str = ""
    """The task's limit in MiB."""


def diagnose(evidence: Evidence) -> Cause:
    """The cause of a task's failure; the most specific check comes first."""
    for check in (_architecture, _secret, _image, _memory, _command, _capacity, _wrong_port, _health, _crash):
        cause = check(evidence)
        if cause:
            return cause
    return Cause("unknown", evidence.stopped_reason or evidence.stop_code or "ECS gives no reason.")


def capacity_cause(messages: Sequence[str]) -> Cause | None:
    """A lack of capacity, from a service's events or RunTask's failures."""
    phrases = ("capacity is unavailable", "resource:", "insufficient capacity", "limit on the number of")
    message = next((text for text in messages if any(phrase in text.lower() for phrase in phrases)), None)
    if message is None:
        return None
    return Cause(
        "no capacity",
        f"AWS could not place the task: {message} Wait or retry, add a zone, lower spot_share, or ask for a higher quota.",
    )


def _messages(evidence: Evidence) -> str:
    reasons = [str(container.get("reason", "")) for container in evidence.containers]
    return "\n".join([evidence.stopped_reason, *reasons, *evidence.lines])


def _architecture(evidence: Evidence) -> Cause | None:
    messages = _messages(evidence).lower()
    if "exec format error" not in messages and "does not contain descriptor matching platform" not in messages:
        return None
    return Cause(
        "wrong architecture",
        "the image was built for another processor than the tasks have (exec format error); set architecture to the "
        "image's, x86_64 or arm64, or build it for both.",
    )


def _secret(evidence: Evidence) -> Cause | None:
    messages = _messages(evidence)
    if (
        not re.search(r"secret|ssm param|parameter", messages, re.IGNORECASE)
        or "ResourceInitialization" not in messages
    ):
        return None
    arn = re.search(r"arn:[a-z-]+:(?:secretsmanager|ssm):[^\s,'\"]+", messages)
    which = f" {arn[0]}" if arn else ""
    if re.search(r"AccessDenied|not authorized", messages):
        return Cause("denied secret", f"the execution role may not read the secret{which}: {evidence.stopped_reason}")
    return Cause(
        "missing secret",
        f"a secret or one of its keys is not there{which}; create it, or correct the reference: {evidence.stopped_reason}",
    )


def _image(evidence: Evidence) -> Cause | None:
    if "CannotPull" not in _messages(evidence):
        return None
    message = next((text for text in _messages(evidence).splitlines() if "CannotPull" in text), "")
    if re.search(r"timeout|dial tcp|i/o|connection", message, re.IGNORECASE):
        return Cause(
            "no route to the registry", f"tasks cannot reach the registry; look at egress and outbound_ports: {message}"
        )
    return Cause("image not found", f"the image cannot be pulled; is it still in the repository? {message}")


def _memory(evidence: Evidence) -> Cause | None:
    messages = _messages(evidence)
    if not re.search(r"OutOfMemory|out of memory", messages):
        return None
    limit = f" of {evidence.memory} MiB" if evidence.memory else ""
    return Cause("out of memory", f"the task needed more than its memory{limit} (OutOfMemoryError); raise memory.")


def _command(evidence: Evidence) -> Cause | None:
    for container in evidence.containers:
        if str(container.get("reason", "")).startswith("CannotStartContainer"):
            return Cause("command not found", f"container {container['name']} cannot start: {container['reason']}")
        if container.get("exitCode") in (_NOT_FOUND, _NOT_EXECUTABLE):
            return Cause(
                "command not found",
                f"container {container['name']} ended with exit code {container['exitCode']}: its command is not in "
                f"the image, or not executable{_missing_program(evidence.lines)}.",
            )
    return None


def _missing_program(lines: Sequence[str]) -> str:
    """What to add for the program that a shell did not find; empty if the log names none that is known."""
    pattern = r"([\w.+-]+): (?:command )?not found$"
    programs = [match[1] for line in lines if (match := re.search(pattern, line.rstrip()))]
    argument, package = missing_package(programs[-1]) if programs else ("", "")
    where = "the app's dependencies" if argument == "dependencies" else argument
    return f"; {programs[-1]} was not found: add {package} to {where}" if package else ""


def _capacity(evidence: Evidence) -> Cause | None:
    return capacity_cause([evidence.stopped_reason])


def _wrong_port(evidence: Evidence) -> Cause | None:
    """The local AWS sees on which port an app listens."""
    if not evidence.stopped_reason.startswith("The app listens on port"):
        return None
    return Cause("wrong port", f"{evidence.stopped_reason[0].lower()}{evidence.stopped_reason[1:]}.")


def _health(evidence: Evidence) -> Cause | None:
    if "health check" not in evidence.stopped_reason.lower():
        return None
    health = f" ({evidence.health})" if evidence.health else ""
    path = evidence.health_check_path
    where = f" GET {path}" if path else ""
    return Cause(
        "health check",
        f"the load balancer's health check{where} was not answered with 200{health}; see what the app logs, and whether "
        "it needs more than startup_seconds.",
    )


def _crash(evidence: Evidence) -> Cause | None:
    ended = [container for container in evidence.containers if container.get("exitCode") is not None]
    failed = next((container for container in ended if container["exitCode"] != 0), ended[0] if ended else None)
    if failed is None or evidence.stop_code not in ("EssentialContainerExited", "TaskFailedToStart", ""):
        return None
    code = failed["exitCode"]
    if code == _SIGKILL:
        return Cause(
            "killed", f"container {failed['name']} was killed (exit code {code}, SIGKILL); memory is the usual cause."
        )
    return Cause("crash", f"container {failed['name']} ended by itself with exit code {code}.")
