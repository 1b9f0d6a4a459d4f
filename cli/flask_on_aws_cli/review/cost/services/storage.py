"""Buckets and images."""

from collections.abc import Iterator

from ...cost_model import Line
from ..stack import Priced


def bucket(bucket: Priced) -> Iterator[Line]:
    """An S3 bucket of the class Standard."""
    yield bucket.used("storage", "s3_standard", bucket.figure("bucketGb"))
    yield bucket.used("writes", "s3_put", bucket.figure("bucketWrites") / 1000)
    yield bucket.used("reads", "s3_get", bucket.figure("bucketReads") / 1000)


def repository(repository: Priced) -> Iterator[Line]:
    """The images of an ECR repository."""
    yield repository.used("images", "ecr_storage", repository.figure("imageGb"))
