"""Checks of a database's arguments against what RDS accepts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..runtime_contract.database_url import URLS
from ..validation.problems import Problem
from ..validation.references import kms_key_problems
from ..validation.values import name_problems, range_problems
from .engines import ALL_ENGINES, EngineProfile

# gp3: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
LEAST_STORAGE_GIB = 20
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
_MONITORING_INTERVALS = (0, 1, 5, 10, 15, 30, 60)

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
_SNAPSHOT = re.compile(
    r"(?:arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:snapshot:)?(?:rds:)?[a-zA-Z](?:[a-zA-Z0-9-]{0,253}[a-zA-Z0-9])?"
)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_QUERY = re.compile(r"[\w.-]+=[^\s&#?]*(?:&[\w.-]+=[^\s&#?]*)*", re.ASCII)

_DAY_SECONDS = 86_400  # this library's limit: a longer timeout is probably a mistaken unit
_HOUR, _DAY, _WEEK = 60, 24 * 60, 7 * 24 * 60  # in minutes
_SHORTEST_WINDOW = 30  # minutes; RDS rejects shorter ones
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_BACKUP = re.compile(rf"{_TIME}-{_TIME}")
_MAINTENANCE = re.compile(rf"({'|'.join(_DAYS)}):{_TIME}-({'|'.join(_DAYS)}):{_TIME}")


def server_problems(args: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the arguments that servers of every kind have; `args` include the defaults."""
    for argument in ("kms_key_id", "login_kms_key_id", "log_kms_key_id"):
        yield from kms_key_problems(argument, args.get(argument))
    for role in args["client_security_group_ids"]:
        yield from name_problems("client_security_group_ids", role)
    yield from window_problems(args["backup_window"], args["maintenance_window"])


def shared_problems(args: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the arguments that instances and clusters of RDS have; `args` include the defaults."""
    yield from server_problems(args)
    interval = args["monitoring_interval"]
    if isinstance(interval, bool) or interval not in _MONITORING_INTERVALS:
        choices = ", ".join(map(str, _MONITORING_INTERVALS))
        yield Problem("monitoring_interval", f"{interval!r} is not one of {choices} seconds.")
    yield from range_problems("slow_query_ms", args["slow_query_ms"], -1, _DAY_SECONDS * 1000, "milliseconds")
    for argument in ("idle_transaction_seconds", "lock_timeout_seconds", "statement_timeout_seconds"):
        yield from range_problems(argument, args[argument], 0, _DAY_SECONDS, "seconds")


def version_problems(argument: str, version: str, profile: EngineProfile) -> Iterator[Problem]:
    """A major version, or a full one, that RDS runs in standard support."""
    if profile.version.fullmatch(version) and profile.major(version) in profile.versions:
        return
    first, last = profile.versions[0], profile.versions[-1]
    versions = f"from {first} to {last}" if profile.major_parts == 1 else f"among {', '.join(profile.versions)}"
    newest = " (the newest minor version)" if profile.upgrades_itself else ""
    yield Problem(
        argument,
        f"{version!r} is not a version of {profile.title} {versions}, like {profile.default_version}{newest} or "
        f"{profile.example_version}.",
    )


def snapshot_problems(argument: str, value: str) -> Iterator[Problem]:
    """The name or the ARN of a snapshot; automatic ones begin with `rds:`."""
    if not _SNAPSHOT.fullmatch(value) or "--" in value:
        yield Problem(argument, f"{value!r} is neither the name nor the ARN of a snapshot of RDS, like app-before-2-0.")


def identifier_problems(argument: str, value: str, longest: int, profile: EngineProfile) -> Iterator[Problem]:
    """A name of a database or of its owner that neither RDS nor the engine reserves."""
    if not _IDENTIFIER.fullmatch(value):
        yield Problem(
            argument, f"{value!r} must be lower-case letters, digits and underscores, and start with a letter."
        )
    elif len(value) > longest:
        yield Problem(argument, f"{value!r} has {len(value)} characters; {profile.title} allows at most {longest}.")
    elif profile.reserved.fullmatch(value):
        yield Problem(argument, f"{value!r} is reserved by RDS or {profile.title}; choose another name, like app.")


def url_problems(engine: str, scheme: str, query: str) -> Iterator[Problem]:
    """Scheme and query of DATABASE_URL, of a Flask app's arguments."""
    url = URLS[engine]
    if not url.schemes.fullmatch(scheme):
        yield Problem(
            "database_url_scheme", f"{scheme!r} is not a scheme of {ALL_ENGINES[engine].title}; use {url.example}."
        )
    if query and not _QUERY.fullmatch(query):
        yield Problem("database_url_query", f"{query!r} is not the query of a URL, like {url.query_example}.")


def storage_problems(storage_gib: int, max_storage_gib: int) -> Iterator[Problem]:
    """A limit that leaves RDS room to increase the storage, or 0. Both numbers are known to be within their ranges."""
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html: at least 10 % more.
    least = -(-storage_gib * 11 // 10)
    if max_storage_gib and max_storage_gib < least:
        yield Problem(
            "max_storage_gib",
            f"{max_storage_gib!r} is less than 10 % above storage_gib {storage_gib}; "
            f"use at least {least}, or 0 for storage that does not grow.",
        )


def window_problems(backup_window: str, maintenance_window: str) -> Iterator[Problem]:
    """The daily backup window and the weekly maintenance window, in UTC: well formed, long enough and not overlapping."""
    backup, maintenance = _backup_minutes(backup_window), _maintenance_minutes(maintenance_window)
    if backup is None:
        yield Problem("backup_window", f"{backup_window!r} is not a daily window in UTC, like 03:00-04:00.")
    elif backup[1] < _SHORTEST_WINDOW:
        yield Problem("backup_window", _too_short(backup_window, backup[1]))
    if maintenance is None:
        yield Problem(
            "maintenance_window", f"{maintenance_window!r} is not a weekly window in UTC, like sun:04:30-sun:05:30."
        )
    elif maintenance[1] < _SHORTEST_WINDOW:
        yield Problem("maintenance_window", _too_short(maintenance_window, maintenance[1]))
    if backup and maintenance and _overlap(backup, maintenance):
        yield Problem(
            "maintenance_window",
            f"{maintenance_window!r} overlaps the daily backup window {backup_window}; choose windows that do not overlap.",
        )


def _too_short(window: str, minutes: int) -> str:
    return f"{window!r} lasts {minutes} minutes; use at least {_SHORTEST_WINDOW}, RDS's minimum."


def _backup_minutes(window: str) -> tuple[int, int] | None:
    """Start, in minutes after midnight, and length of a daily window, which may go past midnight."""
    match = _BACKUP.fullmatch(window)
    if match is None:
        return None
    start, end = _minutes(match[1], match[2]), _minutes(match[3], match[4])
    return start, (end - start) % _DAY


def _maintenance_minutes(window: str) -> tuple[int, int] | None:
    """Start, in minutes after Monday's midnight, and length of a weekly window, which may go past Sunday."""
    match = _MAINTENANCE.fullmatch(window)
    if match is None:
        return None
    start = _DAYS.index(match[1]) * _DAY + _minutes(match[2], match[3])
    end = _DAYS.index(match[4]) * _DAY + _minutes(match[5], match[6])
    return start, (end - start) % _WEEK


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * _HOUR + int(minutes)


def _overlap(backup: tuple[int, int], maintenance: tuple[int, int]) -> bool:
    """Whether one begins within the other, on any day of a week that wraps around."""
    (backup_start, backup_length), (start, length) = backup, maintenance
    backup_starts = [day * _DAY + backup_start for day in range(len(_DAYS))]
    return any((start - other) % _WEEK < backup_length or (other - start) % _WEEK < length for other in backup_starts)
