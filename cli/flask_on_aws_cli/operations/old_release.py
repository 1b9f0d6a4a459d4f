"""What an old release needs to run again: its task definition and its images, which AWS may not have any more."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from botocore.exceptions import ClientError
from flask_on_aws.releases.release_record import Release

from .app import short_name
from .errors import OperationError

# On a copy of a revision that Pulumi has deregistered: the ARN of that revision.
ROLLBACK_OF = "flask-on-aws:rollback-of"
# A repository of ECR by both of its hosts, and what of it: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
# Tags that only AWS may set.
_RESERVED = "aws:"


class Revision(NamedTuple):
    """A revision of a task definition."""

    definition: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.definition["taskDefinitionArn"]


def find_revision(ecs: Any, release: Release) -> Revision:
    """The revision of a release, also one that is deregistered: ECS tells those for as long as they are not deleted.

    Raises:
        OperationError: if it is not there.
    """
    try:
        return _describe(ecs, release.task_definition)
    except ClientError as error:
        if cast(Any, error).response["Error"]["Code"] != "ClientException":
            raise
        raise OperationError(
            f"The task definition {short_name(release.task_definition)} of release {release.number} is deleted; go "
            "back to another release, or deploy the code of that time with pulumi up."
        ) from error


def check_images(ecr: Any, revision: Revision, release: Release) -> None:
    """Make sure, before anything changes, that ECR still has the images.

    Raises:
        OperationError: if one is gone.
    """
    for image in sorted({one["image"] for one in revision.definition["containerDefinitions"]}):
        found = _ECR.fullmatch(image)
        if not found or found["region"] != ecr.meta.region_name:
            continue  # another registry says so itself, when the task starts
        wanted = {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
        try:
            ecr.describe_images(registryId=found["registry"], repositoryName=found["repository"], imageIds=[wanted])
        except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException) as error:
            raise OperationError(
                f"The image {image} of release {release.number} is not in ECR any more (imagesKept says how many "
                "stay); go back to a later one, or deploy the code of that time with pulumi up. Nothing was changed."
            ) from error


def deployable(ecs: Any, revision: Revision, current: str) -> str:
    """The ARN of an active revision with this content; a copy where Pulumi has deregistered it.

    Nobody can deploy a deregistered one.

    Args:
        ecs: the client.
        revision: what is to run.
        current: ARN of what the service is at, which may be such a copy already.
    """
    if revision.definition["status"] == "ACTIVE":
        return revision.arn
    if copied_from(ecs, current) == revision.arn:
        return current
    # Of what ECS tells, it takes back what a revision is made of.
    members = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    content = {name: value for name, value in revision.definition.items() if name in members}
    kept = [tag for tag in revision.tags if not tag["key"].startswith((_RESERVED, "flask-on-aws:"))]
    made = ecs.register_task_definition(**content, tags=[*kept, {"key": ROLLBACK_OF, "value": revision.arn}])
    return made["taskDefinition"]["taskDefinitionArn"]


def copied_from(ecs: Any, arn: str) -> str:
    """ARN of the revision of which this one is a copy; empty if it is none."""
    return next((tag["value"] for tag in _describe(ecs, arn).tags if tag["key"] == ROLLBACK_OF), "")


def _describe(ecs: Any, arn: str) -> Revision:
    found = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    return Revision(found["taskDefinition"], found.get("tags", []))
