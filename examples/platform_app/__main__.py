"""An app on a shared platform: each stack of this program is an app on the stack of `../platform`."""

import pulumi
from flask_on_aws import FlaskApp

config = pulumi.Config()
platform = pulumi.StackReference(config.require("platform"))
certificate = config.get("certificateArn") or None

app = FlaskApp(
    config.require("name"),
    {
        "image": config.require("image"),
        "domain": config.require("domain"),
        "zone_id": platform.require_output("zone_id"),
        "vpc_id": platform.require_output("vpc_id"),
        "public_subnet_ids": platform.require_output("public_subnet_ids"),
        "private_subnet_ids": platform.require_output("private_subnet_ids"),
        "cluster_arn": platform.require_output("cluster_arn"),
        "cluster_name": platform.require_output("cluster_name"),
        "listener_arn": platform.require_output("listener_arn"),
        "certificate_arn": certificate,
        "listener_has_certificate": not (certificate or config.get_bool("ownCertificate")),
        "listener_priority": config.require_int("listenerPriority"),
        "load_balancer_security_group_id": platform.require_output("load_balancer_security_group_id"),
        "load_balancer_dns_name": platform.require_output("load_balancer_dns_name"),
        "load_balancer_zone_id": platform.require_output("load_balancer_zone_id"),
        "load_balancer_arn_suffix": platform.require_output("load_balancer_arn_suffix"),
        "database_host": platform.require_output("database_host"),
        "database_port": platform.require_output("database_port"),
        "database_server_security_group_id": platform.require_output("database_server_security_group_id"),
        "database_server_secret_arn": platform.require_output("database_server_secret_arn"),
    },
)

pulumi.export("url", app.url)
