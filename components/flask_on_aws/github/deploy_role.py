"""The role that GitHub's workflows assume with an OIDC token of their run, without any long-lived key."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Required, TypedDict, cast

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..iam import Scope, Statement, document
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.values import name_problems
from . import deploy_policies as deployment
from . import limit_policies as limits


class GitHubDeployRoleArgs(TypedDict, total=False):
    repository: Required[str]
    """The repository as GitHub's tokens name it: `owner/name`, or `owner@id/name@id` where tokens have immutable subjects, as in repositories created or renamed since July 2026. Required."""
    branches: Sequence[str]
    """Branches whose workflows may assume the role. Set exactly one of `branches`, `environments` and `tags`. Default: none."""
    environments: Sequence[str]
    """GitHub environments whose jobs may assume the role; their settings limit who deploys and from which branch. Default: none."""
    tags: Sequence[str]
    """Exact tags whose workflows may assume the role. For a pattern such as v*, use an environment to which only such tags deploy. Default: none."""
    read_only: bool
    """Whether the role may only read, for previews of pull requests. Their workflows may then assume it too. Default: false."""
    app_names: Sequence[str]
    """The setting `name` of each stack that the role deploys, which is the prefix of the resources that it may manage; at most 5. Default: app."""
    provider_arn: pulumi.Input[str]
    """ARN of GitHub's OIDC provider, of which an account has one. Default: it is created."""
    state_bucket_arn: pulumi.Input[str]
    """ARN of the S3 bucket with the program's state. Default: none, the state is elsewhere."""
    state_key_arn: pulumi.Input[str]
    """ARN of the KMS key that encrypts the state's secrets; every role that previews can decrypt them. Default: none."""
    zone_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of the Route 53 zones in which the role may change records. Default: all of the account's."""
    extra_app_actions: Sequence[str]
    """Additional actions that the app's roles may have, such as dynamodb:GetItem. Default: none besides those for the app's files, secrets, queues, mail, metrics and logs."""
    resource_tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key, like the other components' `tags`; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"read_only": False, "app_names": ["app"], "zone_ids": [], "extra_app_actions": []}
_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
# Each job requests new credentials; an hour is the shortest maximum that AWS allows.
_SESSION_SECONDS = 3600
# Each name is in about fifty ARNs, and a managed policy has at most 6,144 characters.
_MOST_NAMES = 5
_OWNER, _REPOSITORY = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"[A-Za-z0-9._-]+"
_PLAIN = re.compile(f"{_OWNER}/{_REPOSITORY}")
_IMMUTABLE = re.compile(rf"{_OWNER}@\d+/{_REPOSITORY}@\d+")
# What Git allows in a name and is safe in a subject: no wildcard, no colon, no space.
_REF = re.compile(r"[A-Za-z0-9._/+#=@-]+")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9._ -]+")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+\*?")
_REFS = {"branches": "ref:refs/heads/", "environments": "environment:", "tags": "ref:refs/tags/"}


@typed(GitHubDeployRoleArgs)
def problems(name: str, args: GitHubDeployRoleArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from _trust_problems(args)
    names = args["app_names"]
    if not 1 <= len(names) <= _MOST_NAMES:
        yield Problem("app_names", f"{len(names)} names; use from 1 to {_MOST_NAMES}, and a second role for more.")
    for app_name in names:
        yield from name_problems("app_names", app_name)
        if f"{app_name}-".startswith(f"{name}-"):
            reason = f"{app_name!r} starts with the role's own name, {name!r}, and the role must not be able to change itself; rename the role."
            yield Problem("app_names", reason)
    for action in args["extra_app_actions"]:
        if not _ACTION.fullmatch(action) or action.startswith(("iam:", "sts:", "organizations:")):
            reason = f"{action!r} must be an action like dynamodb:GetItem, and not one of iam, sts or organizations."
            yield Problem("extra_app_actions", reason)


def _trust_problems(args: GitHubDeployRoleArgs) -> Iterator[Problem]:
    repository = args.get("repository", "")
    if not _PLAIN.fullmatch(repository) and not _IMMUTABLE.fullmatch(repository):
        yield Problem("repository", f"{repository!r} must be owner/name, or owner@id/name@id with both numbers.")
    kinds = [kind for kind in _REFS if _refs(args, kind)]
    if len(kinds) > 1 or not (kinds or args["read_only"]):
        yield Problem("branches", f"set exactly one of {', '.join(_REFS)}; given: {', '.join(kinds) or 'none'}.")
    for kind in kinds:
        for value in _refs(args, kind):
            if not (_ENVIRONMENT if kind == "environments" else _REF).fullmatch(value):
                reason = f"{value!r} must be an exact name without wildcards; for patterns, use an environment's rules."
                yield Problem(kind, reason)


class GitHubDeployRole(Component):
    """A role for one repository's workflows: it deploys apps of this library, or only previews them.

    An administrator creates it once, in a separate stack. A deploy role creates roles for the app only within a permissions
    boundary; pass its ARN to the app as `permissions_boundary`.
    """

    _TAGS_ARGUMENT = "resource_tags"  # its `tags` are Git's

    role_arn: pulumi.Output[str]
    """ARN of the role, for `role-to-assume`; known once its policies are attached."""
    boundary_arn: pulumi.Output[str]
    """ARN of the permissions boundary that the app's roles must have; empty for a read-only role."""

    def __init__(self, name: str, args: GitHubDeployRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(name, args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_role()
        if self._args["read_only"]:
            self.boundary_arn = pulumi.Output.from_input("")
            attached = [self._attach("reads", limits.reads), self._attach("no-data", limits.no_data)]
        else:
            self._create_boundary()
            attached = self._attach_deployment()
        self.role_arn = pulumi.Output.all(self._role.arn, *attached).apply(lambda values: str(values[0]))
        self._register()

    def _create_role(self) -> None:
        if "provider_arn" in self._args:
            self._provider_arn = pulumi.Output.from_input(self._args["provider_arn"])
        else:
            self._provider_arn = aws.iam.OpenIdConnectProvider(
                f"{self._name}-github", url=f"https://{_ISSUER}", client_id_lists=[_AUDIENCE], opts=self._child()
            ).arn
        trusted = subjects(self._args)
        self._role = aws.iam.Role(
            self._name,
            description=f"GitHub workflows of {self._args['repository']}",
            assume_role_policy=self._provider_arn.apply(lambda arn: _json(trust(arn, trusted))),
            max_session_duration=_SESSION_SECONDS,
            opts=self._child(),
        )

    def _create_boundary(self) -> None:
        extra = self._args["extra_app_actions"]
        self.boundary_arn = aws.iam.Policy(
            f"{self._name}-boundary",
            description="The most that roles of the app may do",
            policy=self._policy(partial(limits.boundary, extra_actions=extra)),
            opts=self._child(),
        ).arn

    def _attach_deployment(self) -> list[pulumi.Output[str]]:
        attached = [
            self._attach(role, statements)
            for role, statements in (
                ("reads", limits.reads),
                ("network", deployment.network),
                ("runtime", deployment.runtime),
                ("observation", deployment.observation),
                ("data", deployment.data),
            )
        ]
        more = {"boundary_arn": self.boundary_arn, "provider_arn": self._provider_arn, "own_name": self._name}
        return [*attached, self._attach("identity", deployment.identity, **more)]

    def _attach(
        self, role: str, statements: Callable[..., list[Statement]], **more: pulumi.Input[str]
    ) -> pulumi.Output[str]:
        policy = aws.iam.Policy(f"{self._name}-{role}", policy=self._policy(statements, **more), opts=self._child())
        return aws.iam.RolePolicyAttachment(
            f"{self._name}-{role}", role=self._role.name, policy_arn=policy.arn, opts=self._child()
        ).id

    def _policy(self, statements: Callable[..., list[Statement]], **more: pulumi.Input[str]) -> pulumi.Output[str]:
        invoke, names = pulumi.InvokeOptions(parent=self), self._args["app_names"]
        scope = {
            "account_id": aws.get_caller_identity_output(opts=invoke).account_id,
            "partition": aws.get_partition_output(opts=invoke).partition,
            "state_bucket_arn": self._args.get("state_bucket_arn"),
            "state_key_arn": self._args.get("state_key_arn"),
            "zone_ids": self._args["zone_ids"],
        }
        return pulumi.Output.all(scope=scope, more=more).apply(
            lambda values: _json(document(statements(Scope(names=names, **values["scope"]), **values["more"])))
        )


def subjects(args: GitHubDeployRoleArgs) -> list[str]:
    """The exact `sub` claims of the tokens that may assume the role. A job with an environment has only that claim."""
    start = f"repo:{args['repository']}:"
    claims = [f"{start}{prefix}{value}" for kind, prefix in _REFS.items() for value in _refs(args, kind)]
    # The code of a pull request runs before review.
    return [*claims, f"{start}pull_request"] if args.get("read_only") else claims


def _refs(args: GitHubDeployRoleArgs, kind: str) -> Sequence[str]:
    return cast(Mapping[str, Sequence[str]], args).get(kind) or ()


def trust(provider_arn: str, trusted: Sequence[str]) -> dict[str, Any]:
    """Only tokens that GitHub issued for AWS, with exactly one of these subjects."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider_arn},
        "Condition": {"StringEquals": {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": list(trusted)}},
    }
    return document([statement])


def _json(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))
