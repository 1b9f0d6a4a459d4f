"""A CloudFront distribution for the media files of an app that CloudFront does not serve itself."""

from collections.abc import Iterator, Mapping
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.choices import PriceClass
from ..validation.problems import Problem, raise_problems
from .distribution_logs import log_requests, name_problems
from .media_behavior import media_behavior, media_origin


class MediaCdnArgs(TypedDict, total=False):
    bucket_domain_name: Required[pulumi.Input[str]]
    """Regional domain name of the bucket. Required."""
    origin_access_control_id: Required[pulumi.Input[str]]
    """Id of the origin access control that signs CloudFront's requests to the bucket, such as that of a MediaAccess. Required."""
    response_headers_policy_id: Required[pulumi.Input[str]]
    """Id of the response headers policy of the files, such as that of a MediaAccess. Required."""
    key_group_id: pulumi.Input[str]
    """Id of the key group of which a key must have signed each request. Default: none, the files are public."""
    price_class: PriceClass
    """Edge locations that serve viewers: `PriceClass_100` (North America, Europe, Israel), `PriceClass_200` or `PriceClass_All`. Default: PriceClass_100."""
    access_log_bucket_arn: pulumi.Input[str]
    """ARN of a bucket to which every request is logged, such as that of an AccessLogBucket for `distributions`. Default: none, requests are not logged."""
    wait: bool
    """Whether the deployment waits until every edge location has the distribution, usually three to eight minutes. Default: true."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"price_class": "PriceClass_100", "wait": True}


@typed(MediaCdnArgs)
def problems(args: MediaCdnArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each: nothing besides their types."""
    yield from ()


class MediaCdn(Component):
    """A CloudFront distribution, on CloudFront's default domain, that serves files of a bucket.

    It reads only what the bucket's policy allows its ARN to read; see `distribution_arns` of a MediaBucket.
    """

    domain_name: pulumi.Output[str]
    """Host name of the distribution."""
    distribution_id: pulumi.Output[str]
    """Id of the distribution."""
    distribution_arn: pulumi.Output[str]
    """ARN of the distribution."""

    def __init__(self, name: str, args: MediaCdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems([*name_problems(name, args.get("access_log_bucket_arn")), *problems(args)])
        super().__init__(name, opts)
        args = with_defaults(args, _DEFAULTS)
        distribution = aws.cloudfront.Distribution(
            name,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args["price_class"],
            origins=[media_origin(args["bucket_domain_name"], args["origin_access_control_id"])],
            default_cache_behavior=media_behavior(args["response_headers_policy_id"], args.get("key_group_id")),
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            wait_for_deployment=args["wait"],
            opts=self._child(),
        )
        if "access_log_bucket_arn" in args:
            log_requests(name, distribution.arn, args["access_log_bucket_arn"], self._child())
        self.domain_name = distribution.domain_name
        self.distribution_id, self.distribution_arn = distribution.id, distribution.arn
        self._register()
