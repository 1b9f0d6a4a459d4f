"""Delegation, CAA and quotas: what is asked is given, what comes of it is judged."""

from typing import ClassVar

import boto3
import dns.resolver
import pytest
from botocore.stub import Stubber
from flask_on_aws_cli.preflight.aws_account.account_checks import (
    NO_CREDENTIALS,
    QuotaUsage,
    judge_quotas,
    quota_check,
    zone_servers,
)
from flask_on_aws_cli.preflight.aws_account.domain import domain_checks
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.settings import AppSettings

ZONE = ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]


def ask(records):
    return lambda name, kind: records.get((name, kind), ())


def checks(records, zone=ZONE, domain="shop.example.com"):
    return {check.name: check for check in domain_checks(domain, zone, ask(records))}


def test_without_a_domain_nothing_is_asked():
    assert {one.message for one in domain_checks("", "")} == {"the stack has no domain"}


def test_the_nearest_delegation_counts():
    other = {("example.com", "NS"): ["a.iana-servers.net."]}
    assert checks({**other, ("shop.example.com", "NS"): ["NS-1.awsdns-01.org."]})["delegation"].status is Status.PASSED
    found = checks(other)["delegation"]
    assert (found.cause, found.message) == (
        Cause.DELEGATION,
        "example.com is served by a.iana-servers.net, not by its Route 53 zone",
    )
    assert "ns-1.awsdns-01.org, ns-2.awsdns-02.com" in found.fix
    assert "no name server serves" in checks({})["delegation"].message


def test_without_credentials_the_delegation_is_told_and_not_compared():
    found = checks({("example.com", "NS"): ["a.iana-servers.net."]}, NO_CREDENTIALS)["delegation"]
    assert (found.status, NO_CREDENTIALS in found.message) == (Status.NOT_CHECKED, True)


@pytest.mark.parametrize(
    ("records", "cause"),
    [
        ({}, None),
        ({("example.com", "CAA"): ['0 issue "letsencrypt.org"']}, Cause.CAA),
        ({("example.com", "CAA"): ['0 issue ";"']}, Cause.CAA),
        ({("example.com", "CAA"): ['0 issue "letsencrypt.org"', '0 issue "amazon.com; account=1"']}, None),
        ({("example.com", "CAA"): ['0 iodef "mailto:a@example.com"']}, None),
        (
            {("example.com", "CAA"): ['0 issue "pki.goog"'], ("shop.example.com", "CAA"): ['0 issue "awstrust.com"']},
            None,
        ),
    ],
)
def test_caa_is_read_from_the_nearest_name(records, cause):
    assert checks(records)["CAA"].cause is cause


def test_without_a_network_it_is_not_checked():
    def no_name_server(name, kind):
        raise dns.resolver.NoNameservers(request=dns.message.make_query(name, kind), errors=[])

    results = domain_checks("shop.example.com", ZONE, no_name_server)
    assert {(check.status, check.message.split(" (")[0]) for check in results} == {
        (Status.NOT_CHECKED, "no name server responds")
    }


def test_the_longest_zone_s_servers_are_compared():
    client = boto3.client("route53", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    zones = [
        {"Id": f"/hostedzone/{name}", "Name": name, "CallerReference": "x", "Config": {"PrivateZone": private}}
        for name, private in [("example.com.", False), ("shop.example.com.", False), ("a.shop.example.com.", True)]
    ]
    with Stubber(client) as stub:
        stub.add_response(
            "list_hosted_zones", {"HostedZones": zones, "Marker": "", "IsTruncated": False, "MaxItems": "9"}
        )
        told = {"HostedZone": zones[1], "DelegationSet": {"NameServers": ZONE}}
        stub.add_response("get_hosted_zone", told, {"Id": "/hostedzone/shop.example.com."})
        assert zone_servers("a.shop.example.com", lambda _: client) == ZONE
    assert zone_servers("shop.example.com", None) == f"{NO_CREDENTIALS} to compare with its Route 53 zone"


def test_a_full_quota_is_told_with_its_numbers():
    rooms = [QuotaUsage("VPCs", 5, 5, 1), QuotaUsage("vCPUs of Fargate", 6, 1.5, 0.5)]
    found = judge_quotas(rooms)
    assert (found.cause, found.evidence) == (Cause.QUOTA, ("VPCs: 5 of 5 used, 1 more needed",))
    assert judge_quotas(rooms[1:]).message == "vCPUs of Fargate: 1.5 of 6 used, 0.5 more needed"


class Pages:
    """A client that knows one page of everything."""

    LISTS: ClassVar = {
        "clusterArns": ["arn:aws:ecs:eu-west-1:1:cluster/shop-cluster-1a2b"],
        "taskArns": ["t"],
        "Vpcs": [1],
        "LoadBalancers": [],
        "DBInstances": [1, 2],
    }

    def __init__(self, service):
        self.service = service

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        return [self.LISTS]

    def describe_tasks(self, **_):
        return {"tasks": [{"cpu": "512"}]}

    def get_service_quota(self, ServiceCode, QuotaCode):
        return {"Quota": {"Value": 5.0}}


def test_what_is_used_is_counted(tmp_path):
    found = quota_check(AppSettings(tmp_path), Pages)
    assert found.message == (
        "vCPUs of Fargate: 0.5 of 5 used, 0.5 more needed; VPCs: 1 of 5 used, 1 more needed; "
        "application load balancers: 0 of 5 used, 1 more needed; database instances: 2 of 5 used, 1 more needed"
    )
    there = quota_check(AppSettings(tmp_path, name="shop"), Pages)
    assert there.message == "vCPUs of Fargate: 0.5 of 5 used, 0.5 more needed"
    assert quota_check(AppSettings(tmp_path), None).message == NO_CREDENTIALS
