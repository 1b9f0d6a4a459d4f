"""Which changes replace a resource, by the AWS provider's own information.

`force_new.json` has the paths of each type for which the provider plans a replacement; `cli/force_new.py` writes it. A
type that replaces on every change, such as a task definition, has all of its paths in it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, cast

from .terraform_names import RENAMED, matches, terraform_type

# The random provider replaces a value for every input that changes.
_RANDOM = "random:"
# Resources of a program that nothing on AWS stands for.
_WITHOUT_AWS = ("docker", "pulumi:")
# The region of a resource, which the probed provider 5 does not have as an argument.
_REGION = "region"
_PACKAGE = "flask_on_aws_cli.review.effects"


@cache
def _data() -> Mapping[str, Any]:
    return cast(Mapping[str, Any], json.loads(resources.files(_PACKAGE).joinpath("force_new.json").read_text("utf-8")))


def provider_version() -> str:
    """The provider that planned the changes: `hashicorp/aws 5.100.0`."""
    return str(_data()["provider"])


def has_information(type_token: str) -> bool:
    """Whether it is known what a change of this type replaces."""
    if type_token.startswith((_RANDOM, *_WITHOUT_AWS)):
        return True
    return terraform_type(type_token) in _data()["types"]


def replaces(type_token: str, path: Sequence[str]) -> bool | None:
    """Whether a change at a property path replaces a resource; None if that is not known."""
    if type_token.startswith(_RANDOM):
        return True
    if type_token.startswith(_WITHOUT_AWS):
        return False
    path = (RENAMED.get(type_token, {}).get(path[0], path[0]), *path[1:])
    kind = terraform_type(type_token)
    entry = _data()["types"].get(kind)
    if entry is None:
        return None
    if path[0] == _REGION or any(matches(path, name) for name in entry["replaces"]):
        return True
    return None if any(matches(path, name) for name in entry.get("not_probed", ())) else False
