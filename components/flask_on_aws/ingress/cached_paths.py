"""The paths of static files that CloudFront's edge locations cache."""

import re
from collections.abc import Iterator, Sequence

from ..validation.problems import Problem
from ..validation.values import repeated_problems

# Managed policies have the same ids in all accounts. An account can have 20 cache policies of its own, which cannot be
# raised, so a stack creates none: https://docs.aws.amazon.com/general/latest/gr/cf_region.html
# CachingOptimized: for as long as Cache-Control says, at least 1 s, 24 hours without it; gzip and Brotli; neither cookies
# nor query strings: AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHE_POLICY_ID = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# HostHeaderOnly: an app that checks Host would reject the load balancer's name. Without cookies in either policy,
# CloudFront also removes Set-Cookie: AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
REQUEST_POLICY_ID = "bf0718e1-ba1e-49d1-88b1-f726733018ae"
# "Cache behaviors per distribution" is 25, of which one is the default: general/latest/gr/cf_region.html
MOST_PATHS = 24
# AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html, "Path pattern"
_PATTERN = re.compile(r"/[\w\-.*$/~\"'@:+&?]{1,254}", re.ASCII)


def cached_path_problems(argument: str, paths: Sequence[str]) -> Iterator[Problem]:
    """Path patterns that CloudFront rejects, or that are not only of static files."""
    for path in paths:
        if not _PATTERN.fullmatch(path):
            yield Problem(
                argument,
                f"{path!r} is not a path pattern of CloudFront, like /static/*: start with a slash, and use at most 255 "
                "letters, digits and characters of _ - . * $ / ~ \" ' @ : + & ?",
            )
        elif not re.search(r"\w", path):
            yield Problem(
                argument,
                f"{path!r} would cache pages and reject forms; name the paths of static files, like /static/*.",
            )
    if len(paths) > MOST_PATHS:
        yield Problem(argument, f"{len(paths)} are too many; CloudFront allows {MOST_PATHS}.")
    yield from repeated_problems(argument, paths)
