"""Checks of references to something that exists: ARNs, ids, host names, images. None of them calls AWS."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from .problems import Problem

_REGION = r"[a-z]{2,}(?:-[a-z]+)+-\d"
_ARN = re.compile(rf"arn:(aws[a-z-]*):([a-z0-9-]+):({_REGION})?:(\d{{12}}|aws)?:(.+)")
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html: characters of a secret's name.
# Secrets Manager appends a hyphen and six characters; IAM policies and ECS need them.
_SECRET = re.compile(r"secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}")
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html: `:key:stage:version`
_SECRET_PARTS = re.compile(r":([^:]*):([^:]*):([^:]*)")
_PARAMETER = re.compile(r"parameter/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# The reference of an image: https://github.com/distribution/reference/blob/main/reference.go
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
_LONGEST_IMAGE = 255


class Kind(NamedTuple):
    """The kind of resource that an ARN must name."""

    noun: str
    service: str
    resource: re.Pattern[str]
    example: str
    """The end of an ARN, after its partition."""


CERTIFICATE = Kind("an ACM certificate", "acm", re.compile(r"certificate/[\w-]+"), "acm:REGION:ACCOUNT:certificate/ID")
CLUSTER = Kind("an ECS cluster", "ecs", re.compile(r"cluster/[\w-]+"), "ecs:REGION:ACCOUNT:cluster/NAME")
LISTENER = Kind(
    "a listener of an application load balancer",
    "elasticloadbalancing",
    re.compile(r"listener/app/[\w-]+/[0-9a-z]+/[0-9a-z]+"),
    "elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/ID",
)
KMS_KEY = Kind(
    "a KMS key",
    "kms",
    # https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-id; mrk- is a multi-Region key's
    re.compile(r"key/(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"),
    "kms:REGION:ACCOUNT:key/12345678-1234-1234-1234-123456789012",
)
WEB_ACL = Kind(
    "a web ACL of AWS WAF",
    "wafv2",
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_WebACL.html: characters of Name and Id
    re.compile(r"(?:global|regional)/webacl/[\w-]{1,128}/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII),
    "wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
)
POLICY = Kind("an IAM policy", "iam", re.compile(r"policy/[\w+=,.@/-]+"), "iam::ACCOUNT:policy/NAME")
SECRET = Kind(
    "a secret with the six characters that Secrets Manager appends to its name",
    "secretsmanager",
    _SECRET,
    "secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf",
)


def arn_problems(argument: str, value: Any, kind: Kind) -> Iterator[Problem]:
    """An ARN of one kind of resource; the value of an output is left to AWS to check."""
    if not isinstance(value, str):
        return
    arn = _ARN.fullmatch(value)
    if not arn or arn[2] != kind.service or not kind.resource.fullmatch(arn[5]):
        yield Problem(argument, f"{value!r} is not the ARN of {kind.noun}, like arn:aws:{kind.example}.")
        return
    yield from _partition_problems(argument, value, arn, kind)


def kms_key_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The ARN of a key. CloudWatch Logs rejects an alias or an id, and RDS would see a change in it each time."""
    if not isinstance(value, str):
        return
    name = value.rsplit(":", 1)[-1]
    if name.startswith("alias/") or re.fullmatch(KMS_KEY.resource, f"key/{value}"):
        noun = "an alias" if name.startswith("alias/") else "a key's id"
        yield Problem(
            argument,
            f"{value!r} is {noun}, which not every service accepts; use the key's ARN, which "
            f"`aws kms describe-key --key-id {value}` shows.",
        )
        return
    yield from arn_problems(argument, value, KMS_KEY)


def _partition_problems(argument: str, value: str, arn: re.Match[str], kind: Kind) -> Iterator[Problem]:
    partition, region, account = arn[1], arn[3], arn[4]
    if (kind.service == "iam") == bool(region) or not account or (account == "aws" and kind.service != "iam"):
        yield Problem(argument, f"{value!r} does not have the form arn:{partition}:{kind.example}.")
    elif region and partition != _partition(region):
        yield Problem(
            argument, f"{value!r} is in partition {partition}, but {region} is a region of {_partition(region)}."
        )


def region_problems(argument: str, value: Any, region: str) -> Iterator[Problem]:
    """An ARN of something that must be in the stack's region."""
    arn = _ARN.fullmatch(value) if isinstance(value, str) else None
    if arn and arn[3] and arn[3] != region:
        yield Problem(argument, f"{value!r} is in {arn[3]}; it must be in the stack's region, {region}.")


def _partition(region: str) -> str:
    # https://docs.aws.amazon.com/general/latest/gr/rande.html; the isolated regions have separate partitions too.
    special = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b"}
    return special.get(region.rsplit("-", 2)[0], "aws")


def secret_reference_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The reference in a container's `valueFrom`: a secret, perhaps with `:key:stage:version`, or an SSM parameter."""
    if not isinstance(value, str):
        return
    arn = _ARN.fullmatch(value)
    if not arn or arn[2] not in ("secretsmanager", "ssm"):
        yield Problem(  # the value is not repeated: it may be the secret itself, put here by mistake
            argument,
            "must be the ARN of a secret or an SSM parameter; the value itself goes into secret_values.",
        )
    elif not arn[3] or not re.fullmatch(r"\d{12}", arn[4] or ""):
        yield Problem(argument, f"{value!r} has no region or no account of 12 digits; copy the whole ARN.")
    elif arn[3] and arn[1] != _partition(arn[3]):
        yield Problem(
            argument, f"{value!r} is in partition {arn[1]}, but {arn[3]} is a region of {_partition(arn[3])}."
        )
    elif arn[2] == "ssm":
        if not _PARAMETER.fullmatch(arn[5]):
            yield Problem(argument, f"{value!r} is not the ARN of a parameter, which ends in parameter/NAME.")
    else:
        yield from _secret_problems(argument, value, arn[5])


def _secret_problems(argument: str, value: str, resource: str) -> Iterator[Problem]:
    name = ":".join(resource.split(":")[:2])
    parts = _SECRET_PARTS.fullmatch(resource.removeprefix(name))
    if not _SECRET.fullmatch(name):
        yield Problem(
            argument,
            f"{value!r} lacks the six characters that Secrets Manager appends to a secret's name, like -AbCdEf; "
            "copy the whole ARN.",
        )
    elif resource != name and not parts:
        yield Problem(
            argument,
            f"{value!r} must end with the secret's name, optionally followed by :KEY:STAGE:VERSION, whose parts may be "
            "empty, like :password::.",
        )
    elif parts and parts[2] and parts[3]:
        yield Problem(argument, f"{value!r} names both a version's stage and its id; use only one of them.")


def zone_id_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The id of a hosted zone."""
    if isinstance(value, str) and not _ZONE_ID.fullmatch(value):
        yield Problem(argument, f"{value!r} is not the id of a hosted zone, like Z0123456789ABCDEFGHIJ.")


def id_problems(argument: str, value: Any, prefix: str, noun: str) -> Iterator[Problem]:
    """An id from EC2, like vpc-0123456789abcdef0."""
    if isinstance(value, str) and not re.fullmatch(rf"{prefix}-[0-9a-f]+", value):
        yield Problem(argument, f"{value!r} is not the id of {noun}, like {prefix}-0123456789abcdef0.")


def host_problems(argument: str, value: Any) -> Iterator[Problem]:
    """A host name or an address, without scheme, port and path."""
    if isinstance(value, str) and not (_HOST.fullmatch(value) or _is_address(value)):
        yield Problem(
            argument, f"{value!r} is not a host name, like db.example.com; give it without scheme, port and path."
        )


def _is_address(value: str) -> bool:
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def image_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The reference of an image, by tag or digest."""
    if isinstance(value, str) and (not _IMAGE.fullmatch(value) or len(value) > _LONGEST_IMAGE):
        yield Problem(
            argument,
            f"{value!r} is not the reference of an image, like registry.example.com/shop:1.2, "
            f"of at most {_LONGEST_IMAGE} characters.",
        )
