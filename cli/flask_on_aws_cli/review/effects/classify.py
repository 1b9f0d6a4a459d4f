"""The effect of a changed property and of a replaced or deleted resource."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from ...pulumi_engine import Options, Resource
from ...pulumi_engine.diff import parse_path
from ...pulumi_engine.model.values import Unknown, plain
from ..model import Effect
from ..values import Difference, json_value
from .property_rules import ANY_PROPERTY, REPLACED, REVISIONS, RULES, Rule, When
from .replacement import has_information, replaces

_TAGS = {"tags", "tagsAll"}
# Settings of the provider and the engine, which change nothing on AWS by themselves.
_NOT_ON_AWS = {
    *("applyImmediately", "skipFinalSnapshot", "finalSnapshotIdentifier", "forceDestroy", "forceDelete"),
    *("allowMajorVersionUpgrade", "waitForSteadyState", "recoveryWindowInDays", "deletionWindowInDays", "overwrite"),
    *("forceOverwriteReplicaSecret", "deleteAutomatedBackups", "skipDestroy", "trackLatest"),
}
_CACHES = ("aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/cluster:Cluster")
_WAITS = "It waits for the maintenance window, since applyImmediately is not set: "


class Verdict(NamedTuple):
    """What a changed property does."""

    effect: Effect
    notice: str
    replaces: bool


def ignored(options: Options, path: tuple[str, ...]) -> bool:
    """Whether the program ignores changes at this path."""
    for text in options.ignore_changes:
        parts = tuple(map(str, parse_path(text)))
        if text == "*" or path[: len(parts)] == parts:
            return True
    return False


def classify(resource: Resource, difference: Difference) -> Verdict:
    """What a difference of an existing resource does.

    Args:
        resource: the resource with its new inputs.
        difference: with a path that begins with a property.
    """
    path = difference.path
    if path[0] in _TAGS and resource.type.startswith("aws:"):
        return Verdict(Effect.IN_PLACE, "", False)
    forced = _is_forced(resource.options, path)
    exception = _depends_on_values(resource, difference)
    if exception is None:
        answers = [replaces(resource.type, leaf) for leaf in _leaves(path, difference)]
    else:
        answers = [exception]
    if forced or True in answers:
        revision = REVISIONS.get(resource.type)
        if revision:
            return Verdict(revision.effect, revision.notice, True)
        return Verdict(Effect.REPLACED, REPLACED.get(resource.type, ""), True)
    rule = RULES.get(resource.type, {}).get(path[0]) or ANY_PROPERTY.get(resource.type)
    if rule:
        return _applied(resource, rule)
    if None in answers:
        return Verdict(Effect.UNKNOWN, _unknown_notice(resource, path), False)
    return Verdict(Effect.NONE if path[0] in _NOT_ON_AWS else Effect.IN_PLACE, "", False)


def _depends_on_values(resource: Resource, difference: Difference) -> bool | None:
    """Whether the provider replaces the resource, where it decides by values; None for every other property.

    These are functions of the provider (CustomizeDiff), so they are not in its schema.
    """
    key = (resource.type, difference.path[0])
    if key == ("aws:ecs/service:Service", "capacityProviderStrategies"):
        # internal/service/ecs/service.go: replaces, unless a deployment is forced and both strategies have providers.
        is_whole = len(difference.path) == 1 and (difference.before is None or difference.after is None)
        return is_whole or plain(resource.inputs.get("forceNewDeployment")) is not True
    if key == ("aws:rds/cluster:Cluster", "storageType"):
        # internal/service/rds/cluster.go: only Aurora can change it.
        return not str(plain(resource.inputs.get("engine"))).startswith("aurora")
    if resource.type in _CACHES and difference.path == ("engineVersion",):
        # internal/service/elasticache/engine_version.go: ElastiCache cannot downgrade.
        return _version(difference.after) < _version(difference.before)
    return None


def _version(value: Any) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", str(value))]


def _unknown_notice(resource: Resource, path: tuple[str, ...]) -> str:
    if has_information(resource.type):
        return f"Whether a change of {path[0]} replaces the resource depends on its value; run `pulumi preview`."
    return f"There is no information about what a change of {resource.type} replaces; run `pulumi preview`."


def _applied(resource: Resource, rule: Rule) -> Verdict:
    """The rule's effect, or that it waits for the maintenance window."""
    if rule.when is When.WITH_APPLY_IMMEDIATELY and plain(resource.inputs.get("applyImmediately")) is not True:
        notice = rule.notice[0].lower() + rule.notice[1:]
        return Verdict(Effect.WAITS_FOR_WINDOW, f"{_WAITS}{notice}", False)
    return Verdict(rule.effect, rule.notice, False)


def _is_forced(options: Options, path: tuple[str, ...]) -> bool:
    """Whether the program's option replaceOnChanges names this path."""
    for text in options.replace_on_changes:
        parts = tuple(map(str, parse_path(text)))
        if text == "*" or path[: len(parts)] == parts or parts[: len(path)] == path:
            return True
    return False


def _leaves(path: tuple[str, ...], difference: Difference) -> Iterator[tuple[str, ...]]:
    """The paths of all values inside of the difference: the whole block is added or removed."""
    values = [_parsed(value) for value in (difference.before, difference.after)]
    leaves = dict.fromkeys(leaf for value in values for leaf in _paths(value, path))
    yield from leaves or (path,)


def _parsed(value: Any) -> Any:
    return json_value(value) if isinstance(value, str) else value


def _paths(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping) and value:
        for key, item in cast(Mapping[str, Any], value).items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(cast(list[Any], value)):
            yield from _paths(item, (*path, str(index)))
    elif value is not None and not isinstance(value, Unknown):
        yield path
