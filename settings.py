"""The one reader of the configuration: text → typed, validated values, or every mistake at once.

`settings.yaml` documents each setting. A setting named `minTasks` there is the argument `min_tasks` of FlaskApp; one
row below says how its text is read. A setting that is not set is not passed on: the library's own default applies.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import pulumi
from pulumi.runtime import config as runtime_config

from components import FlaskAppArgs
from components._names import camel_case, snake_case
from components.flask_app_checks import problems
from components.setting_texts import is_set, plain

Reader = Callable[[str], Any]


class Settings(NamedTuple):
    """What the program needs to know."""

    name: str
    app: FlaskAppArgs


class SettingsError(pulumi.RunError):
    """Everything that is wrong with the configuration, one line each."""


def text(value: str) -> str:
    """Any text; a list or an object, which Pulumi hands over as JSON, is none."""
    if value.strip()[:1] in ("[", "{") and _parsed(value) is not None:
        raise ValueError(f"{value!r} must be a text.")
    return value


def number(value: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"-?\d+", value.strip()):
        raise ValueError(f"{value!r} must be a whole number.")
    return int(value)


def flag(value: str) -> bool:
    """true or false."""
    if value.lower() not in ("true", "false"):
        raise ValueError(f"{value!r} must be true or false.")
    return value.lower() == "true"


def texts(value: str) -> list[str]:
    """A list of texts, as YAML or JSON gives it."""
    items = _json(value, list, "a list, like [a, b]")
    if not all(isinstance(item, str) for item in items):
        raise ValueError(f"{value!r} must be a list of texts; put numbers and true or false in quotation marks.")
    return items


def numbers(value: str) -> list[int]:
    """A list of whole numbers."""
    return [number(str(item)) for item in _json(value, list, "a list of numbers, like [443, 587]")]


def mapping(value: str) -> dict[str, str]:
    """Names with texts."""
    items = _json(value, dict, "names with values, like {NAME: value}")
    wrong = [name for name, item in items.items() if not isinstance(item, str | int | float | bool)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must be a text or a number.")
    return {name: plain(item) for name, item in items.items()}


def objects(value: str) -> list[Mapping[str, Any]]:
    """A list of objects; names in camelCase become snake_case."""
    items = _json(value, list, "a list of objects")
    if not all(isinstance(item, dict) for item in items):
        raise ValueError(f"{value!r} must be a list of objects, like [{{name: office-hours, …}}].")
    return [{snake_case(key): item for key, item in entry.items()} for entry in items]


def containers(value: str) -> list[Mapping[str, Any]]:
    """A list of ECS container definitions, whose names stay as the ECS API writes them."""
    return _json(value, list, "a list of container definitions")


# Every setting, in the order of settings.yaml.
READERS: Mapping[str, Reader] = {
    "environment": text,
    "app": text,
    "image": text,
    "dockerfile": text,
    "pythonVersion": text,
    "systemPackages": texts,
    "builder": text,
    "architecture": text,
    "buildEnv": mapping,
    "rebuild": text,
    "imagesKept": number,
    "preflight": text,
    "repositoryName": text,
    "domain": text,
    "domainAliases": texts,
    "dns": text,
    "dnsReady": flag,
    "zoneId": text,
    "certificateArn": text,
    "cloudfrontOrigin": text,
    "vpcCidr": text,
    "zones": number,
    "egress": text,
    "flowLogs": flag,
    "vpcId": text,
    "publicSubnetIds": texts,
    "privateSubnetIds": texts,
    "database": text,
    "databaseVersion": text,
    "databaseInstanceClass": text,
    "databaseStorageGib": number,
    "databaseMaxStorageGib": number,
    "databaseName": text,
    "databaseUsername": text,
    "databaseBackupDays": number,
    "databaseBackupWindow": text,
    "databaseMaintenanceWindow": text,
    "databaseMultiAz": flag,
    "databaseSnapshot": text,
    "databaseApplyImmediately": flag,
    "databaseAllowMajorUpgrade": flag,
    "acceptDataLoss": texts,
    "allowDatabaseReplacement": flag,
    "databaseUrlScheme": text,
    "databaseUrlQuery": text,
    "databaseHost": text,
    "databasePort": number,
    "databaseServerSecurityGroupId": text,
    "databaseServerSecretArn": text,
    "databaseSetupImage": text,
    "bucket": text,
    "bucketVersioned": flag,
    "allowedCidrs": texts,
    "desyncMitigation": text,
    "accessLogs": flag,
    "deletionProtection": flag,
    "keepData": flag,
    "clusterArn": text,
    "clusterName": text,
    "listenerArn": text,
    "loadBalancerSecurityGroupId": text,
    "loadBalancerDnsName": text,
    "loadBalancerZoneId": text,
    "loadBalancerArnSuffix": text,
    "listenerPriority": number,
    "listenerPaths": texts,
    "cpu": number,
    "memory": number,
    "minTasks": number,
    "maxTasks": number,
    "scaleCpuPercent": number,
    "scaleMemoryPercent": number,
    "scaleRequestsPerMinute": number,
    "schedules": objects,
    "port": number,
    "healthCheckPath": text,
    "startupSeconds": number,
    "releaseCommand": text,
    "releaseSeconds": number,
    "startCommand": text,
    "workers": mapping,
    "enableExec": flag,
    "spotShare": number,
    "logRetentionDays": number,
    "env": mapping,
    "secrets": mapping,
    "previousSecretKey": text,
    "overrideEnv": texts,
    "compat": texts,
    "debug": flag,
    "gitBranch": text,
    "policyArns": mapping,
    "permissionsBoundary": text,
    "outboundPorts": numbers,
    "readOnlyRoot": flag,
    "writablePaths": texts,
    "sidecars": containers,
    "caCertificates": text,
    "containerInsights": flag,
    "alarms": flag,
    "alarmEmail": text,
    "monthlyBudgetUsd": number,
}
# Read as secrets: their values are encrypted in the stack's file and its state.
SECRETS = ("buildSecrets", "secretValues")


def load(config: pulumi.Config, project: str, stack: str) -> Settings:
    """Read and check everything.

    Raises:
        SettingsError: naming every setting that is wrong, its value and the way out.
    """
    found: list[str] = []
    args = cast(FlaskAppArgs, dict(_read_all(config, found)))
    args.setdefault("repository_name", _repository_name(project, stack))
    name = config.get("name") or "app"
    if not found:
        found += [f"{setting_name(problem.argument)}: {problem.reason}" for problem in problems(name, args)]
    found += _unknown(config)
    if found:
        raise SettingsError("The configuration of this stack needs a correction:\n  - " + "\n  - ".join(found))
    return Settings(name, args)


def _read_all(config: pulumi.Config, found: list[str]) -> Iterator[tuple[str, Any]]:
    for key, read in READERS.items():
        given = config.get(key)
        if given is None or not is_set(key, given):
            continue
        try:
            yield snake_case(key), read(given)
        except ValueError as error:
            found.append(f"{key}: {error}")
    for key in SECRETS:
        try:
            names = mapping(config.get(key) or "{}")
        except ValueError:  # the value is not repeated: it is a secret
            found.append(
                f"{key}: must be names with values; set one with: pulumi config set --secret --path {key}.NAME"
            )
            continue
        yield snake_case(key), {name: pulumi.Output.secret(value) for name, value in names.items()}


def _unknown(config: pulumi.Config) -> Iterator[str]:
    """Settings of this project that nobody reads: a typing error would otherwise be silent."""
    known = {*READERS, *SECRETS, "name"}
    for full_key in sorted(runtime_config.CONFIG.get() or runtime_config.get_config_env()):
        namespace, _, key = full_key.partition(":")
        if namespace == config.name and key not in known:
            yield f"{key}: is not a setting; see docs/settings.md for their names."


def _repository_name(project: str, stack: str) -> str:
    """A name that ECR accepts and that stays the same, so that an image already pushed is found again."""
    return re.sub(r"[^a-z0-9]+", "-", f"{project}-{stack}".lower()).strip("-")


def _json(value: str, kind: type[Any], what: str) -> Any:
    parsed = _parsed(value)
    if not isinstance(parsed, kind):
        raise ValueError(f"{value!r} must be {what}.")
    return parsed


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return None


def setting_name(path: str) -> str:
    """`min_tasks` → `minTasks`, also as the start of a path (`secret_values.NAME`)."""
    head, dot, tail = path.partition(".")
    return camel_case(head) + dot + tail
