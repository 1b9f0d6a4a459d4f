"""The resources of a stack, and which of them a value refers to.

A value refers to another resource by a reference such as `${Vpc app-network.id}`, if the program was only evaluated, or
by the actual id, ARN or address, if the stack exists.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, cast

# The same form as in `pulumi_engine.model.references`, which cannot be imported here: it needs Pulumi.
_REFERENCE = re.compile(r"\$\{(\w+) ([^{}]+)\.\w+\}")
_WORD = re.compile(r"[\w.:/+=@-]+")
_ENDS = re.compile(r"[:/@]+")
_SHORTEST = 4  # characters of an actual id
# Outputs that identify a resource. Others repeat its inputs, such as the VPC's id.
_IDENTITIES = (
    "id",
    "arn",
    "address",
    "bucketDomainName",
    "bucketRegionalDomainName",
    "configurationEndpointAddress",
    "dnsName",
    "domainName",
    "endpoint",
    "keyId",
    "primaryEndpointAddress",
    "readerEndpoint",
    "readerEndpointAddress",
    "replicationGroupId",
    "repositoryUrl",
    "url",
)
# Types whose name is what others refer to, also if the program sets it.
_NAMED = ("iam/role:Role", "logGroup:LogGroup", "ssm/parameter:Parameter", "repository:Repository", "ubnetGroup")


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource of the stack."""

    urn: str
    type: str
    name: str
    """Logical name."""
    inputs: Mapping[str, Any]
    """Plain values; None for values that are not known."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Actual outputs and `id`; empty if the resource does not exist."""
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Input → URNs of the resources that its value comes from."""

    @property
    def service(self) -> str:
        """The service in its type: `ec2`."""
        return self.type.partition(":")[2].partition(":")[0].partition("/")[0]

    @property
    def last_type(self) -> str:
        """The last part of its type: `Vpc`."""
        return self.type.rpartition(":")[2]

    def text(self, name: str) -> str:
        """An input as text, empty if it is not set or not known; a reference counts as not known."""
        return text_of(self.inputs.get(name))

    def number(self, name: str) -> float | None:
        """An input that is a number, which some types write as text."""
        try:
            return float(self.text(name))
        except ValueError:
            return None


class Resources:
    """All resources of a stack."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._all = [resource for resource in resources if resource.type.startswith("aws:")]
        self._by_urn = {resource.urn: resource for resource in self._all}
        self._named: dict[tuple[str, str], list[Resource]] = {}
        self._identified: dict[str, list[Resource]] = {}
        for resource in self._all:
            self._named.setdefault((resource.last_type, resource.name), []).append(resource)
            for identity in _identities(resource):
                self._identified.setdefault(identity, []).append(resource)
        self._referred: dict[tuple[str, str], list[Resource]] = {}
        self._users: dict[str, list[Resource]] | None = None

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    def get(self, urn: str) -> Resource | None:
        """The resource with a URN."""
        return self._by_urn.get(urn)

    def of_type(self, *ends: str) -> list[Resource]:
        """The resources with one of these types, such as `ec2/vpc:Vpc`."""
        return [resource for resource in self._all if resource.type.endswith(ends)]

    def in_value(self, value: Any, user: Resource, name: str) -> list[Resource]:
        """The resources that a value refers to, in the order of the value, each once.

        Args:
            value: a part of an input.
            user: the resource with the input.
            name: the name of the input.
        """
        found: dict[Resource, None] = {}
        for text in _texts(value):
            for candidates in self._in_text(text):
                found |= dict.fromkeys(_nearest(candidates, user, name))
        return list(found)

    def referred(self, resource: Resource, *names: str) -> list[Resource]:
        """The resources that inputs of a resource refer to; without names, all of its inputs."""
        found: dict[Resource, None] = {}
        for name in names or sorted(resource.inputs.keys() | resource.dependencies.keys()):
            key = (resource.urn, name)
            if key not in self._referred:
                self._referred[key] = self._of_input(resource, name)
            found |= dict.fromkeys(self._referred[key])
        return list(found)

    def users(self, resource: Resource) -> list[Resource]:
        """The resources with an input that refers to a resource."""
        if self._users is None:
            self._users = {}
            for user in self._all:
                for each in self.referred(user):
                    self._users.setdefault(each.urn, []).append(user)
        return self._users.get(resource.urn, [])

    def _of_input(self, resource: Resource, name: str) -> list[Resource]:
        value = resource.inputs.get(name)
        found = [each for each in self.in_value(value, resource, name) if each.urn != resource.urn]
        if found or value is not None:
            return found
        urns = resource.dependencies.get(name, ())
        return [self._by_urn[urn] for urn in urns if urn in self._by_urn]

    def _in_text(self, text: str) -> Iterator[list[Resource]]:
        """For each part of a text that refers to a resource, those that it can be."""
        for kind, name in _REFERENCE.findall(text):
            yield self._named.get((kind, name), [])
        if self._identified:
            for word in _WORD.findall(text):
                yield from self._in_word(word)

    def _in_word(self, word: str) -> Iterator[list[Resource]]:
        """The resources in a word such as an ARN with a suffix, or a URL."""
        candidates = [word, *(word[: match.start()] for match in _ENDS.finditer(word)), *_ENDS.split(word)]
        for candidate in dict.fromkeys(candidates):
            yield self._identified.get(candidate.rstrip("."), [])


def text_of(value: Any) -> str:
    """A text or number as text; empty for references and everything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return "" if "${" in text else text


def _nearest(candidates: list[Resource], user: Resource, name: str) -> list[Resource]:
    """Those of several resources with the same type and name, in different components, that an input refers to.

    They are those that its value comes from; without that information, those of the nearest component.
    """
    kinds = {each.type for each in candidates}
    if len(candidates) == len(kinds):
        return candidates
    dependencies = user.dependencies.get(name, ())
    exact = [each for each in candidates if each.urn in dependencies]
    if exact:
        return exact
    shared = {each: _shared_parents(each, user) for each in candidates}
    return [each for each in candidates if shared[each] == max(shared.values())]


def _shared_parents(first: Resource, second: Resource) -> int:
    """How many of their outer components have the same types."""
    pairs = zip(_parents(first), _parents(second), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _parents(resource: Resource) -> list[str]:
    """The types of its components, as its URN has them."""
    return resource.urn.split("::")[2].split("$")[:-1]


def documents(value: Any) -> Any:
    """A value with JSON in texts decoded."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def entries(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list, or the one object."""
    items = cast(list[Any], value) if isinstance(value, list) else [value]
    return [cast(Mapping[str, Any], item) for item in items if isinstance(item, Mapping)]


def _identities(resource: Resource) -> Iterator[str]:
    values = [resource.outputs.get(name) for name in _IDENTITIES]
    if resource.type.endswith(_NAMED):
        values += [resource.outputs.get("name"), resource.text("name")]
    for value in values:
        if isinstance(value, str) and len(value) >= _SHORTEST:
            yield value.split("://")[-1] if "://" in value else value


def _texts(value: Any) -> Iterator[str]:
    value = documents(value)
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast(Mapping[str, Any], value).values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _texts(item)
