"""Whether a release reaches visitors although CloudFront's edge locations cache static files. Pure functions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..running import Answer

NAME = "edge cache"
# The policy CachingOptimized keeps a file without Cache-Control for this long:
# AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
_DEFAULT_SECONDS = 86_400
# Rollouts take some minutes, during which visitors get old and new files anyway.
_MOST_SECONDS = 600
_FIX = (
    "put a hash into their names (WhiteNoise's CompressedManifestStaticFilesStorage, flask digest compile), send a "
    "Cache-Control of some minutes for the others, or take their path out of cdnCachedPaths"
)


def edge_cache_check(cached_paths: Sequence[str], files: Mapping[str, Answer]) -> Check:
    """Whether the files of a page that CloudFront caches get other names when their content changes.

    Args:
        cached_paths: the path patterns that CloudFront caches.
        files: path, with its query, and response of each file that the page refers to.
    """
    served = {name: answer for name, answer in files.items() if answer.status == 200 and _is_cached(name, cached_paths)}
    if not served:
        return not_checked(NAME, f"the front page refers to no file of {', '.join(cached_paths)}")
    stale = [line for name, answer in served.items() for line in _stale(name, answer)]
    if not stale:
        return passed(NAME, f"of {len(served)} cached files, none stays at edge locations after a release")
    count = f"{len(stale)} of {len(served)} files"
    sentence = f"CloudFront keeps {count} after a release, so pages would get old ones"
    return warned(NAME, Finding(Cause.STALE_FILES, sentence, _FIX, tuple(stale)[:8]))


def _is_cached(name: str, cached_paths: Sequence[str]) -> bool:
    return any(fnmatchcase(name.partition("?")[0], pattern) for pattern in cached_paths)


def _stale(name: str, answer: Answer) -> Iterator[str]:
    path, _, query = name.partition("?")
    seconds = _edge_seconds(answer)
    if seconds <= _MOST_SECONDS or _is_versioned(PurePosixPath(path).name):
        return
    header = answer.headers.get("cache-control")
    reason = f"Cache-Control: {header}" if header else "no Cache-Control"
    yield f"{name}: {seconds} seconds ({reason}{'; CloudFront ignores the query string' if query else ''})"


def _is_versioned(name: str) -> bool:
    """Whether a file name seems to contain a version or a hash: a digit, or a part in mixed case, as of Vite."""
    stem = name.rpartition(".")[0] or name
    parts = re.split(r"[.-]", stem)[1:]
    return bool(re.search(r"\d", stem)) or any(
        len(part) >= 8 and not part.islower() and not part.isupper() for part in parts
    )


def _edge_seconds(answer: Answer) -> int:
    """How long CloudFront keeps the file."""
    directives = [part.strip().lower() for part in answer.headers.get("cache-control", "").split(",")]
    if {"no-cache", "no-store", "private"} & set(directives):
        return 1
    ages = dict(part.split("=", 1) for part in directives if "=" in part)
    age = ages.get("s-maxage", ages.get("max-age", ""))
    return int(age) if age.isdecimal() else _DEFAULT_SECONDS
