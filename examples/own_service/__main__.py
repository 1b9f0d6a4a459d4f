"""A network, a bucket and a database from flask-on-aws, for an ECS service that this program defines itself."""

import pulumi
import pulumi_aws as aws
from flask_on_aws import Database, MediaBucket, Network, TaskRoles

network = Network("shop", {})
media = MediaBucket("shop-media", {"allowed_origins": ["https://shop.example.com"]})
tasks = aws.ec2.SecurityGroup("shop-tasks", vpc_id=network.vpc_id, description="Tasks of the shop")
database = Database(
    "shop-db",
    {
        "vpc_id": network.vpc_id,
        "subnet_ids": network.private_subnet_ids,
        "client_security_group_ids": {"shop": tasks.id},
    },
)
password = pulumi.Output.format("{arn}:password::", arn=database.secret_arn)
logs = aws.cloudwatch.LogGroup("shop-logs", retention_in_days=14)
roles = TaskRoles(
    "shop",
    {"log_group_arn": logs.arn, "secret_references": [password], "policies": {"media": media.policy_json}},
)
cluster = aws.ecs.Cluster("shop")
task = aws.ecs.TaskDefinition(
    "shop",
    family="shop",
    requires_compatibilities=["FARGATE"],
    network_mode="awsvpc",
    cpu="256",
    memory="512",
    execution_role_arn=roles.execution_role_arn,
    task_role_arn=roles.task_role_arn,
    container_definitions=pulumi.Output.json_dumps(
        [
            {
                "name": "shop",
                "image": "public.ecr.aws/docker/library/python:3.13-slim",
                "command": ["python", "-m", "http.server", "8080"],
                "environment": [
                    {"name": "MEDIA_BUCKET", "value": media.bucket_name},
                    {"name": "PGHOST", "value": database.host},
                ],
                "secrets": [{"name": "PGPASSWORD", "valueFrom": password}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": logs.name,
                        "awslogs-region": aws.get_region_output().region,
                        "awslogs-stream-prefix": "shop",
                    },
                },
            }
        ]
    ),
)
service = aws.ecs.Service(
    "shop",
    cluster=cluster.arn,
    task_definition=task.arn,
    launch_type="FARGATE",
    desired_count=1,
    network_configuration={
        "subnets": network.task_subnet_ids,
        "security_groups": [tasks.id],
        "assign_public_ip": network.assign_public_ip,
    },
)

pulumi.export("bucketName", media.bucket_name)
pulumi.export("databaseHost", database.host)
pulumi.export("serviceName", service.name)
