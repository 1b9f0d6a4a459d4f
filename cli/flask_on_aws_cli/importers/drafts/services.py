"""Databases and caches of other platforms as settings."""

import re
from collections.abc import Iterable

from flask_on_aws.database.engines import ALL_ENGINES

from ..reading.source import Place
from .draft import Draft

_JOBS = re.compile(r"\b(?:celery|rq|rqworker|dramatiq|huey|huey_consumer|arq|flower)\b")


def set_database(draft: Draft, engine: str, version: str, place: Place) -> None:
    """Choose the engine of the database, and its version if the source names one."""
    draft.put("database", engine, place)
    versions = ALL_ENGINES[engine].versions
    service = "DocumentDB" if engine == "documentdb" else "RDS"
    number = re.match(r"\d+(?:\.\d+)?", version)
    if not number:
        return
    minimum = _key(number[0]) if "." in versions[0] else _key(number[0])[:1]
    choice = next((item for item in versions if _key(item) >= minimum), versions[-1])
    if choice == ALL_ENGINES[engine].default_version:
        note = "" if _key(choice) == minimum else f"the source has {number[0]}, which {service} does not offer"
        draft.carry(place, "databaseVersion", f"{choice} is the default{f' ({note})' if note else ''}")
        return
    note = "" if _key(choice) == minimum else f"{service} does not offer {number[0]} in standard support"
    draft.put("databaseVersion", choice, place, note)


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def set_cache_use(draft: Draft, commands: Iterable[str], place: Place) -> None:
    """A cache in which workers keep their jobs must not evict them."""
    if draft.values.get("cache") == "valkey" and any(_JOBS.search(command) for command in commands):
        draft.put("cacheUse", "queue", place, "the workers keep their jobs in it")


def without_services(draft: Draft, place: Place, reason: str) -> None:
    """Turn off the services that a stack has by default and the source does not name."""
    for setting in ("database", "bucket"):
        if setting not in draft.values:
            draft.put(setting, "none", place, reason)
