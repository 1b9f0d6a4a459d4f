"""What the program does not decide: traffic, stored data, hours. Zero unless a usage file sets it (`--usage`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml

from ..cost_model import ZERO, Assumption
from ..inputs.errors import ReviewError

MIN, MAX = "min", "max"
_RESOURCES, _PRICES = "resources", "prices"
_MOST_HOURS = 744  # of the longest month
_MOST = Decimal(10) ** 15  # above this, a figure is a mistake, and sums would lose cents


class Key(NamedTuple):
    """A figure that can be set."""

    meaning: str
    """With its unit, after the figure: `GB a month …`."""
    default: Decimal | str = ZERO
    is_range: bool = False
    """Whether the stack has limits, so that min, max, or a number between them is possible."""


KEYS: Mapping[str, Key] = {
    "hours": Key("hours in a month", Decimal(730)),
    "freeTier": Key("whether AWS's permanent free allowances of the account count: true or false", "false"),
    "tasks": Key("tasks of a service, between its limits of autoscaling", MIN, True),
    "extraTaskHours": Key("hours a month of further tasks of a service: release and one-off commands, rollouts"),
    "fargateSpotPercent": Key("percent of Fargate's price that Fargate Spot costs; it moves, so there is no default"),
    "lcu": Key("load balancer capacity units, on average"),
    "egressGb": Key("GB a month from a public load balancer to the internet"),
    "natGb": Key("GB a month through a NAT gateway"),
    "endpointGb": Key("GB a month through an interface endpoint"),
    "databaseStorageGb": Key("GB of a database's storage, between its limits of storage autoscaling", MIN, True),
    "databaseBackupGb": Key("GB of backups beyond the size of the database, which are free"),
    "databaseMillionIo": Key("million I/O requests a month of an Aurora or DocumentDB cluster"),
    "clusterStorageGb": Key("GB of an Aurora or DocumentDB cluster's storage"),
    "acu": Key("Aurora capacity units of an instance, on average, between the cluster's limits", MIN, True),
    "monitoringLogGb": Key("GB a month of a database's Enhanced Monitoring"),
    "cacheBackupGb": Key("GB of a cache's snapshots"),
    "cacheGb": Key("GB of data in a serverless cache, on average, above its minimum", MIN, True),
    "cacheMillionEcpu": Key("million ElastiCache processing units a month of a serverless cache"),
    "bucketGb": Key("GB in an S3 bucket"),
    "bucketWrites": Key("PUT, COPY, POST and LIST requests a month to an S3 bucket"),
    "bucketReads": Key("GET and other requests a month to an S3 bucket"),
    "imageGb": Key("GB of images in an ECR repository"),
    "logGb": Key("GB a month into a log group"),
    "logStoredGb": Key("GB in a log group, compressed"),
    "cdnGb": Key("GB a month from a CloudFront distribution to visitors"),
    "cdnRequests": Key("HTTPS requests a month to a CloudFront distribution"),
    "functionCalls": Key("calls a month of a CloudFront function"),
    "wafRequests": Key("requests a month that a web ACL inspects"),
    "dnsQueries": Key("queries a month to a hosted zone, without aliases of AWS resources"),
    "secretRequests": Key("requests a month for a secret"),
    "kmsRequests": Key("requests a month with a KMS key"),
    "queueRequests": Key("requests a month to an SQS queue"),
    "emails": Key("emails a month of an SNS topic"),
    "invocations": Key("invocations a month of a schedule"),
    "lambdaRequests": Key("requests a month to a Lambda function"),
    "lambdaGbSeconds": Key("GB-seconds a month of a Lambda function"),
}
"""Key in a usage file → meaning. Each is for every resource of a kind, unless it is set for one resource."""


@dataclass
class Usage:
    """The figures of a usage file, with defaults for all others."""

    figures: Mapping[str, Decimal | str] = field(default_factory=dict[str, Decimal | str])
    resources: Mapping[str, Mapping[str, Decimal | str]] = field(default_factory=dict[str, Mapping[str, Decimal | str]])
    """Logical name → figures for this resource."""
    prices: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    _used: dict[tuple[str, str], Decimal | str] = field(default_factory=dict[tuple[str, str], Decimal | str])

    def get(self, key: str, resource: str = "") -> Decimal | str:
        """The figure for a resource, which counts as used from now on."""
        own = self.resources.get(resource, {})
        value = own[key] if key in own else self.figures.get(key, KEYS[key].default)
        self._used[key, resource if key in own else ""] = value
        return value

    def number(self, key: str, resource: str = "") -> Decimal:
        """The figure for a resource that is a number."""
        return Decimal(self.get(key, resource))

    def between(self, key: str, resource: str, least: Decimal, most: Decimal) -> Decimal:
        """The figure for a resource within its limits."""
        value = self.get(key, resource)
        if isinstance(value, str):
            return most if value == MAX else least
        return min(max(value, least), max(least, most))

    @property
    def free_tier(self) -> bool:
        """Whether AWS's permanent free allowances count."""
        return self.get("freeTier") == "true"

    def assumptions(self) -> list[Assumption]:
        """The figures that were used, in the order of KEYS."""
        order = list(KEYS)
        used = sorted(self._used.items(), key=lambda entry: (order.index(entry[0][0]), entry[0][1]))
        return [
            Assumption(key, value, KEYS[key].meaning, not resource and key not in self.figures, resource)
            for (key, resource), value in used
        ]


def read_usage(path: Path) -> Usage:
    """The figures of a usage file.

    Raises:
        ReviewError: if it cannot be read, or has a wrong key or value.
    """
    try:
        document: Any = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ReviewError(f"--usage: {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReviewError(f"--usage: {path} is not YAML: {' '.join(str(error).split())}.") from error
    if document is None:
        return Usage()
    entries = _mapping(document, str(path), "keys with figures, such as natGb: 100")
    figures = {key: value for key, value in entries.items() if key not in (_RESOURCES, _PRICES)}
    resources = _mapping(entries.get(_RESOURCES) or {}, _RESOURCES, "logical names with figures")
    prices = _mapping(entries.get(_PRICES) or {}, _PRICES, "items with prices in USD")
    return Usage(
        dict(_figures(figures, "")),
        {
            name: dict(_figures(_mapping(each, f"{_RESOURCES}.{name}", "figures"), f"{_RESOURCES}.{name}."))
            for name, each in resources.items()
        },
        {item: _number(f"{_PRICES}.{item}", value) for item, value in prices.items()},
    )


def _mapping(value: Any, name: str, content: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ReviewError(f"--usage: {name}: {value!r} is not a mapping; use {content}.")
    return {str(key): item for key, item in cast(dict[Any, Any], value).items()}


def _figures(entries: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Decimal | str]]:
    for name, value in entries.items():
        if name not in KEYS:
            raise ReviewError(f"--usage: {prefix}{name} is not a figure; use one of {', '.join(KEYS)}.")
        yield name, _figure(prefix + name, KEYS[name], value)


def _figure(name: str, key: Key, value: Any) -> Decimal | str:
    if key is KEYS["freeTier"]:
        if not isinstance(value, bool) or "." in name:
            raise ReviewError(f"--usage: {name}: {value!r} is not valid; use true or false, for the whole stack.")
        return str(value).lower()
    if key.is_range and value in (MIN, MAX):
        return str(value)
    number = _number(name, value, ", min or max" if key.is_range else "")
    if key is KEYS["hours"] and number > _MOST_HOURS:
        raise ReviewError(f"--usage: {name}: {value!r} is more than a month has; use a number up to {_MOST_HOURS}.")
    return number


def _number(name: str, value: Any, more: str = "") -> Decimal:
    """A number that is not negative; YAML's own floats would not be exact."""
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= _MOST:
        raise ReviewError(f"--usage: {name}: {value!r} is not valid; use a number that is not negative{more}.")
    return number
