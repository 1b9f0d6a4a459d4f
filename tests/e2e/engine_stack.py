"""A small stack with most of the types that the engine creates, and the count of its resources on AWS."""

import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from flask_on_aws_cli.local_project.clients import client, control_request
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.pulumi_engine import apply, destroy

from tests.e2e.engine_key import RESET, keep_key
from tests.engine_programs import write_program

# Each resource has a reason: another depends on it, or the engine finds it in a special way after an interruption.
STACK = """
import json
config = pulumi.Config()
tags = {"team": config.get("team") or "web"}
cidr = config.get("cidr") or "10.0.0.0/16"
vpc = Custom("aws:ec2/vpc:Vpc", "net", {"cidrBlock": cidr, "tags": tags})
subnets = [Custom("aws:ec2/subnet:Subnet", f"net-{zone}", {"vpcId": vpc.id, "availabilityZone": f"us-east-1{zone}",
           "cidrBlock": cidr.replace(".0.0/16", f".{n}.0/24")}) for n, zone in enumerate("ab")]
group = Custom("aws:ec2/securityGroup:SecurityGroup", "access", {"vpcId": vpc.id, "description": "Access"})
Custom("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "http",
      {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0",
       "tags": tags})
balancer = Custom("aws:lb/loadBalancer:LoadBalancer", "alb", {"subnets": [s.id for s in subnets],
                 "securityGroups": [group.id], "idleTimeout": int(config.get("idle") or 50)},
                 outputs=["arn", "dnsName"])
targets = Custom("aws:lb/targetGroup:TargetGroup", "web", {"port": int(config.get("port") or 8080), "protocol": "HTTP",
                "vpcId": vpc.id, "targetType": "ip", "deregistrationDelay": 20,
                "healthCheck": {"path": config.get("health") or "/up", "interval": 5, "timeout": 3}}, outputs=["arn"])
listener = Custom("aws:lb/listener:Listener", "http", {"loadBalancerArn": balancer.arn, "port": 80, "protocol": "HTTP",
                 "defaultActions": [{"type": "fixed-response", "fixedResponse": {"contentType": "text/plain",
                 "messageBody": "no", "statusCode": "403"}}]}, outputs=["arn"])
rule = Custom("aws:lb/listenerRule:ListenerRule", "web", {"listenerArn": listener.arn, "priority": 100,
             "conditions": [{"pathPattern": {"values": ["/*"]}}],
             "actions": [{"type": "forward", "targetGroupArn": targets.arn}]})
role = Custom("aws:iam/role:Role", "task", {"assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": []})},
             outputs=["arn", "name"])
Custom("aws:iam/rolePolicy:RolePolicy", "task", {"role": role.name, "policy": json.dumps({"Version": "2012-10-17",
      "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})})
logs = Custom("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": int(config.get("days") or 14),
             **({"kmsKeyId": config.get("key")} if config.get("key") else {})}, outputs=["name"])
password = Custom("random:index/randomPassword:RandomPassword", "password", {"length": 32}, outputs=["result"])
secret = Custom("aws:secretsmanager/secret:Secret", "secret", {"description": "S", "recoveryWindowInDays": 0},
               outputs=["arn"])
Custom("aws:secretsmanager/secretVersion:SecretVersion", "content",
      {"secretId": secret.id, "secretString": pulumi.Output.json_dumps({"PASSWORD": password.result})},
      outputs=["versionId"])
if config.get("media") != "none":
    bucket = Custom("aws:s3/bucket:Bucket", "media", {"forceDestroy": True}, outputs=["bucket"])
    Custom("aws:s3/bucketVersioning:BucketVersioning", "versions",
          {"bucket": bucket.bucket, "versioningConfiguration": {"status": "Enabled"}})
cluster = Custom("aws:ecs/cluster:Cluster", "cluster", {}, outputs=["arn", "name"])
definition = Custom("aws:ecs/taskDefinition:TaskDefinition", "web", {"family": "web", "cpu": "256", "memory": "512",
                   "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "executionRoleArn": role.arn,
                   "containerDefinitions": json.dumps([{"name": "web", "image": config.get("image") or "web:1"}]),
                   "tags": tags}, outputs=["arn"])
service = Custom("aws:ecs/service:Service", "web", {"cluster": cluster.arn, "taskDefinition": definition.arn,
                "desiredCount": 1, "loadBalancers": [{"targetGroupArn": targets.arn, "containerName": "web",
                "containerPort": 8080}], "networkConfiguration": {"subnets": [s.id for s in subnets],
                "securityGroups": [group.id]}, "waitForSteadyState": True},
                pulumi.ResourceOptions(depends_on=[rule], ignore_changes=["desiredCount"]), outputs=["name"])
Custom("aws:cloudfront/distribution:Distribution", "cdn", {"enabled": True}, outputs=["domainName"])
pulumi.export("url", balancer.dnsName)
pulumi.export("password", password.result)
"""
RESOURCES_CREATED = 20
REGION = "us-east-1"


class EngineStack:
    """A program, its local AWS, and the engine's two commands."""

    def __init__(self, folder: Path, endpoint: str, body: str = STACK) -> None:
        self.location = Location(folder / ".local-aws", urlsplit(endpoint).port or 0, REGION)
        self.program = folder / "program"
        self.endpoint = endpoint
        self.events = []
        self.write(body)
        keep_key(self.location.folder)
        urllib.request.urlopen(control_request(f"{endpoint}{RESET}", self.location.access_key, REGION, "POST")).close()

    def write(self, body, **config):
        self.body = body
        lines = "".join(f"  shop:{key}: {value!r}\n" for key, value in config.items())
        write_program(self.program, body, f"config:\n{lines}" if lines else "config: {}\n")

    def configure(self, **config):
        self.write(self.body, **config)

    def apply(self, **options):
        self.events.clear()
        options.setdefault("progress", self.events.append)
        return apply(self.program, "local", Path(sys.executable), self.location, **options)

    def destroy(self, **options):
        self.events.clear()
        return destroy(self.program, "local", self.location, self.events.append, **options)

    def operations(self):
        """The completed operations, sorted: `update alb`."""
        return sorted(f"{event.operation} {event.name}" for event in self.events)

    def aws(self, service):
        return client(self.location, service)

    def inventory(self):
        """The number of resources on AWS by kind, without those of an empty account."""
        ec2, elb, ecs = self.aws("ec2"), self.aws("elbv2"), self.aws("ecs")
        vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
        balancers = elb.describe_load_balancers()["LoadBalancers"]
        listeners = [
            listener["ListenerArn"]
            for balancer in balancers
            for listener in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        ]
        roles = [role["RoleName"] for role in self.aws("iam").list_roles()["Roles"]]
        clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
        active = [cluster["clusterArn"] for cluster in clusters if cluster["status"] == "ACTIVE"]
        counts = {
            "vpcs": len(vpcs),
            "subnets": sum(subnet["VpcId"] in vpcs for subnet in ec2.describe_subnets()["Subnets"]),
            "groups": sum(
                group["GroupName"] != "default" for group in ec2.describe_security_groups()["SecurityGroups"]
            ),
            "balancers": len(balancers),
            "targets": len(elb.describe_target_groups()["TargetGroups"]),
            "listeners": len(listeners),
            "rules": sum(
                not rule["IsDefault"] for arn in listeners for rule in elb.describe_rules(ListenerArn=arn)["Rules"]
            ),
            "roles": len(roles),
            "policies": sum(len(self.aws("iam").list_role_policies(RoleName=role)["PolicyNames"]) for role in roles),
            "logs": len(self.aws("logs").describe_log_groups()["logGroups"]),
            "secrets": len(self.aws("secretsmanager").list_secrets()["SecretList"]),
            "buckets": len(self.aws("s3").list_buckets()["Buckets"]),
            "clusters": len(active),
            "services": sum(len(ecs.list_services(cluster=arn)["serviceArns"]) for arn in active),
            "definitions": len(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]),
        }
        return {kind: count for kind, count in counts.items() if count}


# The inventory of one STACK.
ONCE = {
    "vpcs": 1,
    "subnets": 2,
    "groups": 1,
    "balancers": 1,
    "targets": 1,
    "listeners": 1,
    "rules": 1,
    "roles": 1,
    "policies": 1,
    "logs": 1,
    "secrets": 1,
    "buckets": 1,
    "clusters": 1,
    "services": 1,
    "definitions": 1,
}
