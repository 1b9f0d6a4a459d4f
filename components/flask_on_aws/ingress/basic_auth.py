"""A username and a password for every visitor of a CloudFront distribution: HTTP Basic authentication at the edge.

The password is always generated. Whoever has `cloudfront:GetFunction` can read the function's code, and try passwords against
the digest in it: a chosen password could be found that way, 142 random bits cannot. A KeyValueStore could be read as well, and
would add a lookup to each request.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_random as random

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from .viewer_function import create_function, with_settings


class BasicAuthArgs(TypedDict, total=False):
    username: Required[str]
    """Username of all visitors: up to 64 letters, digits and . _ @ -. Another one also generates another password. Required."""
    open_paths: Sequence[str]
    """Exact paths that need no password. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"open_paths": []}
# No colon, which ends a username (RFC 7617), and only what every client encodes alike.
_USERNAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_PASSWORD_LENGTH = 24  # letters and digits: 142 bits
_SALT_BYTES = 16
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@typed(BasicAuthArgs)
def problems(args: BasicAuthArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    if not _USERNAME.fullmatch(args["username"]):
        yield Problem("username", f"{args['username']!r} must be up to 64 letters, digits and the characters . _ @ -.")
    for path in args["open_paths"]:
        if not path.startswith("/") or not _PRINTABLE.fullmatch(path):
            yield Problem("open_paths", f"{path!r} must be a path as it is sent: a slash and printable ASCII.")


class BasicAuth(Component):
    """A CloudFront function that lets only requests with a username and a password pass, and the generated password.

    The function removes the header `Authorization` from requests that it accepts.
    """

    function_arn: pulumi.Output[str]
    """ARN of the function, for `viewer_request_function_arn` of a Cdn."""
    password: pulumi.Output[str]
    """The password, a secret."""

    def __init__(self, name: str, args: BasicAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        keepers = {"username": self._args["username"]}
        password = random.RandomPassword(
            f"{name}-password", length=_PASSWORD_LENGTH, special=False, keepers=keepers, opts=self._child()
        )
        self.password = pulumi.Output.secret(password.result)
        salt = random.RandomId(f"{name}-salt", byte_length=_SALT_BYTES, keepers=keepers, opts=self._child()).hex
        username, open_paths = self._args["username"], self._args["open_paths"]
        code = pulumi.Output.all(salt, self.password).apply(
            lambda values: function_code(name, username, str(values[1]), str(values[0]), open_paths)
        )
        self.function_arn = create_function(name, f"HTTP Basic authentication of {username}", code, self._child()).arn
        self._register()


def function_code(realm: str, username: str, password: str, salt: str, open_paths: Sequence[str]) -> str:
    """The function's JavaScript, which has only a salted digest of username and password."""
    credentials = base64.b64encode(f"{username}:{password}".encode())
    settings = {
        "realm": realm,
        "salt": salt,
        "digest": hmac.new(salt.encode(), credentials, hashlib.sha256).hexdigest(),
        "openPaths": list(open_paths),
    }
    return with_settings("basic_auth.js", settings)
