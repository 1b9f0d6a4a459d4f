"""What a task needs to connect, held against the rules of security groups before it starts.

AWS would start a task that does not reach its database, whose app then waits for a connection until it times out. Here
nothing drops packets, so that app would run well and fail on AWS alone. Such a task is stopped, with the reason.
"""

from collections.abc import Mapping
from typing import Any

from ....task_model.definition import TaskPlan
from ....task_model.runtime import CannotStart, cannot_pull
from ...api.record_values import DatabaseAddress
from ...api.records import Records
from ...api.security_groups import aws_obstacle, database_obstacle


def check_aws(records: Records, network: Mapping[str, Any], plan: TaskPlan) -> None:
    """Images, secrets and logs pass the task's own network interface, in AWS's words where they cannot.

    Raises:
        CannotStart: if the task's security groups let nothing out on 443.
    """
    obstacle = aws_obstacle(records.task_groups(network))
    if obstacle:
        raise cannot_pull(plan.containers[0].image, f"dial tcp: i/o timeout ({obstacle})")


def check_databases(records: Records, network: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """The databases of this place whose address is in a container's variables.

    Raises:
        CannotStart: if a security group, the task's or the database's, does not let the connection through.
    """
    for database in records.database_addresses():
        if not is_named(database, environment):
            continue
        groups = records.security_groups(database.groups)
        obstacle = database_obstacle(records.task_groups(network), groups, {database.group_port, database.port})
        if obstacle:
            raise CannotStart(
                f"ResourceInitializationError: the task would not reach its database {database.identifier} on AWS: "
                f"{obstacle}"
            )


def is_named(database: DatabaseAddress, environment: Mapping[str, str]) -> bool:
    """Whether a container's variables hold the address, in a URL or as a host and a port."""
    values = set(environment.values())
    address = f"{database.host}:{database.port}"
    return {database.host, str(database.port)} <= values or any(address in value for value in values)
