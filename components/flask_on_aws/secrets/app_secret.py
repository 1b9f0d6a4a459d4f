"""One JSON secret in Secrets Manager, whose keys become the tasks' secret environment variables."""

from collections.abc import Iterator, Mapping
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..ecs.task_roles import reading_policy
from ..grants import grant
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.references import kms_key_problems


class AppSecretArgs(TypedDict, total=False):
    values: Required[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The secret's keys and values; all of it is treated as secret. Required."""
    recovery_days: int
    """Days, from 7 to 30, for which the deleted secret can be restored; 0 deletes it at once. Default: 0."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret; whoever reads it also needs kms:Decrypt for the key. Default: Secrets Manager's key."""
    description: pulumi.Input[str]
    """What the secret is for, shown in AWS's console. Default: Secret environment of an app."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"recovery_days": 0, "description": "Secret environment of an app"}
# What Secrets Manager accepts as a recovery window.
_RECOVERY_DAYS = range(7, 30 + 1)
# Secrets Manager's limit of a description.
_LONGEST_DESCRIPTION = 2048


@typed(AppSecretArgs)
def problems(args: AppSecretArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    days = args["recovery_days"]
    if isinstance(days, bool) or (days != 0 and days not in _RECOVERY_DAYS):
        yield Problem("recovery_days", f"{days!r} must be 0 (deleted at once) or a whole number from 7 to 30 days.")
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    description = args["description"]
    length = len(description) if isinstance(description, str) else 0
    if length > _LONGEST_DESCRIPTION:
        yield Problem("description", f"{length} characters are too many; use at most {_LONGEST_DESCRIPTION}.")


class AppSecret(Component):
    """A JSON secret that ECS reads key by key: `valueFrom` is `<secret_arn>:<KEY>::`."""

    secret_arn: pulumi.Output[str]
    """ARN of the secret."""
    version_id: pulumi.Output[str]
    """Id of the secret's current content, which changes with it, so that tasks can be replaced."""

    def __init__(self, name: str, args: AppSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        secret = aws.secretsmanager.Secret(
            name,
            description=self._args["description"],
            kms_key_id=self._args.get("kms_key_id"),
            recovery_window_in_days=self._args["recovery_days"],
            opts=self._child(),
        )
        version = aws.secretsmanager.SecretVersion(
            f"{name}-content",
            secret_id=secret.id,
            # Sorted, so that reordering the same values does not change the content.
            secret_string=pulumi.Output.json_dumps(pulumi.Output.secret(self._args["values"]), sort_keys=True),
            opts=self._child(),
        )
        self.secret_arn = secret.arn
        self.version_id = version.version_id
        self._register()

    @property
    def policy_json(self) -> pulumi.Output[str]:
        """IAM policy that lets a role read the secret, with the key that encrypts it, and nothing else."""
        return pulumi.Output.all(self.secret_arn, self._args.get("kms_key_id")).apply(
            lambda values: reading_policy(*values)
        )

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role read the secret, with the key that encrypts it.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        grant(self._name, client, role, self.policy_json, self._child())
