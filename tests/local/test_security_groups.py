"""Tests that a task does not start if its security groups would block its connections on AWS."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws_cli.local_aws.api.security_groups import Group, Rule, aws_obstacle, database_obstacle
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port

from .cloud import Cloud
from .conftest import REGION, client
from .test_ecs import run_task

HOST, LOCAL_PORT = "127.0.0.1", 20999  # the address of the database's server on this machine
ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Location(tmp_path_factory.mktemp("local aws"), free_port(), REGION))
    yield cloud
    cloud.stop()


class Network:
    """A security group for tasks and one for a database, both without rules."""

    number = 0

    def __init__(self, cloud: Cloud) -> None:
        Network.number += 1
        self.cloud, self.name = cloud, f"db-{Network.number}"
        self.ec2 = client(cloud.location, "ec2")
        self.tasks, self.database = (self._group(f"{role}-{self.number}") for role in ("tasks", "database"))
        client(cloud.location, "rds").create_db_instance(
            DBInstanceIdentifier=self.name,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            Port=5432,
            MasterUsername="app",
            MasterUserPassword="password",
            AllocatedStorage=20,
            VpcSecurityGroupIds=[self.database],
        )
        cloud.endpoint.records.write_database(self.name, "available", HOST, LOCAL_PORT + self.number)

    def _group(self, name: str) -> str:
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        description = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=description["IpPermissionsEgress"])
        return group

    def allow_outbound(self, port: int, **to: Any) -> None:
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **to}
        self.ec2.authorize_security_group_egress(GroupId=self.tasks, IpPermissions=[permission])

    def allow_inbound(self, port: int = 5432) -> None:
        source = [{"GroupId": self.tasks}]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": source}
        self.ec2.authorize_security_group_ingress(GroupId=self.database, IpPermissions=[permission])

    @property
    def to_database(self) -> dict[str, Any]:
        return {"UserIdGroupPairs": [{"GroupId": self.database}]}

    def run(self, **environment: str) -> Any:
        """Run a task that exits with 3; by default, its variables contain the address of the database."""
        variables = environment or {"PGHOST": HOST, "PGPORT": str(LOCAL_PORT + self.number)}
        definition = self.cloud.define(self.name, command=["/bin/sh", "-c", "exit 3"], environment=variables)
        network = {"awsvpcConfiguration": {"subnets": [self.cloud.subnet], "securityGroups": [self.tasks]}}
        return run_task(self.cloud, definition, networkConfiguration=network)


@pytest.fixture
def network(cloud: Cloud) -> Network:
    return Network(cloud)


def has_run(task: Any) -> bool:
    return task["containers"][0].get("exitCode") == 3


def test_a_task_that_only_reaches_port_443_fails_because_of_its_database(network: Network) -> None:
    """A stack with `outboundPorts: [443]` must not run here and fail on AWS."""
    network.allow_outbound(443, **ANYWHERE)
    network.allow_inbound()
    task = network.run()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == (
        f"ResourceInitializationError: on AWS, the task could not reach its database {network.name}: no outbound rule "
        f"of security group {network.tasks} allows port 5432 to security group {network.database}"
    )


def test_a_rule_between_the_groups_allows_the_database(network: Network) -> None:
    network.allow_outbound(443, **ANYWHERE)
    network.allow_outbound(5432, **network.to_database)
    network.allow_inbound()
    assert has_run(network.run())


def test_rules_for_a_shared_server_can_have_its_local_port(network: Network) -> None:
    port = LOCAL_PORT + network.number
    network.allow_outbound(443, **ANYWHERE)
    network.allow_outbound(port, **network.to_database)
    network.allow_inbound(port)
    url = f"postgresql://app:password@{HOST}:{port}/app?sslmode=verify-full"
    assert has_run(network.run(DATABASE_URL=url))


def test_the_group_of_the_database_must_allow_the_task(network: Network) -> None:
    network.allow_outbound(443, **ANYWHERE)
    network.allow_outbound(5432, **network.to_database)
    reason = network.run()["stoppedReason"]
    assert f"no inbound rule of security group {network.database} allows port 5432 from" in reason


def test_a_task_without_a_database_needs_no_rule_for_it(network: Network) -> None:
    network.allow_outbound(443, **ANYWHERE)
    assert has_run(network.run(COLOUR="red"))


def test_without_port_443_no_image_can_be_pulled(network: Network) -> None:
    network.allow_outbound(587, **ANYWHERE)
    task = network.run(COLOUR="red")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert f"no outbound rule of security group {network.tasks} allows port 443" in task["stoppedReason"]
    evidence = Evidence(stop_code=task["stopCode"], stopped_reason=task["stoppedReason"], containers=task["containers"])
    assert diagnose(evidence).kind == "no route to the registry"


def test_a_private_network_reaches_aws_through_vpc_endpoints(network: Network) -> None:
    network.allow_outbound(443, **network.to_database)  # any group, because the one of the endpoints is unknown here
    assert has_run(network.run(COLOUR="red"))


TASKS = Group("sg-t", outbound=[Rule("-1", None, None, None)])


@pytest.mark.parametrize(
    ("tasks", "database", "reason"),
    [
        ([TASKS], [], ""),  # an unknown group
        ([], [Group("sg-d")], ""),
        ([TASKS], [Group("sg-d")], "no inbound rule of security group sg-d allows port 5432 from security group sg-t"),
        ([TASKS], [Group("sg-d", inbound=[Rule("tcp", 5000, 6000, "sg-t")])], ""),
        ([TASKS], [Group("sg-d", inbound=[Rule("udp", 5432, 5432, "sg-t")])], "no inbound rule"),
        ([TASKS], [Group("sg-d", inbound=[Rule("tcp", 5432, 5432, "sg-other")])], "no inbound rule"),
        ([TASKS], [Group("sg-d", inbound=[Rule("tcp", 5432, 5432, None)])], ""),
        ([Group("sg-t"), TASKS], [Group("sg-d"), Group("sg-e", inbound=[Rule("-1", None, None, "sg-t")])], ""),
        ([Group("sg-t", outbound=[Rule("tcp", 5433, 5433, None)])], [Group("sg-d")], "no outbound rule"),
    ],
)
def test_the_rules_of_several_groups_are_combined(tasks: list[Group], database: list[Group], reason: str) -> None:
    obstacle = database_obstacle(tasks, database, [5432])
    assert obstacle.startswith(reason) if reason else obstacle == ""


def test_unknown_groups_do_not_block_aws() -> None:
    assert aws_obstacle([]) == ""
    assert aws_obstacle([Group("sg-t", outbound=[Rule("tcp", 1, 65535, None)])]) == ""
