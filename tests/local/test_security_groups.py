"""Tasks whose security groups would cut them off on AWS do not start here either, and say why."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws_cli.local_aws.api.security_groups import Group, Rule, aws_obstacle, database_obstacle
from flask_on_aws_cli.local_project.location import Location

from tests.emulator import free_port

from .cloud import Cloud
from .conftest import REGION, client
from .test_ecs import run_task

HOST, HERE = "127.0.0.1", 20999  # where the database's server would be on this machine
ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Location(tmp_path_factory.mktemp("local aws"), free_port(), REGION))
    yield cloud
    cloud.stop()


class Network:
    """A group for tasks and one for a database, in which nothing is open."""

    number = 0

    def __init__(self, cloud: Cloud) -> None:
        Network.number += 1
        self.cloud, self.name = cloud, f"db-{Network.number}"
        self.ec2 = client(cloud.place, "ec2")
        self.tasks, self.database = (self._group(f"{role}-{self.number}") for role in ("tasks", "database"))
        client(cloud.place, "rds").create_db_instance(
            DBInstanceIdentifier=self.name,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            Port=5432,
            MasterUsername="app",
            MasterUserPassword="password",
            AllocatedStorage=20,
            VpcSecurityGroupIds=[self.database],
        )
        cloud.endpoint.records.write_database(self.name, "available", HOST, HERE + self.number)

    def _group(self, name: str) -> str:
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        found = self.ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"][0]
        self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=found["IpPermissionsEgress"])
        return made

    def let_out(self, port: int, **to: Any) -> None:
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **to}
        self.ec2.authorize_security_group_egress(GroupId=self.tasks, IpPermissions=[permission])

    def let_in(self, port: int = 5432) -> None:
        source = [{"GroupId": self.tasks}]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": source}
        self.ec2.authorize_security_group_ingress(GroupId=self.database, IpPermissions=[permission])

    @property
    def to_database(self) -> dict[str, Any]:
        return {"UserIdGroupPairs": [{"GroupId": self.database}]}

    def run(self, **environment: str) -> Any:
        """A task that exits with 3 once it runs, and says in its variables where its database is."""
        known = environment or {"PGHOST": HOST, "PGPORT": str(HERE + self.number)}
        definition = self.cloud.define(self.name, command=["/bin/sh", "-c", "exit 3"], environment=known)
        network = {"awsvpcConfiguration": {"subnets": [self.cloud.subnet], "securityGroups": [self.tasks]}}
        return run_task(self.cloud, definition, networkConfiguration=network)


@pytest.fixture
def network(cloud: Cloud) -> Network:
    return Network(cloud)


def started(task: Any) -> bool:
    return task["containers"][0].get("exitCode") == 3


def test_a_task_with_443_alone_would_not_reach_its_database(network: Network) -> None:
    """What `outboundPorts: [443]` made of a stack that ran well here."""
    network.let_out(443, **ANYWHERE)
    network.let_in()
    task = network.run()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == (
        f"ResourceInitializationError: on AWS, the task could not reach its database {network.name}: no outbound rule "
        f"of security group {network.tasks} allows port 5432 to security group {network.database}"
    )


def test_a_rule_from_group_to_group_leads_to_the_database(network: Network) -> None:
    network.let_out(443, **ANYWHERE)
    network.let_out(5432, **network.to_database)
    network.let_in()
    assert started(network.run())


def test_a_shared_server_s_rules_name_the_port_that_it_has_here(network: Network) -> None:
    here = HERE + network.number
    network.let_out(443, **ANYWHERE)
    network.let_out(here, **network.to_database)
    network.let_in(here)
    url = f"postgresql://app:password@{HOST}:{here}/app?sslmode=verify-full"
    assert started(network.run(DATABASE_URL=url))


def test_the_database_s_own_group_has_to_admit_the_task(network: Network) -> None:
    network.let_out(443, **ANYWHERE)
    network.let_out(5432, **network.to_database)
    reason = network.run()["stoppedReason"]
    assert f"no inbound rule of security group {network.database} allows port 5432 from" in reason


def test_what_uses_no_database_needs_no_rule_to_it(network: Network) -> None:
    network.let_out(443, **ANYWHERE)
    assert started(network.run(COLOUR="red"))


def test_without_443_nothing_is_pulled(network: Network) -> None:
    network.let_out(587, **ANYWHERE)
    task = network.run(COLOUR="red")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert f"no outbound rule of security group {network.tasks} allows port 443" in task["stoppedReason"]
    evidence = Evidence(stop_code=task["stopCode"], stopped_reason=task["stoppedReason"], containers=task["containers"])
    assert diagnose(evidence).kind == "no route to the registry"


def test_a_private_network_s_endpoints_are_a_way_to_aws(network: Network) -> None:
    network.let_out(443, **network.to_database)  # any group: which one the endpoints have is not known here
    assert started(network.run(COLOUR="red"))


TASKS = Group("sg-t", outbound=[Rule("-1", None, None, None)])


@pytest.mark.parametrize(
    ("tasks", "database", "reason"),
    [
        ([TASKS], [], ""),  # a group that is not known
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
def test_rules_of_several_groups_add_up(tasks: list[Group], database: list[Group], reason: str) -> None:
    found = database_obstacle(tasks, database, [5432])
    assert found.startswith(reason) if reason else found == ""


def test_unknown_groups_are_no_obstacle_to_aws() -> None:
    assert aws_obstacle([]) == ""
    assert aws_obstacle([Group("sg-t", outbound=[Rule("tcp", 1, 65535, None)])]) == ""
