"""The key that signs an app's sessions, and what becomes of the key that the stack had before.

Stacks of version 0.1 have a `RandomBytes`, whose id is the key itself: ids are in clear in every state and every
`preview --diff`. The new key is a `RandomPassword`, whose id is `none`. The old one is read from the app's secret in
Secrets Manager, once, by the update that first creates the `Stash` which then keeps it, encrypted, in the state:
a preview, whose role may read no secret, knows it from there.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

SECRET_KEY = "SECRET_KEY"  # noqa: S105 the variable's name
POLICIES = ("fallback", "keep", "drop")
# 43 of 62 letters and digits have the contract's 256 bits (43 * log2(62) = 256.03).
_LENGTH = 43
# What a preview takes the previous key for when the update is going to read it.
_UNREAD = "(the key of now)"


class Keys(NamedTuple):
    """Both are secret outputs."""

    signing: pulumi.Output[str]
    """What SECRET_KEY is."""
    fallback: pulumi.Output[str]
    """What SECRET_KEY_FALLBACKS is; empty where there is no such variable."""


def create_keys(name: str, policy: str, previous: pulumi.Output[str], opts: pulumi.ResourceOptions) -> Keys:
    """Make the app's key, and put the previous one, if there is one, where `policy` says.

    Args:
        policy: `fallback`, `keep` or `drop`, see `previous_secret_key` of FlaskApp.
        previous: what `previous_key` gives.
    """
    password = random.RandomPassword(f"{name}-key", length=_LENGTH, special=False, opts=opts).result
    new = password.apply(key_of)
    chosen = pulumi.Output.secret(pulumi.Output.all(new, previous)).apply(lambda both: choose(policy, *both))
    return Keys(chosen.apply(lambda keys: keys[0]), chosen.apply(lambda keys: keys[1]))


def key_of(password: str) -> str:
    """32 bytes in base64, the contract's form, of a password that holds as much."""
    return base64.b64encode(hashlib.sha256(password.encode()).digest()).decode()


def choose(policy: str, new: str, previous: str) -> tuple[str, str]:
    """The key that signs, and the one whose signatures are still valid besides."""
    if policy == "keep":
        return previous or new, ""
    return new, previous if policy == "fallback" and previous != new else ""


def previous_key(name: str, secret_arn: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The key in the app's secret before this stack made keys as it does now; empty on a new stack."""
    found = pulumi.Stash(
        f"{name}-previous-key",
        input=pulumi.Output.secret(_read(secret_arn, pulumi.InvokeOptions(parent=parent))),
        # Later updates find the new key in the secret, which does not concern them.
        opts=pulumi.ResourceOptions(
            parent=parent, ignore_changes=["input"], additional_secret_outputs=["input", "output"]
        ),
    )
    return pulumi.Output.secret(found.output)


def _read(secret_arn: pulumi.Output[str], options: pulumi.InvokeOptions) -> pulumi.Output[str]:
    """What SECRET_KEY in the secret is now; a preview only looks whether the secret has any content."""
    versions = aws.secretsmanager.get_secret_versions_output(secret_id=secret_arn, opts=options).versions

    def key(found: Sequence[Any] | None) -> pulumi.Output[str] | str:
        if not found:
            return ""
        if pulumi.runtime.is_dry_run():
            return _UNREAD
        content = aws.secretsmanager.get_secret_version_output(secret_id=secret_arn, opts=options).secret_string
        return content.apply(key_in)

    return versions.apply(key)


def key_in(content: str | None) -> str:
    """SECRET_KEY of a secret's JSON; empty where there is none."""
    try:
        values = json.loads(content or "{}")
    except json.JSONDecodeError:  # somebody has put something else there
        return ""
    return str(cast(Mapping[str, Any], values).get(SECRET_KEY, "")) if isinstance(values, dict) else ""
