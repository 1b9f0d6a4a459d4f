"""Checks of what names something that exists on AWS: ARNs, ids, host names, images. None of them asks AWS."""

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
    """What an ARN must be of."""

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
    """An ARN of one kind of resource; what an output will be is left to AWS."""
    if not isinstance(value, str):
        return
    found = _ARN.fullmatch(value)
    if not found or found[2] != kind.service or not kind.resource.fullmatch(found[5]):
        yield Problem(argument, f"{value!r} is not the ARN of {kind.noun}, like arn:aws:{kind.example}.")
        return
    yield from _place_problems(argument, value, found, kind)


def kms_key_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The ARN of a key. An alias or an id alone is not taken by CloudWatch Logs, and RDS would see a change in it each time."""
    if not isinstance(value, str):
        return
    name = value.rsplit(":", 1)[-1]
    if name.startswith("alias/") or re.fullmatch(KMS_KEY.resource, f"key/{value}"):
        noun = "an alias" if name.startswith("alias/") else "a key's id"
        yield Problem(
            argument,
            f"{value!r} is {noun}, which not every service takes; give the key's ARN, which "
            f"`aws kms describe-key --key-id {value}` shows.",
        )
        return
    yield from arn_problems(argument, value, KMS_KEY)


def _place_problems(argument: str, value: str, found: re.Match[str], kind: Kind) -> Iterator[Problem]:
    partition, region, account = found[1], found[3], found[4]
    if (kind.service == "iam") == bool(region) or not account or (account == "aws" and kind.service != "iam"):
        yield Problem(argument, f"{value!r} has another form than arn:{partition}:{kind.example}.")
    elif region and partition != _partition(region):
        yield Problem(
            argument, f"{value!r} is in partition {partition}, but {region} is a region of {_partition(region)}."
        )


def region_problems(argument: str, value: Any, region: str) -> Iterator[Problem]:
    """An ARN of something that must be in the stack's own region."""
    found = _ARN.fullmatch(value) if isinstance(value, str) else None
    if found and found[3] and found[3] != region:
        yield Problem(argument, f"{value!r} is in {found[3]}; it must be in the stack's region, {region}.")


def _partition(region: str) -> str:
    # https://docs.aws.amazon.com/general/latest/gr/rande.html; the isolated regions have partitions of their own too.
    special = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b"}
    return special.get(region.rsplit("-", 2)[0], "aws")


def secret_reference_problems(argument: str, value: Any) -> Iterator[Problem]:
    """What a container's `valueFrom` names: a secret, perhaps with `:key:stage:version`, or an SSM parameter."""
    if not isinstance(value, str):
        return
    found = _ARN.fullmatch(value)
    if not found or found[2] not in ("secretsmanager", "ssm"):
        yield Problem(  # the value is not repeated: somebody may have taken this for the place of the secret itself
            argument,
            "must be the ARN of a secret or an SSM parameter; the value itself goes into secret_values.",
        )
    elif not found[3] or not re.fullmatch(r"\d{12}", found[4] or ""):
        yield Problem(argument, f"{value!r} names no region or no account of 12 digits; copy the whole ARN.")
    elif found[3] and found[1] != _partition(found[3]):
        yield Problem(
            argument, f"{value!r} is in partition {found[1]}, but {found[3]} is a region of {_partition(found[3])}."
        )
    elif found[2] == "ssm":
        if not _PARAMETER.fullmatch(found[5]):
            yield Problem(argument, f"{value!r} is not the ARN of a parameter, which ends in parameter/NAME.")
    else:
        yield from _secret_problems(argument, value, found[5])


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
            f"{value!r} must end with the secret's name, or with :KEY:STAGE:VERSION behind it, whose parts may be "
            "empty, like :password::.",
        )
    elif parts and parts[2] and parts[3]:
        yield Problem(argument, f"{value!r} names a version's stage and its id; give one of them.")


def zone_id_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The id of a hosted zone."""
    if isinstance(value, str) and not _ZONE_ID.fullmatch(value):
        yield Problem(argument, f"{value!r} is not the id of a hosted zone, like Z0123456789ABCDEFGHIJ.")


def id_problems(argument: str, value: Any, prefix: str, noun: str) -> Iterator[Problem]:
    """An id that EC2 gave, like vpc-0123456789abcdef0."""
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
