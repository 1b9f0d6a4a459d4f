"""The task definition and images of an old release, which may no longer exist on AWS."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from flask_on_aws.releases.release_record import Release

from .app import short_name
from .errors import OperationError, error_code

# Tag of a copy of a revision that Pulumi has deregistered; its value is the ARN of that revision.
ROLLBACK_OF = "flask-on-aws:rollback-of"
# An image in ECR, with both forms of the registry's host name: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?"
)
# Prefix of tags that only AWS may set.
_RESERVED = "aws:"


class Revision(NamedTuple):
    """A task definition revision and its tags."""

    definition: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.definition["taskDefinitionArn"]


def find_revision(ecs: Any, release: Release) -> Revision:
    """The task definition revision of a release; ECS describes deregistered ones until they are deleted.

    Raises:
        OperationError: if it was deleted.
    """
    try:
        return _describe(ecs, release.task_definition)
    except ClientError as error:
        if error_code(error) != "ClientException":
            raise
        raise OperationError(
            f"The task definition {short_name(release.task_definition)} of release {release.number} was "
            "deleted; roll back to another release, or deploy the release's code with pulumi up."
        ) from error


def check_images(ecr: Any, revision: Revision, release: Release) -> None:
    """Check that the images still exist in ECR, before anything is changed.

    Raises:
        OperationError: if one does not exist.
    """
    for image in sorted({container["image"] for container in revision.definition["containerDefinitions"]}):
        match = _ECR.fullmatch(image)
        if not match or match["region"] != ecr.meta.region_name:
            continue  # a missing image in another registry is reported when the task starts
        image_id = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
        try:
            ecr.describe_images(registryId=match["registry"], repositoryName=match["repository"], imageIds=[image_id])
        except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException) as error:
            raise OperationError(
                f"The image {image} of release {release.number} is no longer in ECR (imagesKept limits how many are "
                "kept); roll back to a later release, or deploy its code with pulumi up. Nothing was changed."
            ) from error


def ensure_deployable(ecs: Any, revision: Revision, current: str) -> str:
    """Return the ARN of an active revision with this content, registering a copy if Pulumi has deregistered it.

    ECS does not deploy a deregistered revision.

    Args:
        ecs: the ECS client.
        revision: the revision to deploy.
        current: ARN of the service's current revision, which may already be such a copy.
    """
    if revision.definition["status"] == "ACTIVE":
        return revision.arn
    if copied_from(ecs, current) == revision.arn:
        return current
    # DescribeTaskDefinition returns more than RegisterTaskDefinition accepts.
    members = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    content = {name: value for name, value in revision.definition.items() if name in members}
    tags = [tag for tag in revision.tags if not tag["key"].startswith((_RESERVED, "flask-on-aws:"))]
    copy = ecs.register_task_definition(**content, tags=[*tags, {"key": ROLLBACK_OF, "value": revision.arn}])
    return copy["taskDefinition"]["taskDefinitionArn"]


def copied_from(ecs: Any, arn: str) -> str:
    """ARN of the revision that this one is a copy of; empty if it is not a copy."""
    return next((tag["value"] for tag in _describe(ecs, arn).tags if tag["key"] == ROLLBACK_OF), "")


def _describe(ecs: Any, arn: str) -> Revision:
    answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
    return Revision(answer["taskDefinition"], answer.get("tags", []))
