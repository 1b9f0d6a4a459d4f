"""What every user of an ECR repository needs: its lifecycle rules, its login, and a lookup of the images in it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from ..validation.problems import Problem
from .base_image import MAX_AGE_DAYS, days_since

# An image without a tag is a failed push or an old cache; a week leaves time to examine it.
_UNTAGGED_DAYS = 7
# ECR's rule, https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_REPOSITORY_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST_REPOSITORY_NAME = 256 - len("-cache")
# Messages of the provider, versions 5 to 7, and of ECR about an unknown image or repository.
_NOT_FOUND = re.compile(r"couldn't find resource|no matching|ImageNotFound|RepositoryNotFound", re.IGNORECASE)


def repository_name_problems(argument: str, name: str) -> Iterator[Problem]:
    """A physical name that ECR accepts, also with "-cache" appended."""
    if not _REPOSITORY_NAME.fullmatch(name) or not 2 <= len(name) <= _LONGEST_REPOSITORY_NAME:
        yield Problem(
            argument,
            f"{name!r} must be 2 to {_LONGEST_REPOSITORY_NAME} lower-case letters and digits, with single . _ - or / between them.",
        )


def pushed_digest(repository_name: str, tag: str, parent: pulumi.Resource) -> str | None:
    """The digest of a tag in a repository, if both exist."""
    options = pulumi.InvokeOptions(parent=parent)
    try:
        image = aws.ecr.get_image(repository_name=repository_name, image_tag=tag, opts=options)
    except Exception as error:  # the SDK raises nothing narrower
        if not _NOT_FOUND.search(str(error)):
            pulumi.log.warn(f"Cannot tell whether {repository_name}:{tag} was pushed before: {error}", parent)
        return None
    if image.image_digest and image.image_pushed_at:
        _report_age(days_since(image.image_pushed_at, datetime.now(UTC)), parent)
    return image.image_digest or None


def _report_age(days: int, parent: pulumi.Resource) -> None:
    if days > MAX_AGE_DAYS:
        pulumi.log.warn(
            f"The image was pushed {days} days ago, and its base image is at least as old: newer ones have fixes for Python "
            "and Debian. Change `rebuild`, for example to today's date, to build it again.",
            parent,
        )


def registry_credentials(address: str, repository: aws.ecr.Repository, parent: pulumi.Resource) -> Any:
    """How to log in to a repository; `address` is the provider's name for the registry's host."""
    options = pulumi.InvokeOptions(parent=parent)
    token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id, opts=options)
    return {
        address: repository.repository_url.apply(lambda url: url.partition("/")[0]),
        "username": token.user_name,
        "password": pulumi.Output.secret(token.password),
    }


def lifecycle_policy(images_kept: int | None = None) -> str:
    """The rules by which ECR deletes images: those without a tag after a week, and all but the newest tagged ones.

    No rule depends on the age of a tagged image: a service that is not deployed for a month runs an old one.
    """
    untagged: dict[str, Any] = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days"}
    rules = [_expire(1, untagged | {"countNumber": _UNTAGGED_DAYS})]
    if images_kept is not None:
        tagged = {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan"}
        rules.append(_expire(2, tagged | {"countNumber": images_kept}))
    return json.dumps({"rules": rules})


def _expire(priority: int, selection: Mapping[str, Any]) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": dict(selection), "action": {"type": "expire"}}


def split_reference(reference: str) -> tuple[str, str]:
    """An image's reference as its repository and its digest, which is empty if the reference has only a tag."""
    named, _, digest = reference.partition("@")
    folder, slash, last = named.rpartition("/")  # a colon before the last slash is a registry's port
    return f"{folder}{slash}{last.partition(':')[0]}", digest


def dual_stack_reference(reference: str) -> str:
    """The same image under the registry's dual-stack host name; references to other registries are unchanged.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
    """
    return re.sub(r"^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/", r"\1.dkr-ecr.\2.on.aws/", reference)
