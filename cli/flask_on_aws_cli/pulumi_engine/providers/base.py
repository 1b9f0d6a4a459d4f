"""What a type of resource must be able to do so that the engine can apply it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from botocore.exceptions import ClientError

from ..aws import Aws

Json = Mapping[str, Any]
# The tag by which a resource without a name of its own is found again when its creation was interrupted.
MARK = "flask-on-aws:created-as"
_TAGS = {"tags", "tagsAll"}


@dataclass(frozen=True)
class Call:
    """One operation on one resource. All values are plain: secrets are open, nothing is unknown."""

    aws: Aws
    root: Path
    """The program's folder, to which its paths are relative."""
    name: str
    """The physical name, or, for what has none, the mark of its creation."""
    inputs: Json
    id: str = ""
    old: Json = field(default_factory=dict[str, Any])
    """The inputs before, at an update."""
    outputs: Json = field(default_factory=dict[str, Any])
    """The outputs before."""

    @property
    def tags(self) -> dict[str, str]:
        """The resource's tags, the default tags among them."""
        return {key: str(value) for key, value in self.inputs.get("tagsAll", {}).items()}

    def changed(self, *properties: str) -> bool:
        """Whether an update concerns one of these inputs."""
        return any(self.inputs.get(name) != self.old.get(name) for name in properties)


@dataclass(frozen=True)
class Provider:
    """The operations of a type."""

    create: Callable[[Call], str]
    """Creates it and returns its id."""
    read: Callable[[Call], Json | None]
    """The outputs beyond the inputs, or None if it is not there."""
    delete: Callable[[Call], None]
    """Deletes it; that it is gone already is no error."""
    update: Callable[[Call], None] | None = None
    """Changes it in place; without this every change replaces it."""
    find: Callable[[Call], str | None] | None = None
    """The id of what an interrupted creation with this name and these inputs left, if it left anything. Without this,
    creating again does no harm."""
    replace_on: frozenset[str] = frozenset()
    """Inputs whose change replaces it."""
    only_tags_change: bool = False
    """Whether its tags are all that `update` can change: any other change replaces it."""
    delete_first: bool = False
    """Whether two of them cannot be there at once."""
    tagged: bool = False
    """Whether it has `tags`, to which the default tags are added as `tagsAll`."""
    secret_outputs: frozenset[str] = frozenset()

    def fixed(self, inputs: Iterable[str]) -> frozenset[str]:
        """The inputs whose change replaces it; `inputs` are those that it has."""
        if self.update is None:
            return frozenset(inputs)
        return frozenset(inputs) - _TAGS if self.only_tags_change else self.replace_on


def found(error: ClientError, *codes: str) -> bool:
    """Whether an error is one of these of AWS's codes."""
    return cast(Any, error).response.get("Error", {}).get("Code", "") in codes


def unless_gone(codes: tuple[str, ...], action: Callable[[], Any]) -> Any:
    """Do something to a resource; None if AWS says by one of these codes that there is none."""
    try:
        return action()
    except ClientError as error:
        if found(error, *codes):
            return None
        raise


def find_by(name_to_id: Callable[[Call], str], read: Callable[[Call], Json | None]) -> Callable[[Call], str | None]:
    """A `find` for what is read by an id that its name decides."""

    def find(call: Call) -> str | None:
        wanted = name_to_id(call)
        return wanted if read(replace(call, id=wanted)) is not None else None

    return find


def again(create: Callable[[Call], str]) -> Callable[[Call], None]:
    """An `update` for what is put as a whole, over what is there."""

    def update(call: Call) -> None:
        create(call)

    return update


def name_of(call: Call) -> str:
    """The id of what is known by its name."""
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
    """The arguments that are not None: boto3 takes no None."""
    return {key: value for key, value in values.items() if value is not None}


def key_values(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as a list of keys with values."""
    return [{key: name, value: text} for name, text in sorted(tags.items())]
