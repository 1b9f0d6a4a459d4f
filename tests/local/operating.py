"""An app with all its services on a local AWS, created in seconds, because no images are built."""

import json
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

from flask_on_aws.ecs.containers import container_definitions
from flask_on_aws.ecs.tunnel_task import WAITING
from flask_on_aws.releases.release_record import Release, release_parameter
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.project import LocalAws, open_local_aws
from flask_on_aws_cli.pulumi_engine.session import state_file
from flask_on_aws_cli.pulumi_engine.state import State

from tests.waiting import until

from .conftest import client
from .load import Load
from .runtimes import APP

CLUSTER = "app-cluster"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app"
PORT = 8080
_DRAIN = {"MODE": "drain", "SECONDS": "3"}
WORKER = f'"{sys.executable}" -c "import time; print(\'working\', flush=True); time.sleep(3600)"'


def image(release: str) -> str:
    """The reference of a release's image."""
    return f"{REPOSITORY}@sha256:{release.encode().hex():0<64}"


def open_project(folder: Path) -> LocalAws:
    """A project whose local AWS runs; stop it with `daemon_control.end`."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    local_aws = open_local_aws(folder, "us-east-1")
    daemon_control.ensure_started(local_aws)
    return local_aws


class Operated:
    """An app with a web service and a worker; `release` deploys a release."""

    def __init__(self, local_aws: LocalAws, *, with_sessions: bool = False) -> None:
        self._with_sessions = with_sessions
        self.location, self.project = local_aws.location, local_aws.location.folder.parent
        self.url = local_aws.url
        self.ecs, self.ssm = client(self.location, "ecs"), client(self.location, "ssm")
        self._balancing = client(self.location, "elbv2")
        self._create_resources()
        self._create_load_balancer()
        state = State(state_file(self.location, "local"))
        state.export({"clusterName": CLUSTER, "serviceName": "app-web-1"})

    def _create_resources(self) -> None:
        self.ecs.create_cluster(clusterName=CLUSTER)
        role = client(self.location, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")
        self._role = role["Role"]["Arn"]
        client(self.location, "logs").create_log_group(logGroupName="app-logs")
        subnets = client(self.location, "ec2").describe_subnets()["Subnets"]
        self._subnets = [subnet["SubnetId"] for subnet in subnets[:2]]
        self._vpc = subnets[0]["VpcId"]

    def _create_load_balancer(self) -> None:
        elb = self._balancing
        group = elb.create_target_group(
            Name="app-web",
            Protocol="HTTP",
            Port=PORT,
            VpcId=self._vpc,
            TargetType="ip",
            HealthCheckPath="/up",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )
        self.group = group["TargetGroups"][0]["TargetGroupArn"]
        delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}]
        elb.modify_target_group_attributes(TargetGroupArn=self.group, Attributes=delay)
        balancer = elb.create_load_balancer(Name="app", Subnets=self._subnets)["LoadBalancers"][0]
        certificate = client(self.location, "acm").request_certificate(DomainName="app.example.com")["CertificateArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTPS",
            Port=443,
            Certificates=[{"CertificateArn": certificate}],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )

    def build(self, release: str) -> Path:
        """Create the image of a release, which is a folder with the tests' app, and return the folder."""
        folder = self.location.folder / "images" / image(release).rpartition(":")[2][:16]
        (folder / "app").mkdir(parents=True)
        (folder / "app" / "app.py").write_text(APP.read_text())
        (folder / "plan.json").write_text(json.dumps({"start_command": f'"{sys.executable}" app.py'}))
        (folder / "start").touch()
        return folder

    def define(self, role: str, release: str, **environment: str) -> str:
        """Register a task definition of a service and return its ARN."""
        options = {"awslogs-group": "app-logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": role}
        container: dict[str, Any] = {
            "name": role,
            "image": image(release),
            "essential": True,
            "environment": [
                {"name": name, "value": value} for name, value in {**_DRAIN, "RELEASE": release, **environment}.items()
            ],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
            "stopTimeout": 5,
        }
        if role == "web":
            container["portMappings"] = [{"containerPort": PORT}]
        else:
            container["command"] = ["/bin/sh", "-c", f"exec {WORKER}"]
        return self.ecs.register_task_definition(
            family=f"app-{role}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self._role,
            taskRoleArn=self._role,
            containerDefinitions=[container],
            tags=[{"key": "team", "value": "web"}],
        )["taskDefinition"]["taskDefinitionArn"]

    def define_tunnel(self, release: str, command: str = "") -> None:
        """Register the task definition for tunnels, with another command of its container if that is set."""
        options = {"awslogs-group": "app-logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "tunnel"}
        (container,) = json.loads(container_definitions(WAITING, image(release), {}, {}, options, {}, "", [], []))
        self.ecs.register_task_definition(
            family="app-tunnel",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self._role,
            taskRoleArn=self._role,
            containerDefinitions=[{**container, **({"command": [command]} if command else {})}],
        )

    def release(self, release: str, **environment: str) -> None:
        """Do what an update does: deploy and record new task definitions, and deregister the old ones."""
        self.build(release)
        for role in ("web", "worker"):
            old = [
                service["taskDefinition"] for service in self.services() if service["serviceName"] == f"app-{role}-1"
            ]
            arn = self.define(role, release, **environment)
            self._deploy(role, arn, is_new=not old)
            self.steady(role)
            self.record(role, release, arn)
            for definition in old:
                self.ecs.deregister_task_definition(taskDefinition=definition)

    def record(self, role: str, release: str, arn: str) -> int:
        value = Release(image(release), arn).value
        name = release_parameter(CLUSTER, f"app-{role}")
        return self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)["Version"]

    def _deploy(self, role: str, arn: str, is_new: bool) -> None:
        if not is_new:
            self.ecs.update_service(cluster=CLUSTER, service=f"app-{role}-1", taskDefinition=arn)
            return
        load_balancing: dict[str, Any] = {
            "loadBalancers": [{"targetGroupArn": self.group, "containerName": "web", "containerPort": PORT}],
            "healthCheckGracePeriodSeconds": 20,
        }
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        self.ecs.create_service(
            cluster=CLUSTER,
            serviceName=f"app-{role}-1",
            taskDefinition=arn,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": self._subnets, "securityGroups": []}},
            deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200, **breaker},
            enableExecuteCommand=self._with_sessions,
            **(load_balancing if role == "web" else {}),
        )

    def services(self) -> list[dict[str, Any]]:
        arns = self.ecs.list_services(cluster=CLUSTER)["serviceArns"]
        return self.ecs.describe_services(cluster=CLUSTER, services=arns)["services"] if arns else []

    def service(self, role: str) -> dict[str, Any]:
        return next(service for service in self.services() if service["serviceName"] == f"app-{role}-1")

    def steady(self, role: str) -> None:
        """Wait until the deployment is complete."""

        def is_steady() -> bool:
            first = self.service(role)["deployments"][0]
            return first["rolloutState"] == "COMPLETED" and first["runningCount"] == first["desiredCount"]

        until(is_steady, state=lambda: self.service(role))

    def releases(self, role: str = "web") -> list[Release]:
        from flask_on_aws.releases import release_record

        return list(release_record.releases(self.ssm, release_parameter(CLUSTER, f"app-{role}")))

    def get(self) -> tuple[int, str]:
        """Status and body of the app's response."""
        context = ssl.create_default_context(cafile=str(self.location.folder / "ca" / "ca.pem"))
        with urllib.request.urlopen(self.url, context=context, timeout=20) as response:
            return response.status, response.read().decode()

    def load(self) -> Load:
        return Load(lambda: self.get()[0])

    def running_release(self) -> str:
        """The release that responds."""
        return self.get()[1].partition("'RELEASE': '")[2].partition("'")[0]
