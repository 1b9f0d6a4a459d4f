"""An app on a local AWS with all its parts, made in seconds: nothing is built, and releases are only recorded."""

import json
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

from flask_on_aws.releases.release_record import Release, release_parameter
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.project import LocalAws, open_local_aws
from flask_on_aws_cli.pulumi_engine.session import state_file
from flask_on_aws_cli.pulumi_engine.state import State

from .cloud import until
from .conftest import client
from .load import Load
from .runtimes import APP

CLUSTER = "app-cluster"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app"
PORT = 8080
_DRAINS = {"MODE": "drain", "SECONDS": "3"}
WORKER = f'"{sys.executable}" -c "import time; print(\'at work\', flush=True); time.sleep(3600)"'


def image(release: str) -> str:
    """The reference of a release's image."""
    return f"{REPOSITORY}@sha256:{release.encode().hex():0<64}"


def open_project(folder: Path) -> LocalAws:
    """A project whose local AWS runs; end it with `control.end`."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    place = open_local_aws(folder, "us-east-1")
    daemon_control.ensure_started(place)
    return place


class Operated:
    """An app with a web service and a worker; a release is deployed by `release`."""

    def __init__(self, place: LocalAws) -> None:
        self.place, self.project = place.location, place.location.folder.parent
        self.url = place.url
        self.ecs, self.ssm = client(self.place, "ecs"), client(self.place, "ssm")
        self._balancing = client(self.place, "elbv2")
        self._make_surroundings()
        self._make_balancer()
        state = State(state_file(self.place, "local"))
        state.export({"clusterName": CLUSTER, "serviceName": "app-web-1"})

    def _make_surroundings(self) -> None:
        self.ecs.create_cluster(clusterName=CLUSTER)
        role = client(self.place, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")
        self._role = role["Role"]["Arn"]
        client(self.place, "logs").create_log_group(logGroupName="app-logs")
        subnets = client(self.place, "ec2").describe_subnets()["Subnets"]
        self._subnets = [subnet["SubnetId"] for subnet in subnets[:2]]
        self._vpc = subnets[0]["VpcId"]

    def _make_balancer(self) -> None:
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
        certificate = client(self.place, "acm").request_certificate(DomainName="app.example.com")["CertificateArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTPS",
            Port=443,
            Certificates=[{"CertificateArn": certificate}],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )

    def build(self, release: str) -> Path:
        """The image of a release: the tests' app in a folder."""
        folder = self.place.folder / "images" / image(release).rpartition(":")[2][:16]
        (folder / "app").mkdir(parents=True)
        (folder / "app" / "app.py").write_text(APP.read_text())
        (folder / "plan.json").write_text(json.dumps({"start_command": f'"{sys.executable}" app.py'}))
        (folder / "start").touch()
        return folder

    def define(self, role: str, release: str, **environment: str) -> str:
        """A task definition of a service; its ARN."""
        options = {"awslogs-group": "app-logs", "awslogs-region": "us-east-1", "awslogs-stream-prefix": role}
        container: dict[str, Any] = {
            "name": role,
            "image": image(release),
            "essential": True,
            "environment": [
                {"name": name, "value": value} for name, value in {**_DRAINS, "RELEASE": release, **environment}.items()
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

    def release(self, release: str, **environment: str) -> None:
        """What an update does: new task definitions, both services deployed and recorded, the old definitions gone."""
        self.build(release)
        for role in ("web", "worker"):
            old = [one["taskDefinition"] for one in self.services() if one["serviceName"] == f"app-{role}-1"]
            arn = self.define(role, release, **environment)
            self._deploy(role, arn, is_new=not old)
            self.steady(role)
            self.record(role, release, arn)
            for one in old:
                self.ecs.deregister_task_definition(taskDefinition=one)

    def record(self, role: str, release: str, arn: str) -> int:
        value = Release(image(release), arn).value
        name = release_parameter(CLUSTER, f"app-{role}")
        return self.ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)["Version"]

    def _deploy(self, role: str, arn: str, is_new: bool) -> None:
        if not is_new:
            self.ecs.update_service(cluster=CLUSTER, service=f"app-{role}-1", taskDefinition=arn)
            return
        balanced: dict[str, Any] = {
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
            **(balanced if role == "web" else {}),
        )

    def services(self) -> list[dict[str, Any]]:
        arns = self.ecs.list_services(cluster=CLUSTER)["serviceArns"]
        return self.ecs.describe_services(cluster=CLUSTER, services=arns)["services"] if arns else []

    def service(self, role: str) -> dict[str, Any]:
        return next(one for one in self.services() if one["serviceName"] == f"app-{role}-1")

    def steady(self, role: str) -> None:
        """Wait until one deployment is complete."""

        def is_steady() -> bool:
            first = self.service(role)["deployments"][0]
            return first["rolloutState"] == "COMPLETED" and first["runningCount"] == first["desiredCount"]

        until(is_steady, 60, lambda: self.service(role))

    def releases(self, role: str = "web") -> list[Release]:
        from flask_on_aws.releases import release_record

        return list(release_record.releases(self.ssm, release_parameter(CLUSTER, f"app-{role}")))

    def ask(self) -> tuple[int, str]:
        """The answer of the app."""
        context = ssl.create_default_context(cafile=str(self.place.folder / "ca" / "ca.pem"))
        with urllib.request.urlopen(self.url, context=context, timeout=20) as answer:
            return answer.status, answer.read().decode()

    def load(self) -> Load:
        return Load(lambda: self.ask()[0])

    def runs(self) -> str:
        """The release that answers."""
        return self.ask()[1].partition("'RELEASE': '")[2].partition("'")[0]
