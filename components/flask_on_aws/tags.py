"""The tags of a component's resources, and checks for tags that AWS would reject."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi

from .validation.problems import Problem

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html: what all services accept
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_MARKS = "+-=._:/@"
# Like AWS, RDS reserves its prefix, for keys and for values:
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
_RESERVED = ("aws:", "rds:")
LIBRARY_PREFIX = "flask-on-aws:"
"""Prefix of the library's tags, which its guards read."""
# AWS's 50 for a resource, less the library's own tags (the database's subnet group has the most) and a few for the
# provider's default tags.
MOST_TAGS = 40


def tag_problems(tags: Mapping[str, str], argument: str = "tags") -> Iterator[Problem]:
    """Tags that AWS would reject, one sentence each."""
    if len(tags) > MOST_TAGS:
        yield Problem(
            argument, f"{len(tags)} tags are too many; use at most {MOST_TAGS}, since AWS allows 50 in total."
        )
    first: dict[str, str] = {}
    for key, value in tags.items():
        path = f"{argument}.{key}"
        other = first.setdefault(key.casefold(), key)
        if other != key:  # IAM's keys are case-insensitive
            yield Problem(path, f"{key!r} differs from {other!r} only in case, which IAM does not allow; keep one.")
        if not key:
            yield Problem(path, "the key '' is empty; give it a name.")
        yield from _prefix_problems(path, key, value)
        yield from _text_problems(path, "key", key, _LONGEST_KEY)
        yield from _text_problems(path, "value", value, _LONGEST_VALUE)


def _prefix_problems(path: str, key: str, value: str) -> Iterator[Problem]:
    for prefix in (*_RESERVED, LIBRARY_PREFIX):
        if key.casefold().startswith(prefix):
            yield Problem(path, f"the key {key!r} starts with {prefix!r}, which is reserved; choose another key.")
    for prefix in _RESERVED:
        if value.casefold().startswith(prefix):
            yield Problem(path, f"the value {value!r} starts with {prefix!r}, which is reserved; choose another value.")


def _text_problems(path: str, part: str, text: str, longest: int) -> Iterator[Problem]:
    forbidden = next((character for character in text if not _is_allowed(character)), None)
    if forbidden is not None:
        yield Problem(
            path,
            f"{forbidden!r} is not allowed in the {part} {text!r}; use letters, digits, spaces and any of {_MARKS}.",
        )
    elif text != text.strip():  # some services trim it, and every update would then restore it
        yield Problem(path, f"the {part} {text!r} starts or ends with a space; remove it.")
    elif len(text) > longest:
        yield Problem(path, f"the {part} {text!r} has {len(text)} characters; AWS allows {longest}, so shorten it.")


def _is_allowed(character: str) -> bool:
    r"""AWS's pattern is `[\p{L}\p{Z}\p{N}_.:/=+\-@]`."""
    return character in _MARKS or unicodedata.category(character)[0] in "LNZ"


def with_tags(opts: pulumi.ResourceOptions | None, tags: Mapping[str, str]) -> pulumi.ResourceOptions | None:
    """Options with which a component's children have these tags; a resource's own tags take precedence."""
    if not tags:
        return opts

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        props = cast(Mapping[str, Any], args.props)
        # The SDK lists every input of a resource, also those without a value. An image's tags are names.
        if "tags" not in props or not args.type_.startswith("aws:"):
            return None
        return pulumi.ResourceTransformationResult({**props, "tags": _merged(tags, props["tags"])}, args.opts)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[add]))


def _merged(tags: Mapping[str, str], resource_tags: Any) -> Any:
    if resource_tags is None:
        return dict(tags)
    if isinstance(resource_tags, Mapping):
        return {**tags, **cast(Mapping[str, Any], resource_tags)}
    later: pulumi.Output[Mapping[str, str] | None] = pulumi.Output.from_input(resource_tags)
    return later.apply(lambda value: {**tags, **(value or {})})
