"""How a distribution serves the files of a bucket."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from ..validation.problems import Problem
from .cached_paths import CACHE_POLICY_ID, MOST_PATHS

_ORIGIN_ID = "media"
# GET and HEAD are also what CloudFront may cache.
_METHODS = ["GET", "HEAD"]
# A path pattern without wildcards, which is also the beginning of the keys: what needs no encoding in a URL (RFC 3986).
_PATH = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)+")
_LONGEST_PATH = 100
_NEEDED = ("media_bucket_domain_name", "media_origin_access_control_id", "media_response_headers_policy_id")


def media_problems(args: Mapping[str, Any], cached_paths: Sequence[str]) -> Iterator[Problem]:
    """What is wrong with a distribution's arguments about media files."""
    if "media_path" not in args:
        for argument in (*_NEEDED, "media_key_group_id"):
            if argument in args:
                yield Problem(argument, "It has no effect without media_path; give that too.")
        return
    for argument in _NEEDED:
        if argument not in args:
            yield Problem(argument, "must be given with media_path.")
    yield from media_path_problems("media_path", args["media_path"])
    yield from shared_path_problems("cached_paths", cached_paths, args["media_path"])


def media_path_problems(argument: str, path: str) -> Iterator[Problem]:
    """A path that is both a part of URLs and the beginning of keys."""
    if not _PATH.fullmatch(path) or len(path) > _LONGEST_PATH:
        yield Problem(
            argument,
            f"{path!r} is not a path like /media/: begin and end with a slash, and use at most {_LONGEST_PATH} letters, "
            "digits and characters of . _ ~ - in between.",
        )


def shared_path_problems(argument: str, cached_paths: Sequence[str], media_path: str) -> Iterator[Problem]:
    """Path patterns that CloudFront rejects next to that of media files."""
    if f"{media_path}*" in cached_paths:
        yield Problem(
            argument, f"'{media_path}*' is the path of media files, which CloudFront caches already; leave it out."
        )
    if len(cached_paths) == MOST_PATHS:
        yield Problem(
            argument, f"{MOST_PATHS} are too many next to the path of media files; CloudFront allows {MOST_PATHS - 1}."
        )


def media_origin(
    bucket_domain_name: pulumi.Input[str], origin_access_control_id: pulumi.Input[str]
) -> aws.cloudfront.DistributionOriginArgsDict:
    """The bucket, which CloudFront's signed requests reach although nothing in it is public."""
    return {
        "origin_id": _ORIGIN_ID,
        "domain_name": bucket_domain_name,
        "origin_access_control_id": origin_access_control_id,
    }


def media_behavior(response_headers_policy_id: pulumi.Input[str], key_group_id: pulumi.Input[str] | None) -> Any:
    """GET and HEAD, cached for as long as the file's Cache-Control says, or 24 hours without it.

    S3 gets neither cookies nor query strings, of which the signature of a link is one.
    """
    return {
        "target_origin_id": _ORIGIN_ID,
        "viewer_protocol_policy": "redirect-to-https",
        "allowed_methods": _METHODS,
        "cached_methods": _METHODS,
        "cache_policy_id": CACHE_POLICY_ID,
        "response_headers_policy_id": response_headers_policy_id,
        "compress": True,
        "trusted_key_groups": None if key_group_id is None else [key_group_id],
    }
