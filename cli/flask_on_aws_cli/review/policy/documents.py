"""IAM policy documents: the statements of each, and what they allow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from .stack import Node

_ANY_PRINCIPAL = "*"


class Kind(Enum):
    """Whose permissions a document is about."""

    IDENTITY = "identity"
    """What a role may do."""
    TRUST = "trust"
    """Who may use a role."""
    RESOURCE = "resource"
    """Who may use a resource, such as a bucket."""


# Type → property → kind of the document in it.
DOCUMENTS: Mapping[str, Mapping[str, Kind]] = {
    "ecr/repositoryPolicy:RepositoryPolicy": {"policy": Kind.RESOURCE},
    "iam/policy:Policy": {"policy": Kind.IDENTITY},
    "iam/role:Role": {"assumeRolePolicy": Kind.TRUST},
    "iam/rolePolicy:RolePolicy": {"policy": Kind.IDENTITY},
    "kms/key:Key": {"policy": Kind.RESOURCE},
    "s3/bucketPolicy:BucketPolicy": {"policy": Kind.RESOURCE},
    "secretsmanager/secretPolicy:SecretPolicy": {"policy": Kind.RESOURCE},
    "sns/topicPolicy:TopicPolicy": {"policy": Kind.RESOURCE},
    "sqs/queuePolicy:QueuePolicy": {"policy": Kind.RESOURCE},
    "vpc/endpointPolicy:EndpointPolicy": {"policy": Kind.RESOURCE},
}


@dataclass(frozen=True)
class Statement:
    """A statement of a document."""

    path: str
    """Of the statement, such as `policy.DenyWithoutTls` or, without a Sid, `policy.0`."""
    kind: Kind
    content: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it allows something; otherwise it denies it."""
        return self.content.get("Effect") == "Allow"

    @property
    def actions(self) -> list[str]:
        """Its actions, such as `s3:GetObject`."""
        return texts(self.content.get("Action"))

    @property
    def resources(self) -> list[str]:
        """ARNs, or patterns of ARNs."""
        return texts(self.content.get("Resource"))

    @property
    def services(self) -> list[str]:
        """Services of AWS that are its principals."""
        principal = self.content.get("Principal")
        return texts(cast(Mapping[str, Any], principal).get("Service")) if isinstance(principal, Mapping) else []

    @property
    def is_for_anybody(self) -> bool:
        """Whether every account, or nobody in particular, is its principal."""
        principal = self.content.get("Principal")
        if isinstance(principal, Mapping):
            return _ANY_PRINCIPAL in texts(cast(Mapping[str, Any], principal).get("AWS"))
        return principal == _ANY_PRINCIPAL

    @property
    def condition_keys(self) -> dict[str, list[str]]:
        """Lower-case condition keys → the values that they are compared with."""
        conditions = self.content.get("Condition")
        keys: dict[str, list[str]] = {}
        if isinstance(conditions, Mapping):
            for comparisons in cast(Mapping[str, Any], conditions).values():
                if isinstance(comparisons, Mapping):
                    for key, value in cast(Mapping[str, Any], comparisons).items():
                        keys.setdefault(key.lower(), []).extend(texts(value))
        return keys


def texts(value: Any) -> list[str]:
    """A text or a list of texts, as a list."""
    if value is None:
        return []
    return [str(item) for item in cast(list[Any], value)] if isinstance(value, list) else [str(value)]


def statements(node: Node) -> Iterator[Statement]:
    """All statements in the documents of a resource."""
    for name, kind in DOCUMENTS.get(node.type, {}).items():
        document = node.document(name)
        if not isinstance(document, Mapping):
            continue
        content: Any = cast(Mapping[str, Any], document).get("Statement")
        for index, statement in enumerate(cast(list[Any], content) if isinstance(content, list) else [content]):
            if isinstance(statement, Mapping):
                fields = cast(Mapping[str, Any], statement)
                yield Statement(f"{name}.{fields.get('Sid') or index}", kind, fields)


def requires_tls(node: Node) -> bool:
    """Whether a document denies every request without TLS to everybody."""
    return any(
        not statement.allows
        and statement.is_for_anybody
        and statement.condition_keys.get("aws:securetransport") == ["false"]
        and set(statement.condition_keys) == {"aws:securetransport"}
        for statement in statements(node)
    )
