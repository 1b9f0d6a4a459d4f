"""Test of the migration of a stack without a domain from a public load balancer to a VPC origin."""

import pytest

# Four updates of the complete stack; the guards and each step's graph are also tested without the engine.
pytestmark = pytest.mark.slow


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
