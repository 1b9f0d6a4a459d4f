"""Access logs of a CloudFront distribution."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_aws as aws

from ..naming import SUFFIX_LENGTH
from ..storage.access_logs import DISTRIBUTION_REGION
from ..validation.problems import Problem

_LOGS = "access-logs"
_LONGEST_DELIVERY_NAME = 60  # AmazonCloudWatchLogs/latest/APIReference/API_PutDeliverySource.html
# All that CloudFront logs by default except cs(Cookie), with which a reader of the logs could hijack sessions:
# AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
_LOG_FIELDS = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
]


def name_problems(name: str, bucket_arn: Any) -> Iterator[Problem]:
    """The logical name of a distribution that logs to a bucket, or to None."""
    most = _LONGEST_DELIVERY_NAME - SUFFIX_LENGTH - len(f"-{_LOGS}")
    if bucket_arn is not None and len(name) > most:
        yield Problem(
            "name",
            f"{name!r} has {len(name)} characters; use at most {most} with access_log_bucket_arn, since AWS allows "
            f"{_LONGEST_DELIVERY_NAME} for the name of a log delivery, its suffixes included.",
        )


def log_requests(
    name: str, distribution_arn: pulumi.Input[str], bucket_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Standard logging (v2): the older one writes with ACLs, which buckets have not allowed by default since 2023."""
    source = aws.cloudwatch.LogDeliverySource(
        f"{name}-{_LOGS}",
        region=DISTRIBUTION_REGION,
        log_type="ACCESS_LOGS",
        resource_arn=distribution_arn,
        opts=opts,
    )
    destination = aws.cloudwatch.LogDeliveryDestination(
        f"{name}-{_LOGS}",
        region=DISTRIBUTION_REGION,
        delivery_destination_configuration={"destination_resource_arn": bucket_arn},
        output_format="w3c",
        opts=opts,
    )
    aws.cloudwatch.LogDelivery(
        f"{name}-{_LOGS}",
        region=DISTRIBUTION_REGION,
        delivery_source_name=source.name,
        delivery_destination_arn=destination.arn,
        record_fields=_LOG_FIELDS,
        opts=opts,
    )
