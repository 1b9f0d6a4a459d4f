"""A platform for many apps: a network, a cluster, a load balancer and a database server.

The outputs have the names of the app's arguments; `../platform_app` reads them through a StackReference.
"""

import pulumi
from flask_on_aws import Certificate, Cluster, Database, LoadBalancer, Network

domain = pulumi.Config().require("domain")

network = Network("platform", {})
cluster = Cluster("platform", {})
certificate = Certificate("platform", {"domain": domain, "aliases": [f"*.{domain}"]})  # of the apps, too
balancer = LoadBalancer(
    "platform",
    {
        "vpc_id": network.vpc_id,
        "subnet_ids": network.public_subnet_ids,
        "certificate_arn": certificate.certificate_arn,
    },
)
server = Database("platform", {"vpc_id": network.vpc_id, "subnet_ids": network.private_subnet_ids})

pulumi.export("vpc_id", network.vpc_id)
pulumi.export("public_subnet_ids", network.public_subnet_ids)
pulumi.export("private_subnet_ids", network.private_subnet_ids)
pulumi.export("cluster_arn", cluster.cluster_arn)
pulumi.export("cluster_name", cluster.cluster_name)
pulumi.export("zone_id", certificate.zone_id)
pulumi.export("listener_arn", balancer.listener_arn)
pulumi.export("load_balancer_security_group_id", balancer.security_group_id)
pulumi.export("load_balancer_dns_name", balancer.dns_name)
pulumi.export("load_balancer_zone_id", balancer.zone_id)
pulumi.export("load_balancer_arn_suffix", balancer.arn_suffix)
pulumi.export("database_host", server.host)
pulumi.export("database_port", server.port)
pulumi.export("database_server_security_group_id", server.security_group_id)
pulumi.export("database_server_secret_arn", server.secret_arn)
