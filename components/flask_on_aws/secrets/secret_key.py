"""The key that signs an app's sessions, and what happens to the stack's previous key.

Stacks of version 0.1 have a `RandomBytes`, whose id is the key itself: ids are in plain text in every state and every
`preview --diff`. The new key is a `RandomPassword`, whose id is `none`. The old one is read from the app's secret in
Secrets Manager, once, by the update that first creates the `Stash`, which then keeps it encrypted in the state. A
preview, whose role may not read secrets, takes it from there.
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
# A preview's placeholder for the previous key that the update is going to read.
_UNREAD = "(the key of now)"


class Keys(NamedTuple):
    """Both are secret outputs."""

    signing: pulumi.Output[str]
    """The value of SECRET_KEY."""
    fallback: pulumi.Output[str]
    """The value of SECRET_KEY_FALLBACKS; empty without such a variable."""


def create_keys(name: str, policy: str, previous: pulumi.Output[str], opts: pulumi.ResourceOptions) -> Keys:
    """Create the app's key, and treat the previous one, if any, as `policy` says.

    Args:
        policy: `fallback`, `keep` or `drop`, see `previous_secret_key` of FlaskApp.
        previous: the result of `previous_key`.
    """
    password = random.RandomPassword(f"{name}-key", length=_LENGTH, special=False, opts=opts).result
    new = password.apply(key_of)
    chosen = pulumi.Output.secret(pulumi.Output.all(new, previous)).apply(lambda values: choose(policy, *values))
    return Keys(chosen.apply(lambda keys: keys[0]), chosen.apply(lambda keys: keys[1]))


def key_of(password: str) -> str:
    """32 bytes in base64, as the contract requires, from a password with that much entropy."""
    return base64.b64encode(hashlib.sha256(password.encode()).digest()).decode()


def choose(policy: str, new: str, previous: str) -> tuple[str, str]:
    """The key that signs, and the one whose signatures are still valid besides."""
    if policy == "keep":
        return previous or new, ""
    return new, previous if policy == "fallback" and previous != new else ""


def previous_key(name: str, secret_arn: pulumi.Output[str], parent: pulumi.Resource) -> pulumi.Output[str]:
    """The key in the app's secret from before the current kind of key; empty on a new stack."""
    stash = pulumi.Stash(
        f"{name}-previous-key",
        input=pulumi.Output.secret(_read(secret_arn, pulumi.InvokeOptions(parent=parent))),
        # Later updates would read the new key from the secret, so they ignore it.
        opts=pulumi.ResourceOptions(
            parent=parent, ignore_changes=["input"], additional_secret_outputs=["input", "output"]
        ),
    )
    return pulumi.Output.secret(stash.output)


def _read(secret_arn: pulumi.Output[str], options: pulumi.InvokeOptions) -> pulumi.Output[str]:
    """The current SECRET_KEY in the secret; a preview only checks whether the secret has any content."""
    versions = aws.secretsmanager.get_secret_versions_output(secret_id=secret_arn, opts=options).versions

    def key(existing: Sequence[Any] | None) -> pulumi.Output[str] | str:
        if not existing:
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
    except json.JSONDecodeError:  # the secret contains something else
        return ""
    return str(cast(Mapping[str, Any], values).get(SECRET_KEY, "")) if isinstance(values, dict) else ""
