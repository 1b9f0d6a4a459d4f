"""A running local AWS with ECS in the test's own process, and the few calls that tests make of it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_aws.ecs.data_plane import Ecs
from flask_on_aws_cli.local_project.location import Location
from moto.moto_api._internal import moto_api_backend

from .conftest import client
from .probing import ProbingTargets
from .runtimes import RUNTIMES


def until(true: Callable[[], Any], seconds: float = 20, what: Callable[[], Any] = lambda: "") -> Any:
    """Wait for something to come true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what()}")


def is_alive(pid: int) -> bool:
    """Whether a process runs. It may end between any two questions about it, so there is one."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Api:
    """The API as boto3 tells it, with what the tests' services need."""

    def __init__(self, place: Location, runtime: str = "process") -> None:
        self.place, self.runtime = place, RUNTIMES[runtime]
        self.ecs = client(place, "ecs")
        if not self.ecs.describe_clusters(clusters=["c"])["clusters"]:
            self._make_surroundings()
        self.subnet = client(place, "ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        self.role = client(place, "iam").get_role(RoleName="execution")["Role"]["Arn"]

    def _make_surroundings(self) -> None:
        self.ecs.create_cluster(clusterName="c")
        iam = client(self.place, "iam")
        iam.create_role(RoleName="execution", AssumeRolePolicyDocument="{}")
        allowed = (
            '{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameters"], "Resource": "*"}'
        )
        document = f'{{"Version": "2012-10-17", "Statement": [{allowed}]}}'
        iam.put_role_policy(RoleName="execution", PolicyName="secrets", PolicyDocument=document)
        client(self.place, "logs").create_log_group(logGroupName="g")

    @property
    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": [self.subnet], "securityGroups": []}}

    def define(self, family: str, memory: int = 512, others: Any = (), volumes: Any = (), **container: Any) -> str:
        """Register a task definition of the tests' app, and return its ARN."""
        environment = container.pop("environment", {})
        options = {"awslogs-group": "g", "awslogs-region": self.place.region, "awslogs-stream-prefix": "web"}
        definition = {
            "name": "web",
            "image": self.runtime.image,
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": name, "value": value} for name, value in environment.items()],
            "logConfiguration": {"logDriver": "awslogs", "options": options},
            "stopTimeout": 5,
            **container,
        }
        return self.ecs.register_task_definition(
            family=family,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory=str(memory),
            executionRoleArn=self.role,
            containerDefinitions=[definition, *others],
            volumes=list(volumes),
        )["taskDefinition"]["taskDefinitionArn"]

    def serve(
        self,
        name: str,
        definition: str,
        count: int = 1,
        grace: int = 20,
        balanced: bool = True,
        port: int = 8080,
        **more: Any,
    ) -> None:
        """Create a service with a circuit breaker behind a target group."""
        group = {"targetGroupArn": f"arn:{name}", "containerName": "web", "containerPort": port}
        breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        percents = {"minimumHealthyPercent": 100, "maximumPercent": 200}
        self.ecs.create_service(
            cluster="c",
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.network,
            loadBalancers=[group] if balanced else [],
            healthCheckGracePeriodSeconds=grace,
            deploymentConfiguration={**percents, **breaker},
            **more,
        )

    def service(self, name: str) -> Mapping[str, Any]:
        return self.ecs.describe_services(cluster="c", services=[name])["services"][0]

    def deployment(self, name: str) -> Mapping[str, Any]:
        return self.service(name)["deployments"][0]

    def tasks(self, name: str, status: str = "RUNNING") -> list[Mapping[str, Any]]:
        arns = self.ecs.list_tasks(cluster="c", serviceName=name, desiredStatus=status)["taskArns"]
        return self.ecs.describe_tasks(cluster="c", tasks=arns)["tasks"] if arns else []

    def task(self, arn: str) -> Mapping[str, Any]:
        return self.ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]

    def events(self, name: str) -> list[str]:
        return [event["message"] for event in self.service(name)["events"]]

    def steady(self, name: str, seconds: float = 30) -> Mapping[str, Any]:
        """Wait until one deployment is complete and runs what is desired."""

        def is_steady() -> Any:
            service = self.service(name)
            first = service["deployments"][0]
            done = first["rolloutState"] == "COMPLETED" and service["runningCount"] == service["desiredCount"]
            alone = len(service["deployments"]) == 1
            return service if done and alone and service["pendingCount"] == 0 else None

        return until(is_steady, seconds, lambda: (self.service(name), self.tasks(name, "STOPPED")[-1:]))

    def lines(self, stream: str) -> list[str]:
        logs = client(self.place, "logs")
        events = logs.get_log_events(logGroupName="g", logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]


class Cloud(Api):
    """A local AWS with ECS in this process."""

    def __init__(self, place: Location, runtime: str = "process") -> None:
        self.targets = ProbingTargets()
        self.endpoint = Endpoint(place)
        self.endpoint.start()
        self.plane = Ecs(place, self.endpoint, self.targets, RUNTIMES[runtime].make(place))
        self.plane.start()
        super().__init__(place, runtime)

    def stop(self) -> None:
        self.plane.stop()
        self.endpoint.stop()
        moto_api_backend.reset()  # the records are the process's, and another cloud may follow
