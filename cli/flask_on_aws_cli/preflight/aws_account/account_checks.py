"""What the AWS account says: its zone's name servers, and whether its quotas leave room for the stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..settings import AppSettings

NAME = "quotas"
NO_CREDENTIALS = "there are no AWS credentials here"
Client = Callable[[str], Any]
# A preflight does not wait for an account that cannot be reached.
_PATIENCE = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1})


class Quota(NamedTuple):
    """A limit that a stack can meet: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""

    service: str
    code: str
    what: str
    used: Callable[[Client], float]
    needed: Callable[[AppSettings], float]


def _count(service: str, operation: str, key: str) -> Callable[[Client], float]:
    def used(client: Client) -> float:
        return sum(len(page[key]) for page in client(service).get_paginator(operation).paginate())

    return used


def _running_vcpus(client: Client) -> float:
    """Of Fargate's running tasks, in all clusters."""
    ecs, units = client("ecs"), 0
    for clusters in ecs.get_paginator("list_clusters").paginate():
        for cluster in clusters["clusterArns"]:
            for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, launchType="FARGATE"):
                if page["taskArns"]:
                    tasks = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
                    units += sum(int(task.get("cpu", 0)) for task in tasks)
    return units / 1024


def _is_there(settings: AppSettings, client: Client) -> bool:
    """Whether a stack of this name runs: then a deploy needs its tasks a second time, and nothing else."""
    pages = client("ecs").get_paginator("list_clusters").paginate()
    names = [arn.rpartition("/")[2] for page in pages for arn in page["clusterArns"]]
    return any(name.startswith(f"{settings.name}-cluster-") for name in names)


def _vcpus(settings: AppSettings) -> float:
    """During a release old and new tasks run side by side."""
    return settings.cpu / 1024 * 2


def _one(settings: AppSettings) -> float:
    return 1


def _database(settings: AppSettings) -> float:
    return int(settings.database)


# The first is of every deploy, the others of a new stack's.
_QUOTAS: tuple[Quota, ...] = (
    Quota("fargate", "L-3032A538", "vCPUs of Fargate", _running_vcpus, _vcpus),
    Quota("vpc", "L-F678F1CE", "VPCs", _count("ec2", "describe_vpcs", "Vpcs"), _one),
    Quota(
        "elasticloadbalancing",
        "L-53DA6B97",
        "application load balancers",
        _count("elbv2", "describe_load_balancers", "LoadBalancers"),
        _one,
    ),
    Quota(
        "rds",
        "L-7B6409FD",
        "database instances",
        _count("rds", "describe_db_instances", "DBInstances"),
        _database,
    ),
)


def account_client(region: str) -> Client | None:
    """Clients of the account whose credentials are here; None if there are none."""
    session = boto3.Session(region_name=region)
    if session.get_credentials() is None:
        return None
    return lambda service: session.client(service, config=_PATIENCE)  # type: ignore[call-overload]


def quota_check(settings: AppSettings, client: Client | None) -> Check:
    """Whether what a deploy of the stack needs is left of each quota."""
    if client is None:
        return not_checked(NAME, NO_CREDENTIALS)
    try:
        found = list(_rooms(settings, client))
    except (BotoCoreError, ClientError) as error:
        return not_checked(NAME, f"AWS does not tell ({error})")
    return judge_quotas(found)


class Room(NamedTuple):
    """One quota, with what is used and needed of it."""

    what: str
    quota: float
    used: float
    needed: float


def _rooms(settings: AppSettings, client: Client) -> Iterator[Room]:
    there = _is_there(settings, client)
    for one in _QUOTAS[:1] if there else _QUOTAS:
        needed = one.needed(settings)
        if needed:
            told: Mapping[str, Any] = client("service-quotas").get_service_quota(
                ServiceCode=one.service, QuotaCode=one.code
            )
            yield Room(one.what, float(told["Quota"]["Value"]), one.used(client), needed)


def judge_quotas(rooms: Sequence[Room]) -> Check:
    """Pure."""
    lines = tuple(f"{one.what}: {one.used:g} of {one.quota:g} used, {one.needed:g} more needed" for one in rooms)
    short = [line for line, one in zip(lines, rooms, strict=True) if one.used + one.needed > one.quota]
    if short:
        finding = Finding(
            Cause.QUOTA,
            f"{len(short)} {'quota leaves' if len(short) == 1 else 'quotas leave'} no room for the stack",
            "ask for more in the console of Service Quotas",
            tuple(short),
        )
        return failed(NAME, finding)
    return passed(NAME, "; ".join(lines))


def zone_servers(domain: str, client: Client | None) -> Sequence[str] | str:
    """Name servers of the public zone with the longest matching name, or a sentence why they are not known."""
    if client is None:
        return f"{NO_CREDENTIALS} to compare with its zone"
    try:
        route53 = client("route53")
        zones = [zone for page in route53.get_paginator("list_hosted_zones").paginate() for zone in page["HostedZones"]]
        names = {
            zone["Name"].rstrip("."): zone["Id"]
            for zone in zones
            if not zone["Config"]["PrivateZone"] and f".{domain}".endswith(f".{zone['Name'].rstrip('.')}")
        }
        if not names:
            return f"the account has no zone for {domain}"
        return route53.get_hosted_zone(Id=names[max(names, key=len)])["DelegationSet"]["NameServers"]
    except (BotoCoreError, ClientError) as error:
        return f"AWS does not tell the zone ({error})"
