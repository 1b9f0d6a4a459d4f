"""IAM policy documents as plain values, and the scope of resources that they cover."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

# Release records and other data kept between deployments.
PARAMETER_PATH = "flask-on-aws"
Statement = dict[str, Any]


class Scope(NamedTuple):
    """The resources that policies cover: the account, the prefixes of their names, and where the program's state is."""

    account_id: str
    partition: str
    names: Sequence[str]
    state_bucket_arn: str | None = None
    state_key_arn: str | None = None
    zone_ids: Sequence[str] = ()

    def arns(self, service: str, *resources: str, region: str = "*") -> list[str]:
        """ARNs in this account; `{n}` in a resource stands for each name."""
        start = f"arn:{self.partition}:{service}:{region}:{self.account_id}:"
        return _unique(start + resource.replace("{n}", name) for resource in resources for name in self.names)

    def buckets(self, inside: str = "") -> list[str]:
        """ARNs of the app's buckets, or of their objects."""
        return [f"arn:{self.partition}:s3:::{name}-*{inside}" for name in self.names]


def document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy_json(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy document of these statements, as the JSON that AWS expects."""
    return json.dumps(document(statements))


def service_trust(service: str, account_id: str) -> str:
    """A role's trust policy as JSON: the AWS service may assume it on behalf of this account alone.

    Without `aws:SourceAccount` the service would be a confused deputy: another account that learns the role's ARN could
    have it used for its own resources.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention
    """
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    return policy_json([statement])


def use_queue_key(kms_key_id: str, queue_arn: str) -> Statement:
    """Encrypt and decrypt with a key, but only the messages of a queue, which is SQS's encryption context."""
    return {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": kms_key_id,
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": queue_arn}},
    }


def allow(actions: str, resources: str | list[str]) -> Statement:
    """Allow these actions, separated by spaces, on these resources."""
    return {"Effect": "Allow", "Action": actions.split(), "Resource": resources}


def deny_without_tls(action: str, resources: str | list[str]) -> Statement:
    """Deny this action on these resources to every request without TLS, whoever sends it."""
    return {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def state(scope: Scope, object_actions: str, key_actions: str) -> list[Statement]:
    """Use the program's state, if it is in this account."""
    statements: list[Statement] = []
    if scope.state_bucket_arn:
        statements.append(allow("s3:ListBucket", scope.state_bucket_arn))
        statements.append(allow(object_actions, f"{scope.state_bucket_arn}/*"))
    if scope.state_key_arn:
        statements.append(allow(key_actions, scope.state_key_arn))
    return statements


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
