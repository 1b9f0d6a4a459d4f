"""Many small apps, one bill: what costs by the hour is made once and shared."""

import pulumi
from flask_on_aws import Cluster, Database, FlaskApp, FlaskAppArgs, LoadBalancer, Network

config = pulumi.Config()
network = Network("shared", {})
cluster = Cluster("shared", {})
balancer = LoadBalancer(
    "shared",
    {
        "vpc_id": network.vpc_id,
        "subnet_ids": network.public_subnet_ids,
        "certificate_arn": config.require("certificateArn"),
    },
)
server = Database("shared", {"vpc_id": network.vpc_id, "subnet_ids": network.private_subnet_ids})


def app(name: str, priority: int) -> FlaskApp:
    """An app behind the shared load balancer, with a database of its own on the shared server.

    Each has a priority of its own on the listener; its database and role there are named like the app.
    """
    args: FlaskAppArgs = {
        "image": config.require("image"),
        "domain": f"{name}.example.com",
        "dns": "external",
        "vpc_id": network.vpc_id,
        "public_subnet_ids": network.public_subnet_ids,
        "private_subnet_ids": network.private_subnet_ids,
        "cluster_arn": cluster.cluster_arn,
        "cluster_name": cluster.cluster_name,
        "listener_arn": balancer.listener_arn,
        "listener_priority": priority,
        "load_balancer_security_group_id": balancer.security_group_id,
        "load_balancer_dns_name": balancer.dns_name,
        "load_balancer_zone_id": balancer.zone_id,
        "load_balancer_arn_suffix": balancer.arn_suffix,
        "database_host": server.host,
        "database_server_security_group_id": server.security_group_id,
        "database_server_secret_arn": server.secret_arn,
    }
    return FlaskApp(name, args)


pulumi.export("blog", app("blog", priority=100).url)
pulumi.export("shop", app("shop", priority=200).url)
