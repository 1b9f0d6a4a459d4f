"""Rules about ECS: clusters, services and task definitions."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from ...model import Severity
from ..checks import described, is_set, must_be, must_not_be
from ..rule import Check, Rule, Violation
from ..stack import Node, Stack, is_known

_TASK = ("ecs/taskDefinition:TaskDefinition",)
_SERVICE = ("ecs/service:Service",)
_CLUSTER = ("ecs/cluster:Cluster",)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|SECRET_?KEY|CREDENTIALS?)$|"
    r"PASSWORD|SECRET_KEY|PRIVATE_KEY",
    re.IGNORECASE,
)
# A password in a URL, an access key of AWS, a private key, and tokens of GitHub, Slack and Stripe.
_SECRET_VALUE = re.compile(
    r"://[^/\s:@]*:[^/\s:@]+@|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|"
    r"\bgh[pousr]_\w{30,}|\bxox[abp]-\w{10,}|\b[rs]k_live_\w{10,}"
)
# Values of a variable with such a name that are no secret: where it is, or nothing.
_PLACE = re.compile(r"arn:[\w-]+:|/|\$\{|\d*$|(?:true|false)$", re.IGNORECASE)
_ROOT = ("0", "root", "0:0", "root:root")

Container = Mapping[str, Any]


def _containers(node: Node) -> list[Container]:
    document = node.document("containerDefinitions")
    return cast(list[Container], document) if isinstance(document, list) else []


def _each(path: str, is_wrong: Callable[[Any, Container], bool]) -> Check:
    """For each container, whether the value at a path is wrong."""
    keys = path.split(".")

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for container in _containers(node):
            value: Any = container
            for key in keys:
                value = cast(Mapping[str, Any], value).get(key) if isinstance(value, Mapping) else None
            if is_wrong(value, container):
                yield Violation(f"containerDefinitions.{container.get('name')}.{path}", _text(value))

    return check


def _text(value: Any) -> str:
    return described(value) if not isinstance(value, list) else f"has {', '.join(map(str, cast(list[Any], value)))}"


def _plaintext_secrets(node: Node, stack: Stack) -> Iterator[Violation]:
    if node.is_secret("containerDefinitions"):
        yield Violation("containerDefinitions", "has the value of a secret")
    for container in _containers(node):
        for variable in container.get("environment") or ():
            name, value = str(variable.get("name")), str(variable.get("value") or "")
            if _is_secret(name, value):
                yield Violation(f"containerDefinitions.{container.get('name')}.environment.{name}", "is plain text")


def _is_secret(name: str, value: str) -> bool:
    if _SECRET_VALUE.search(value):
        return True
    return bool(value and _SECRET_NAME.search(name) and not _PLACE.match(value))


def _by_digest(node: Node, stack: Stack) -> Iterator[Violation]:
    for container in _containers(node):
        image = str(container.get("image") or "")
        if image and "@sha256:" not in image and "${" not in image:
            yield Violation(f"containerDefinitions.{container.get('name')}.image", f"is {image}")


def _host_folders(node: Node, stack: Stack) -> Iterator[Violation]:
    for path in node.at("volumes.hostPath"):
        yield Violation("volumes.hostPath", described(path))


def _file_systems_encrypted(node: Node, stack: Stack) -> Iterator[Violation]:
    for volume in node.at("volumes.efsVolumeConfiguration"):
        encryption = volume.get("transitEncryption")
        if is_known(encryption) and encryption != "ENABLED":
            yield Violation("volumes.efsVolumeConfiguration.transitEncryption", described(encryption))


def _separate_roles(node: Node, stack: Stack) -> Iterator[Violation]:
    role = node.get("taskRoleArn")
    if is_known(role) and role is not None and role == node.get("executionRoleArn"):
        yield Violation("taskRoleArn", "is the execution role")


def _insights(node: Node, stack: Stack) -> Iterator[Violation]:
    values = [
        item.get("value") for item in node.inputs.get("settings") or () if item.get("name") == "containerInsights"
    ]
    if not any(value in ("enabled", "enhanced") for value in values):
        yield Violation("settings.containerInsights", described(values[0] if values else None))


def _capabilities(value: Any, container: Container) -> bool:
    return bool(value)


RULES = (
    Rule(
        "ecs-secrets",
        Severity.CRITICAL,
        "Secrets are not in plain text in task definitions",
        "Everybody who may describe a task definition, and every log of the API, has them.",
        "Set it in secretValues or secrets instead of env.",
        _TASK,
        _plaintext_secrets,
        "AWS-0036 AwsSolutions-ECS2 ECS.8",
        "env",
    ),
    Rule(
        "ecs-privileged",
        Severity.HIGH,
        "Containers are not privileged",
        "Who controls the app controls the host.",
        "Remove privileged.",
        _TASK,
        _each("privileged", lambda value, container: value is True),
        "CKV_AWS_334 ECS.4",
    ),
    Rule(
        "ecs-capabilities",
        Severity.HIGH,
        "Containers add no capabilities of Linux",
        "The app could change the network, or read the memory of other processes.",
        "Remove linuxParameters.capabilities.add.",
        _TASK,
        _each("linuxParameters.capabilities.add", _capabilities),
    ),
    Rule(
        "ecs-read-only-root",
        Severity.MEDIUM,
        "The root filesystem of containers is read-only",
        "Who controls the app can change its programs.",
        "Set readOnlyRoot to true, and writablePaths to the folders that the app writes to.",
        _TASK,
        _each("readonlyRootFilesystem", lambda value, container: value is not True),
        "CKV_AWS_336 ECS.5",
        "readOnlyRoot",
    ),
    Rule(
        "ecs-user",
        Severity.MEDIUM,
        "Apps do not run as root",
        "Who controls the app can do everything in the container.",
        "Set USER in the Dockerfile.",
        _TASK,
        _each("user", lambda value, container: container.get("essential", True) and str(value) in _ROOT),
        "ECS.20",
    ),
    Rule(
        "ecs-logs",
        Severity.MEDIUM,
        "Containers write logs",
        "Nobody can see why the app failed, or what somebody did with it.",
        "Set logConfiguration.",
        _TASK,
        _each("logConfiguration.logDriver", lambda value, container: not value or value == "none"),
        "AwsSolutions-ECS7 ECS.9",
    ),
    Rule(
        "ecs-image-digest",
        Severity.MEDIUM,
        "Images are named by digest",
        "A tag can be moved to another image, which then runs without a release.",
        "Name the image as repository@sha256:….",
        _TASK,
        _by_digest,
    ),
    Rule(
        "ecs-host-namespaces",
        Severity.HIGH,
        "Tasks do not share the host's processes",
        "The app could see and end processes of the host.",
        "Remove pidMode and ipcMode.",
        _TASK,
        lambda node, stack: (
            *must_not_be("pidMode", "host")(node, stack),
            *must_not_be("ipcMode", "host")(node, stack),
        ),
        "CKV_AWS_335 ECS.3",
    ),
    Rule(
        "ecs-network-mode",
        Severity.MEDIUM,
        "Tasks have a network interface of their own",
        "Security groups of the host would apply to all of its tasks.",
        "Set networkMode to awsvpc.",
        _TASK,
        must_be("networkMode", "awsvpc"),
        "ECS.1 ECS.17",
    ),
    Rule(
        "ecs-host-volumes",
        Severity.HIGH,
        "Tasks mount no folders of the host",
        "The app could change the host.",
        "Remove hostPath.",
        _TASK,
        _host_folders,
    ),
    Rule(
        "ecs-file-systems",
        Severity.HIGH,
        "Connections to file systems of EFS are encrypted",
        "Files can be read on the way.",
        "Set transitEncryption to ENABLED.",
        _TASK,
        _file_systems_encrypted,
        "CKV_AWS_97 AWS-0035",
    ),
    Rule(
        "ecs-roles",
        Severity.MEDIUM,
        "The task role is not the execution role",
        "The app could read every secret, pull images and write logs of others.",
        "Use a role for each.",
        _TASK,
        _separate_roles,
        "CKV_AWS_249",
    ),
    Rule(
        "ecs-task-role",
        Severity.LOW,
        "Tasks have a task role",
        "The app would need keys of a user, which do not expire.",
        "Set taskRoleArn.",
        _TASK,
        is_set("taskRoleArn"),
    ),
    Rule(
        "ecs-public-address",
        Severity.MEDIUM,
        "Tasks have no public addresses",
        "One wrong rule of a security group would make them public.",
        "Set egress to nat, ipv6 or endpoints.",
        _SERVICE,
        must_be("networkConfiguration.assignPublicIp", False, default=False),
        "CKV_AWS_333 ECS.2 ec2InstanceNoPublicIP",
        "egress",
    ),
    Rule(
        "ecs-platform-version",
        Severity.LOW,
        "Services run on the latest version of Fargate",
        "Older versions do not get security fixes.",
        "Remove platformVersion.",
        _SERVICE,
        must_be("platformVersion", "LATEST", default="LATEST"),
        "CKV_AWS_332 ECS.10",
    ),
    Rule(
        "ecs-exec",
        Severity.MEDIUM,
        "ECS Exec is off",
        "Who may call ExecuteCommand gets a shell with the app's secrets.",
        "Set enableExec to false when you are done.",
        _SERVICE,
        must_not_be("enableExecuteCommand", True),
        "CKV_AWS_223 CKV_AWS_224",
        "enableExec",
    ),
    Rule(
        "ecs-rollback",
        Severity.LOW,
        "Services roll a failed deployment back",
        "A version that does not start would replace one that works.",
        "Set deploymentCircuitBreaker with enable and rollback.",
        _SERVICE,
        lambda node, stack: (
            *must_be("deploymentCircuitBreaker.enable", True)(node, stack),
            *must_be("deploymentCircuitBreaker.rollback", True)(node, stack),
        ),
    ),
    Rule(
        "ecs-container-insights",
        Severity.LOW,
        "Clusters have Container Insights",
        "There are no metrics of single tasks.",
        "Set containerInsights to true.",
        _CLUSTER,
        _insights,
        "CKV_AWS_65 AWS-0034 AwsSolutions-ECS4 ECS.12",
        "containerInsights",
    ),
)
