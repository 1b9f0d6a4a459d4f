"""Tests of the migrations between load balancers: to a VPC origin without a domain, and of a domain to CloudFront."""

import pytest

from tests.e2e.checks import check_nothing_to_do

# Four and five updates of a stack; the guards and each step's graph are also tested without the engine.
pytestmark = pytest.mark.slow
REGION = "eu-west-1"  # of the stack with a domain


def origin(stack):
    client = stack.aws("cloudfront")
    (distribution,) = client.list_distributions()["DistributionList"]["Items"]
    config = client.get_distribution_config(Id=distribution["Id"])["DistributionConfig"]
    (item,) = config["Origins"]["Items"]
    return "vpc" if "VpcOriginConfig" in item else "public"


def schemes(stack):
    return sorted(
        lb.get("Scheme") or "internet-facing" for lb in stack.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    )


def registered(stack):
    """The number of target groups that the web service is registered with."""
    ecs = stack.aws("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    services = ecs.list_services(cluster=cluster)["serviceArns"]
    (service,) = ecs.describe_services(cluster=cluster, services=services)["services"]
    return len(service["loadBalancers"])


def test_the_origin_is_migrated_in_three_updates_and_no_step_can_be_skipped(program):
    stack = program("moving")
    stack.configure(cloudfrontOrigin="public")
    stack.up()
    assert (origin(stack), schemes(stack), registered(stack)) == ("public", ["internet-facing"], 1)

    stack.run("config", "rm", "cloudfrontOrigin")
    for later_step in ("vpc", "vpc-with-public"):
        stack.configure(cloudfrontOrigin=later_step)
        output = stack.run("preview", fails=True)
        assert "cloudfrontOrigin (cloudfront_origin) to 'public' to keep it" in output, output
    stack.up(fails=True)  # also without a preview, and nothing in use is touched
    assert (origin(stack), registered(stack)) == ("public", 1)

    stack.configure(cloudfrontOrigin="public-with-vpc")
    stack.up()
    assert (origin(stack), schemes(stack), registered(stack)) == ("public", ["internal", "internet-facing"], 2)
    stack.configure(cloudfrontOrigin="vpc")
    assert "three updates" in stack.run("preview", fails=True)

    stack.configure(cloudfrontOrigin="vpc-with-public")
    stack.up()
    assert (origin(stack), schemes(stack), registered(stack)) == ("vpc", ["internal", "internet-facing"], 2)

    stack.configure(cloudfrontOrigin="vpc")
    stack.up()
    assert (origin(stack), schemes(stack), registered(stack)) == ("vpc", ["internal"], 1)
    assert stack.touched() == set()
    stack.configure(cloudfrontOrigin="public")
    assert "three updates" in stack.run("preview", fails=True)

    stack.configure(cloudfrontOrigin="vpc")
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.aws("cloudfront").list_vpc_origins()["VpcOriginList"]["Quantity"] == 0


def test_a_domain_moves_to_cloudfront_and_back_while_both_serve_it(program):
    """In a region other than us-east-1, where CloudFront's certificate has to be all the same."""
    stack = program("cdn")
    zone = stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    stack.run("config", "set", "aws:region", REGION)
    stack.configure(domain="shop.example.com", database="none", bucket="none")
    stack.up()
    assert (target(stack, zone), certificates(stack)) == ("load balancer", {REGION: 1})

    stack.configure(cdn=True)
    assert "moves to CloudFront with 'vpc-with-public'" in stack.run("preview", fails=True)
    stack.configure(cloudfrontOrigin="vpc-with-public")
    stack.up()
    assert (target(stack, zone), certificates(stack)) == ("distribution", {REGION: 1, "us-east-1": 1})
    check_nothing_to_do(stack)
    stack.run("config", "rm", "cloudfrontOrigin")
    stack.up()
    assert (target(stack, zone), certificates(stack)) == ("distribution", {"us-east-1": 1})
    assert validation_records(stack, zone)

    stack.configure(cdn=False)
    assert "cdn: the domain would move from the distribution" in stack.run("preview", fails=True)
    stack.configure(cdn=True, cloudfrontOrigin="public-with-vpc")
    stack.up()
    assert target(stack, zone) == "load balancer"
    assert len(distributions(stack)) == 1  # resolvers still return it
    stack.configure(cdn=False)
    stack.run("config", "rm", "cloudfrontOrigin")
    stack.up()
    assert (target(stack, zone), certificates(stack), distributions(stack)) == ("load balancer", {REGION: 1}, [])
    assert validation_records(stack, zone)


def target(stack, zone) -> str:
    """What the domain's records point at."""
    records = stack.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    (host,) = {record["AliasTarget"]["DNSName"].rstrip(".") for record in records if record.get("AliasTarget")}
    return "distribution" if host.endswith(".cloudfront.net") else "load balancer"


def validation_records(stack, zone) -> list[str]:
    records = stack.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [record["Name"] for record in records if record["Type"] == "CNAME"]


def certificates(stack) -> dict[str, int]:
    """The number of certificates by region."""
    resources = stack.resources()
    arns = [resource["id"] for key, resource in resources.items() if key.startswith("aws:acm/certificate:")]
    regions = [arn.split(":")[3] for arn in arns]
    return {region: regions.count(region) for region in regions}


def distributions(stack) -> list[str]:
    items = stack.aws("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    return [item["Id"] for item in items]
