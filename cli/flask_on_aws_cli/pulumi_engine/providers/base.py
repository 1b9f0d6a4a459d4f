"""The operations that a resource type needs so that the engine can apply it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from ..aws import Aws

Json = Mapping[str, Any]
# The tag that identifies a resource without a physical name if its creation was interrupted.
MARK = "flask-on-aws:created-as"
_TAGS = {"tags", "tagsAll"}


@dataclass(frozen=True)
class Call:
    """One operation on one resource. All values are plain: no `Secret` and nothing unknown."""

    aws: Aws
    root: Path
    """The program's folder, which its relative paths start from."""
    name: str
    """The physical name; for a resource without one, the value of its tag `MARK`."""
    inputs: Json
    id: str = ""
    old: Json = field(default_factory=dict[str, Any])
    """In an update, the inputs before it."""
    outputs: Json = field(default_factory=dict[str, Any])
    """The outputs before the operation."""

    @property
    def tags(self) -> dict[str, str]:
        """The resource's tags, including the default tags."""
        return {key: str(value) for key, value in self.inputs.get("tagsAll", {}).items()}

    @property
    def removed_tags(self) -> list[str]:
        """In an update, the sorted keys of the tags that the resource no longer has."""
        return sorted(self.old.get("tagsAll", {}).keys() - self.tags.keys())

    def changed(self, *properties: str) -> bool:
        """Whether an update changes any of these inputs."""
        return any(self.inputs.get(name) != self.old.get(name) for name in properties)


@dataclass(frozen=True)
class Provider:
    """The operations of a resource type."""

    create: Callable[[Call], str]
    """Creates the resource and returns its id."""
    read: Callable[[Call], Json | None]
    """Returns the outputs other than the inputs, or None if the resource does not exist."""
    delete: Callable[[Call], None]
    """Deletes the resource; does nothing if it no longer exists."""
    update: Callable[[Call], None] | None = None
    """Changes the resource in place. None: every change replaces it."""
    find: Callable[[Call], str | None] | None = None
    """Returns the id of the resource that an interrupted creation with this name and these inputs created, or None.
    Omitted if creating the resource a second time does no harm."""
    replace_on: frozenset[str] = frozenset()
    """Inputs whose change replaces the resource."""
    only_tags_change: bool = False
    """Whether `update` can change only the tags, so that any other change replaces the resource."""
    delete_first: bool = False
    """Whether the old resource must be deleted before its replacement can be created."""
    tagged: bool = False
    """Whether the type has `tags`, to which the default tags are added as `tagsAll`."""
    secret_outputs: frozenset[str] = frozenset()

    def immutable_inputs(self, inputs: Iterable[str]) -> frozenset[str]:
        """The inputs whose change replaces the resource; `inputs` are the names of its inputs."""
        if self.update is None:
            return frozenset(inputs)
        return frozenset(inputs) - _TAGS if self.only_tags_change else self.replace_on


def has_code(error: ClientError, *codes: str) -> bool:
    """Whether AWS's error has one of these codes."""
    return cast(Any, error).response.get("Error", {}).get("Code", "") in codes


def none_if_missing(codes: tuple[str, ...], action: Callable[[], Any]) -> Any:
    """The action's result, or None if AWS responds with one of these codes, which mean that the resource is missing."""
    try:
        return action()
    except ClientError as error:
        if has_code(error, *codes):
            return None
        raise


def find_by(name_to_id: Callable[[Call], str], read: Callable[[Call], Json | None]) -> Callable[[Call], str | None]:
    """A `find` for a type whose id is derived from its physical name."""

    def find(call: Call) -> str | None:
        resource_id = name_to_id(call)
        return resource_id if read(replace(call, id=resource_id)) is not None else None

    return find


def update_with(create: Callable[[Call], str]) -> Callable[[Call], None]:
    """An `update` for a type whose `create` overwrites the existing resource."""

    def update(call: Call) -> None:
        create(call)

    return update


def name_of(call: Call) -> str:
    """The id of a resource that is identified by its physical name."""
    return call.name


def pascal(value: Any) -> Any:
    """The same structure with every key's first letter in upper case, as most of AWS's APIs write them."""
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in entries.items() if item is not None}
    if isinstance(value, list):
        items = cast(list[Any], value)
        return [pascal(item) for item in items]
    return value


def present(**values: Any) -> dict[str, Any]:
    """The arguments that are not None; boto3 does not accept None."""
    return {key: value for key, value in values.items() if value is not None}


def key_values(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as a list of `{Key, Value}` objects."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]
