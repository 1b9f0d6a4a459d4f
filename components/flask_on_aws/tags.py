"""The tags that a component's resources get, whatever takes tags, and what AWS would reject of them."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi

from .validation.problems import Problem

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html: what all services take
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_MARKS = "+-=._:/@"
# RDS reserves its own prefix as AWS its, of keys and of values:
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
_RESERVED = ("aws:", "rds:")
OWN_PREFIX = "flask-on-aws:"
"""What the keys of the library's own tags start with, which its guards read."""
# AWS's 50 of a resource, less what the library itself puts on one (the database's subnet group has the most) and a few
# for the provider's default tags.
MOST_TAGS = 40


def tag_problems(tags: Mapping[str, str], argument: str = "tags") -> Iterator[Problem]:
    """What AWS would reject of tags, one sentence each."""
    if len(tags) > MOST_TAGS:
        yield Problem(argument, f"{len(tags)} tags are too many; give at most {MOST_TAGS}, since AWS allows 50 in all.")
    first: dict[str, str] = {}
    for key, value in tags.items():
        path = f"{argument}.{key}"
        other = first.setdefault(key.casefold(), key)
        if other != key:  # IAM's keys are case-insensitive
            yield Problem(path, f"{key!r} differs from {other!r} in case alone, which IAM does not allow; keep one.")
        if not key:
            yield Problem(path, "the key '' is empty; give it a name.")
        yield from _prefix_problems(path, key, value)
        yield from _text_problems(path, "key", key, _LONGEST_KEY)
        yield from _text_problems(path, "value", value, _LONGEST_VALUE)


def _prefix_problems(path: str, key: str, value: str) -> Iterator[Problem]:
    for prefix in (*_RESERVED, OWN_PREFIX):
        if key.casefold().startswith(prefix):
            yield Problem(path, f"the key {key!r} starts with {prefix!r}, which is reserved; choose another key.")
    for prefix in _RESERVED:
        if value.casefold().startswith(prefix):
            yield Problem(path, f"the value {value!r} starts with {prefix!r}, which is reserved; choose another value.")


def _text_problems(path: str, what: str, text: str, longest: int) -> Iterator[Problem]:
    wrong = next((character for character in text if not _is_allowed(character)), None)
    if wrong is not None:
        yield Problem(
            path, f"{wrong!r} is not allowed in the {what} {text!r}; use letters, digits, spaces and any of {_MARKS}."
        )
    elif text != text.strip():  # some services cut it off, and every update would then put it back
        yield Problem(path, f"the {what} {text!r} starts or ends with a space; remove it.")
    elif len(text) > longest:
        yield Problem(path, f"the {what} {text!r} has {len(text)} characters; AWS allows {longest}, so shorten it.")


def _is_allowed(character: str) -> bool:
    r"""AWS's pattern is `[\p{L}\p{Z}\p{N}_.:/=+\-@]`."""
    return character in _MARKS or unicodedata.category(character)[0] in "LNZ"


def with_tags(opts: pulumi.ResourceOptions | None, tags: Mapping[str, str]) -> pulumi.ResourceOptions | None:
    """Options with which a component's children have these tags; a resource's own tags win over them."""
    if not tags:
        return opts

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        given = cast(Mapping[str, Any], args.props)
        # The SDK names every input of a resource, those without a value too. An image's tags are names.
        if "tags" not in given or not args.type_.startswith("aws:"):
            return None
        return pulumi.ResourceTransformationResult({**given, "tags": _merged(tags, given["tags"])}, args.opts)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[add]))


def _merged(tags: Mapping[str, str], own: Any) -> Any:
    if own is None:
        return dict(tags)
    if isinstance(own, Mapping):
        return {**tags, **cast(Mapping[str, Any], own)}
    later: pulumi.Output[Mapping[str, str] | None] = pulumi.Output.from_input(own)
    return later.apply(lambda known: {**tags, **(known or {})})
