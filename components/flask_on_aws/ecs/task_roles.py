"""The two roles of a task: the execution role, with which ECS starts it, and the task role, with which its app calls AWS."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..iam import policy_json, service_trust


class TaskRolesArgs(TypedDict, total=False):
    log_group_arn: Required[pulumi.Input[str]]
    """ARN of the log group that the containers write to. Required."""
    secret_references: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The references in the containers' `valueFrom`: ARNs of secrets (with or without `:key:stage:version`) and of SSM parameters. Default: none."""
    image_uris: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The images to pull; the execution role may pull those in ECR; others need no permission. Default: none."""
    kms_key_arns: pulumi.Input[Sequence[pulumi.Input[str]]]
    """ARNs of the customer managed KMS keys that encrypt those secrets and parameters. Default: none."""
    policies: Mapping[str, pulumi.Input[str]]
    """IAM policies (JSON) for the app, by a short name for each. Default: none."""
    policy_arns: Mapping[str, pulumi.Input[str]]
    """ARNs of managed IAM policies for the app, by a short name for each. Default: none."""
    enable_exec: bool
    """Whether ECS Exec may open a shell in the containers. Default: false."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of both roles. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {
    "secret_references": [],
    "image_uris": [],
    "kms_key_arns": [],
    "policies": {},
    "policy_arns": {},
    "enable_exec": False,
}
ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<china>\.cn)?/(?P<name>[^:@]+)"
)
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#ecs-exec-required-iam-permissions
# These four actions take no resource.
EXEC_ACTIONS = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


class TaskRoles(Component):
    """Execution role and task role, each with least privilege."""

    execution_role_arn: pulumi.Output[str]
    """ARN of the role with which ECS pulls the image, reads the secrets and writes the logs; known once its policy is in place."""
    execution_role_name: pulumi.Output[str]
    """Name of that role."""
    task_role_arn: pulumi.Output[str]
    """ARN of the task role, with which the app calls AWS; known once its policies are in place."""
    task_role_name: pulumi.Output[str]
    """Name of the task role, to attach more policies to."""

    def __init__(self, name: str, args: TaskRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id
        trust = account.apply(lambda account_id: service_trust("ecs-tasks.amazonaws.com", account_id))
        self.execution_role_arn = self._create_execution_role(trust)
        self._create_task_role(trust)
        self._register()

    def _create_role(self, role: str, trust: pulumi.Output[str]) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-{role}",
            assume_role_policy=trust,
            permissions_boundary=self._args.get("permissions_boundary"),
            opts=self._child(),
        )

    def _create_execution_role(self, trust: pulumi.Output[str]) -> pulumi.Output[str]:
        role = self._create_role("execution", trust)
        policy = aws.iam.RolePolicy(
            f"{self._name}-execution",
            role=role.name,
            policy=pulumi.Output.all(
                log_group_arn=self._args["log_group_arn"],
                image_uris=self._args["image_uris"],
                references=self._args["secret_references"],
                key_arns=self._args["kms_key_arns"],
            ).apply(lambda values: execution_policy(**values)),
            opts=self._child(),
        )
        self.execution_role_name = role.name
        # A task that starts before the policy is attached cannot pull its image.
        return pulumi.Output.all(role.arn, policy.id).apply(lambda values: str(values[0]))

    def _create_task_role(self, trust: pulumi.Output[str]) -> None:
        role = self._create_role("task", trust)
        policies = dict(self._args["policies"])
        if self._args["enable_exec"]:
            policies["exec"] = exec_policy()
        attached: list[pulumi.Output[str]] = [
            aws.iam.RolePolicy(f"{self._name}-task-{key}", role=role.name, policy=policy, opts=self._child()).id
            for key, policy in sorted(policies.items())
        ]
        attached += [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-task-{key}", role=role.name, policy_arn=arn, opts=self._child()
            ).id
            for key, arn in sorted(self._args["policy_arns"].items())
        ]
        self.task_role_arn = pulumi.Output.all(role.arn, *attached).apply(lambda values: str(values[0]))
        self.task_role_name = role.name


def execution_policy(
    log_group_arn: str, image_uris: Sequence[str], references: Sequence[str], key_arns: Sequence[str]
) -> str:
    """Pull the images, write the logs, and read exactly the secrets that the containers name."""
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    secrets = sorted({secret_arn(reference) for reference in references if ":secretsmanager:" in reference})
    parameters = sorted({reference for reference in references if ":ssm:" in reference})
    repositories = sorted({repository_arn(image) for image in image_uris} - {""})
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{log_group_arn}:*"}
    ]
    if repositories:
        statements.append(
            {"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": "*"}
        )  # takes no resource
        statements.append({"Effect": "Allow", "Action": pull, "Resource": repositories})
    if secrets:
        statements.append({"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": secrets})
    if parameters:
        statements.append({"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": parameters})
    if key_arns:
        statements.append(decrypt(sorted(key_arns), "secretsmanager", "ssm"))
    return policy_json(statements)


def exec_policy() -> str:
    """Let ECS Exec's agent connect."""
    return policy_json([{"Effect": "Allow", "Action": EXEC_ACTIONS, "Resource": "*"}])


def reading_policy(secret_arn: str, kms_key_id: str | None = None) -> str:
    """Read this secret, and decrypt it with its KMS key unless that is Secrets Manager's default key."""
    read = {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": secret_arn}
    return policy_json([read, decrypt(kms_key_id, "secretsmanager")] if kms_key_id else [read])


def decrypt(keys: str | list[str], *services: str) -> dict[str, Any]:
    """Decrypt with these keys, but only through one of the services, never by calling KMS directly."""
    via = {"StringLike": {"kms:ViaService": [f"{service}.*.amazonaws.com" for service in services]}}
    return {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": keys, "Condition": via}


def repository_arn(image_uri: str) -> str:
    """The ARN of the ECR repository that an image is in; empty for other registries."""
    match = ECR_IMAGE.match(image_uri)
    if not match:
        return ""
    partition = "aws-cn" if match["china"] else "aws"
    return f"arn:{partition}:ecr:{match['region']}:{match['account']}:repository/{match['name']}"


def secret_arn(reference: str) -> str:
    """The ARN of the secret in a `valueFrom`, which may continue with `:key:stage:version`.

    An ARN of Secrets Manager has seven parts: `arn:aws:secretsmanager:region:account:secret:name`.
    """
    return ":".join(reference.split(":")[:7])
