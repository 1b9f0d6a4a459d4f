"""Checks before a task starts that security group rules allow the connections that it needs.

AWS would start a task that cannot reach its database, and the app would wait for a connection until it times out. Here
nothing drops packets, so the app would run well and then fail on AWS. Such a task is stopped instead, with the reason.
"""

from collections.abc import Mapping
from typing import Any

from ....task_model.definition import TaskPlan
from ....task_model.runtime import CannotStart, cannot_pull
from ...api.record_values import DatabaseAddress
from ...api.records import Records
from ...api.security_groups import aws_obstacle, database_obstacle


def check_aws(records: Records, network: Mapping[str, Any], plan: TaskPlan) -> None:
    """Check access to images, secrets and logs, which goes through the task's network interface.

    Raises:
        CannotStart: with AWS's message, if the task's security groups allow no outbound traffic on port 443.
    """
    obstacle = aws_obstacle(records.task_groups(network))
    if obstacle:
        raise cannot_pull(plan.containers[0].image, f"dial tcp: i/o timeout ({obstacle})")


def check_databases(records: Records, network: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Check access to the databases and caches of this local AWS that a container's environment variables refer to.

    Raises:
        CannotStart: if a security group of the task or of the database does not allow the connection.
    """
    for database in records.database_addresses():
        if not is_referenced(database, environment):
            continue
        groups = records.security_groups(database.groups)
        obstacle = database_obstacle(records.task_groups(network), groups, {database.group_port, database.port})
        if obstacle:
            raise CannotStart(
                f"ResourceInitializationError: on AWS, the task could not reach its {database.kind} "
                f"{database.identifier}: {obstacle}"
            )


def is_referenced(database: DatabaseAddress, environment: Mapping[str, str]) -> bool:
    """Whether a container's environment contains the database's address, in a URL or as a host and a port."""
    values = set(environment.values())
    address = f"{database.host}:{database.port}"
    return {database.host, str(database.port)} <= values or any(address in value for value in values)
