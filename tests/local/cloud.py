"""A local AWS with ECS in the process of the tests, and the API calls that they use."""

from collections.abc import Mapping
from typing import Any

import psutil
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_aws.ecs.data_plane import Ecs
from flask_on_aws_cli.local_project.location import Location
from moto.moto_api._internal import moto_api_backend

from tests.waiting import until

from .conftest import client
from .probing import ProbingTargets
from .runtimes import RUNTIMES


def is_alive(pid: int) -> bool:
    """Whether a process runs. A single system call, because it may end between two."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Api:
    """boto3 clients of a local AWS, with the resources that the tests' services need."""

    def __init__(self, location: Location, runtime: str = "process") -> None:
        self.location, self.runtime = location, RUNTIMES[runtime]
        self.ecs = client(location, "ecs")
        if not self.ecs.describe_clusters(clusters=["c"])["clusters"]:
            self._create_resources()
        self.subnet = client(location, "ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        self.role = client(location, "iam").get_role(RoleName="execution")["Role"]["Arn"]

    def _create_resources(self) -> None:
        self.ecs.create_cluster(clusterName="c")
        iam = client(self.location, "iam")
        iam.create_role(RoleName="execution", AssumeRolePolicyDocument="{}")
        statement = (
            '{"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameters"], "Resource": "*"}'
        )
        document = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'
        iam.put_role_policy(RoleName="execution", PolicyName="secrets", PolicyDocument=document)
        client(self.location, "logs").create_log_group(logGroupName="g")

    @property
    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": [self.subnet], "securityGroups": []}}

    def define(self, family: str, memory: int = 512, others: Any = (), volumes: Any = (), **container: Any) -> str:
        """Register a task definition of the tests' app, and return its ARN."""
        environment = container.pop("environment", {})
        options = {"awslogs-group": "g", "awslogs-region": self.location.region, "awslogs-stream-prefix": "web"}
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
        **options: Any,
    ) -> None:
        """Create a service behind a target group, with a circuit breaker."""
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
            **options,
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

    def steady(self, name: str) -> Mapping[str, Any]:
        """Wait until the only deployment is complete and runs the desired number of tasks."""

        def is_steady() -> Any:
            service = self.service(name)
            first = service["deployments"][0]
            is_complete = first["rolloutState"] == "COMPLETED" and service["runningCount"] == service["desiredCount"]
            is_only = len(service["deployments"]) == 1
            return service if is_complete and is_only and service["pendingCount"] == 0 else None

        return until(is_steady, state=lambda: (self.service(name), self.tasks(name, "STOPPED")[-1:]))

    def lines(self, stream: str) -> list[str]:
        logs = client(self.location, "logs")
        events = logs.get_log_events(logGroupName="g", logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]


class Cloud(Api):
    """A local AWS with ECS in this process."""

    def __init__(self, location: Location, runtime: str = "process") -> None:
        self.targets = ProbingTargets()
        self.endpoint = Endpoint(location)
        self.endpoint.start()
        self.plane = Ecs(location, self.endpoint, self.targets, RUNTIMES[runtime].create(location))
        self.plane.start()
        super().__init__(location, runtime)

    def stop(self) -> None:
        self.plane.stop()
        self.endpoint.stop()
        moto_api_backend.reset()  # the records belong to the process, in which another test may start a cloud
