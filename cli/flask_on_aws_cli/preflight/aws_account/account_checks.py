"""Checks the AWS account: its zone's name servers, and whether its quotas leave room for the stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..settings import AppSettings

NAME = "quotas"
NO_CREDENTIALS = "no AWS credentials are configured"
Client = Callable[[str], Any]
# A preflight does not wait long for an account that cannot be reached.
_CLIENT_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1})


class Quota(NamedTuple):
    """A limit that a stack can reach: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""

    service: str
    code: str
    resource: str
    used: Callable[[Client], float]
    needed: Callable[[AppSettings], float]


def _count(service: str, operation: str, key: str) -> Callable[[Client], float]:
    def used(client: Client) -> float:
        return sum(len(page[key]) for page in client(service).get_paginator(operation).paginate())

    return used


def _running_vcpus(client: Client) -> float:
    """The vCPUs of running Fargate tasks in all clusters."""
    ecs, units = client("ecs"), 0
    for clusters in ecs.get_paginator("list_clusters").paginate():
        for cluster in clusters["clusterArns"]:
            for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, launchType="FARGATE"):
                if page["taskArns"]:
                    tasks = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
                    units += sum(int(task.get("cpu", 0)) for task in tasks)
    return units / 1024


def _stack_exists(settings: AppSettings, client: Client) -> bool:
    """Whether a stack with this name exists, so that a deployment adds only its tasks for a second time."""
    pages = client("ecs").get_paginator("list_clusters").paginate()
    names = [arn.rpartition("/")[2] for page in pages for arn in page["clusterArns"]]
    return any(name.startswith(f"{settings.name}-cluster-") for name in names)


def _vcpus(settings: AppSettings) -> float:
    """The vCPUs of a deployment, during which old and new tasks run at the same time."""
    return settings.cpu / 1024 * 2


def _one_resource(settings: AppSettings) -> float:
    return 1


def _database(settings: AppSettings) -> float:
    return int("database" in settings.services)


# The first applies to every deployment, the others only to a new stack.
_QUOTAS: tuple[Quota, ...] = (
    Quota("fargate", "L-3032A538", "vCPUs of Fargate", _running_vcpus, _vcpus),
    Quota("vpc", "L-F678F1CE", "VPCs", _count("ec2", "describe_vpcs", "Vpcs"), _one_resource),
    Quota(
        "elasticloadbalancing",
        "L-53DA6B97",
        "application load balancers",
        _count("elbv2", "describe_load_balancers", "LoadBalancers"),
        _one_resource,
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
    """Clients of the account whose credentials are configured; None if there are none."""
    session = boto3.Session(region_name=region)
    if session.get_credentials() is None:
        return None
    return lambda service: session.client(service, config=_CLIENT_CONFIG)  # type: ignore[call-overload]


def quota_check(settings: AppSettings, client: Client | None) -> Check:
    """Whether each quota has enough left for a deployment of the stack."""
    if client is None:
        return not_checked(NAME, NO_CREDENTIALS)
    try:
        usages = list(_quota_usages(settings, client))
    except (BotoCoreError, ClientError) as error:
        return not_checked(NAME, f"AWS did not return the quotas ({error})")
    return judge_quotas(usages)


class QuotaUsage(NamedTuple):
    """A quota, and how much of it is used and needed."""

    resource: str
    quota: float
    used: float
    needed: float


def _quota_usages(settings: AppSettings, client: Client) -> Iterator[QuotaUsage]:
    exists = _stack_exists(settings, client)
    for quota in _QUOTAS[:1] if exists else _QUOTAS:
        needed = quota.needed(settings)
        if needed:
            response: Mapping[str, Any] = client("service-quotas").get_service_quota(
                ServiceCode=quota.service, QuotaCode=quota.code
            )
            yield QuotaUsage(quota.resource, float(response["Quota"]["Value"]), quota.used(client), needed)


def judge_quotas(usages: Sequence[QuotaUsage]) -> Check:
    """Whether every quota suffices. Pure."""
    lines = tuple(
        f"{usage.resource}: {usage.used:g} of {usage.quota:g} used, {usage.needed:g} more needed" for usage in usages
    )
    short = [line for line, usage in zip(lines, usages, strict=True) if usage.used + usage.needed > usage.quota]
    if short:
        finding = Finding(
            Cause.QUOTA,
            f"{len(short)} {'quota leaves' if len(short) == 1 else 'quotas leave'} no room for the stack",
            "request an increase in the Service Quotas console",
            tuple(short),
        )
        return failed(NAME, finding)
    return passed(NAME, "; ".join(lines))


def zone_servers(domain: str, client: Client | None) -> Sequence[str] | str:
    """Name servers of the public zone with the longest matching name, or the reason why there are none."""
    if client is None:
        return f"{NO_CREDENTIALS} to compare with its Route 53 zone"
    try:
        route53 = client("route53")
        zones = [zone for page in route53.get_paginator("list_hosted_zones").paginate() for zone in page["HostedZones"]]
        names = {
            zone["Name"].rstrip("."): zone["Id"]
            for zone in zones
            if not zone["Config"]["PrivateZone"] and f".{domain}".endswith(f".{zone['Name'].rstrip('.')}")
        }
        if not names:
            return f"the account has no hosted zone for {domain}"
        return route53.get_hosted_zone(Id=names[max(names, key=len)])["DelegationSet"]["NameServers"]
    except (BotoCoreError, ClientError) as error:
        return f"AWS did not return the hosted zone ({error})"
