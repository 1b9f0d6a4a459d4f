"""A Flask app, and a second service on its cluster, load balancer, bucket and database."""

import pulumi
import pulumi_aws as aws
from flask_on_aws import FlaskApp, Route, Service

image = pulumi.Config().require("image")


def disconnect_sooner(balancer: aws.lb.LoadBalancerArgs, _opts: pulumi.ResourceOptions, _name: str) -> None:
    """A transform sets what no argument of the app covers."""
    balancer.client_keep_alive = 600  # seconds


shop = FlaskApp("shop", {"image": image}, transform={"load_balancer": disconnect_sooner})

route = Route(
    "reports", {"listener_arn": shop.listener_arn, "vpc_id": shop.vpc_id, "paths": ["/reports*"], "priority": 50}
)
reports = Service(
    "reports",
    {
        "cluster_arn": shop.cluster_arn,
        "vpc_id": shop.vpc_id,
        "subnet_ids": shop.task_subnet_ids,
        "assign_public_ip": shop.assign_public_ip,
        "image_uri": image,
        "target_group_arn": route.target_group_arn,
        "load_balancer_security_group_id": shop.load_balancer_security_group_id,
        "environment": {"MEDIA_BUCKET": shop.bucket_name, "DATABASE_SECRET_ARN": shop.database_secret_arn},
    },
)
shop.grant("reports", reports.task_role_name)
if shop.database:
    shop.database.allow_connection_from("reports", reports.security_group_id)

pulumi.export("url", shop.url)
pulumi.export("reportsUrl", pulumi.Output.format("{url}/reports", url=shop.url))
