"""Permanent redirects from other host names of a CloudFront distribution to the app's own, at the edge."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Required, TypedDict

import pulumi

from ..component import Component
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from .redirect import redirect_problems
from .viewer_function import create_function, with_settings


class EdgeRedirectArgs(TypedDict, total=False):
    hosts: Required[Sequence[str]]
    """Host names that are redirected, wildcards like `*.example.com` included. Required."""
    target_host: Required[str]
    """Host name to which they are redirected. Required."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_FunctionConfig.html
_LONGEST_COMMENT = 128
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions
_MOST_BYTES = 10_240


@typed(EdgeRedirectArgs)
def problems(args: EdgeRedirectArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    hosts, target = args["hosts"], args["target_host"]
    yield from redirect_problems(hosts, target)
    size = len(function_code(hosts, target).encode())
    if size > _MOST_BYTES:
        yield Problem(
            "hosts",
            f"{len(hosts)} domains make a function of {size} bytes, and CloudFront allows {_MOST_BYTES}; name fewer, or use "
            "wildcards.",
        )


class EdgeRedirect(Component):
    """A CloudFront function that redirects host names to another one over HTTPS, with path and query kept (301)."""

    function_arn: pulumi.Output[str]
    """ARN of the function, for `viewer_request_function_arn` of a Cdn."""

    def __init__(self, name: str, args: EdgeRedirectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        code = function_code(args["hosts"], args["target_host"])
        comment = f"Redirects to {args['target_host']}"[:_LONGEST_COMMENT]
        self.function_arn = create_function(name, comment, code, self._child()).arn
        self._register()


def function_code(hosts: Sequence[str], target: str) -> str:
    """The function's JavaScript."""
    return with_settings("edge_redirect.js", {"hosts": list(hosts), "target": target})
