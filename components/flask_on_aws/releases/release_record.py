"""The releases of a service: an SSM parameter whose versions are the releases that really ran.

Parameter Store keeps the last hundred versions with their dates, so the record needs no separate database:
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..iam import PARAMETER_PATH


@dataclass(frozen=True)
class Release:
    """What a service ran."""

    image: str
    """The image, by digest."""
    task_definition: str
    """ARN of the task definition, with its revision."""
    settings: str = ""
    """Changes with whatever else starts a deployment, like subnets."""
    rolled_back_from: int | None = None
    """The number of the release from which an operator went back to this one; None for one that an update deployed."""
    rolled_back_to: int | None = None
    """The number of the release that this one repeats; None for one that an update deployed."""
    number: int = 0
    """Counted from 1 for each service; 0 until it is recorded."""
    time: datetime | None = None
    """When it was recorded."""
    user: str = ""
    """ARN of the identity that recorded it."""

    @property
    def value(self) -> str:
        """The parameter's text."""
        record: dict[str, Any] = {
            "image": self.image,
            "taskDefinition": self.task_definition,
            "settings": self.settings,
        }
        if self.rolled_back_from is not None:
            record |= {"rolledBackFrom": self.rolled_back_from, "rolledBackTo": self.rolled_back_to}
        return json.dumps(record)


def parameter_path(cluster: str, family: str) -> str:
    """Where the records of a service are, by its cluster's name or ARN and its task definition's family."""
    return f"/{PARAMETER_PATH}/{cluster.rsplit('/', 1)[-1]}/{family}"


def release_parameter(cluster: str, family: str) -> str:
    """Name of the parameter with the releases."""
    return f"{parameter_path(cluster, family)}/release"


def command_parameter(cluster: str, family: str) -> str:
    """Name of the parameter that records what the release command last succeeded for."""
    return f"{parameter_path(cluster, family)}/release-command"


def read_value(value: str, number: int = 0, time: datetime | None = None, user: str = "") -> Release:
    """A release from the parameter's text.

    Raises:
        ValueError: if the text is not a release.
    """
    try:
        record: Mapping[str, Any] = json.loads(value)
        rollback = (record.get("rolledBackFrom"), record.get("rolledBackTo"))
        return Release(
            record["image"], record["taskDefinition"], str(record.get("settings", "")), *rollback, number, time, user
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{value[:80]!r} is not the record of a release; delete the parameter and deploy again."
        ) from error


def releases(ssm: Any, parameter: str) -> Iterator[Release]:
    """All releases that Parameter Store has, the newest first; none if nothing was recorded."""
    try:
        pages = list(ssm.get_paginator("get_parameter_history").paginate(Name=parameter))
    except ssm.exceptions.ParameterNotFound:
        return
    for version in reversed([version for page in pages for version in page["Parameters"]]):
        yield read_value(
            version["Value"], version["Version"], version["LastModifiedDate"], version.get("LastModifiedUser", "")
        )
