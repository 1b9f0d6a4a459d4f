"""A CloudFront distribution in front of an HTTP load balancer, on CloudFront's default domain or on domains of the app."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.choices import PriceClass
from ..validation.problems import Problem, raise_problems
from ..validation.values import range_problems, repeated_problems
from .cached_paths import CACHE_POLICY_ID, REQUEST_POLICY_ID, cached_path_problems
from .certificate import domain_problems
from .cloudfront_region import MOST_ALIASES, distribution_certificate_problems
from .distribution_logs import log_requests, name_problems
from .load_balancer_guard import distribution_guard, tags
from .media_behavior import media_behavior, media_origin, media_problems
from .origin_header import ORIGIN_HEADER
from .web_acl import Scope, web_acl_problems


class CdnArgs(TypedDict, total=False):
    origin_domain_name: Required[pulumi.Input[str]]
    """DNS name of the load balancer. Required."""
    vpc_origin_id: pulumi.Input[str]
    """Id of the VPC origin by which CloudFront reaches an internal load balancer. Default: none, `origin_secret` must be given."""
    origin_secret: pulumi.Input[str]
    """Letters and digits that only this distribution and the rules of a public load balancer know. Default: none, `vpc_origin_id` must be given."""
    aliases: Sequence[str]
    """The app's own domains, at most 100, wildcards like `*.example.com` included; `certificate_arn` must be given. Their records must point at the distribution. Default: none, CloudFront's default domain alone."""
    certificate_arn: pulumi.Input[str]
    """ARN of an issued ACM certificate in us-east-1 for the aliases. Default: none, CloudFront's own."""
    cached_paths: Sequence[str]
    """Path patterns of static files that edge locations cache, such as `/static/*`: for as long as their Cache-Control says, or 24 hours without it. Requests for them have neither cookies nor a query string, and can only be GET or HEAD. Default: none, everything is passed to the load balancer."""
    media_path: str
    """Path of files that CloudFront reads from a bucket, from the slash to the slash, such as `/media/`; their keys begin with `media/`. Needs the four arguments below, except for the key group. Default: none."""
    media_bucket_domain_name: pulumi.Input[str]
    """Regional domain name of the bucket. Default: none."""
    media_origin_access_control_id: pulumi.Input[str]
    """Id of the origin access control that signs CloudFront's requests to the bucket, such as that of a MediaAccess. Default: none."""
    media_response_headers_policy_id: pulumi.Input[str]
    """Id of the response headers policy of the files, such as that of a MediaAccess. Default: none."""
    media_key_group_id: pulumi.Input[str]
    """Id of the key group of which a key must have signed each request for the files. Default: none, the files are public."""
    load_balancers: Sequence[str]
    """The load balancers that the app's tasks are registered with: `public`, `internal` or both. If set, an update that would point the distribution at one without healthy tasks is rejected. Default: none, no update is rejected."""
    price_class: PriceClass
    """Edge locations that serve viewers: `PriceClass_100` (North America, Europe, Israel), `PriceClass_200` or `PriceClass_All`. Default: PriceClass_100."""
    origin_timeout: int
    """Seconds that the app may take to answer, from 1 to 60 (CloudFront's default quota). Default: 30."""
    access_log_bucket_arn: pulumi.Input[str]
    """ARN of a bucket to which every request is logged, such as that of an AccessLogBucket for `distributions`. Default: none, requests are not logged."""
    wait: bool
    """Whether the deployment waits until every edge location has the distribution, usually three to eight minutes. Default: true."""
    web_acl_arn: pulumi.Input[str]
    """ARN of an existing web ACL of AWS WAF, of scope CLOUDFRONT, whose rules requests must pass. Default: none."""
    viewer_request_function_arn: pulumi.Input[str]
    """ARN of a CloudFront function that runs for each request first, such as that of a BasicAuth. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


# 30 s is CloudFront's own default for the time to the first byte.
_DEFAULTS: Mapping[str, Any] = {"cached_paths": [], "price_class": "PriceClass_100", "origin_timeout": 30, "wait": True}
# CloudFront's default, and far below the load balancer's 50 s: the side that sends requests must close idle connections
# first, or a request meets a closing connection.
_KEEPALIVE_SECONDS = 5
_ORIGIN_ID = "load-balancer"
_READING_METHODS = ["GET", "HEAD"]
_ALL_METHODS = [*_READING_METHODS, "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
# What CloudFront's console proposes: TLS 1.2 and 1.3 with forward secrecy.
_SECURITY_POLICY = "TLSv1.2_2021"


@typed(CdnArgs)
def problems(args: CdnArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    if ("origin_secret" in args) == ("vpc_origin_id" in args):
        yield Problem(
            "vpc_origin_id",
            "An internal load balancer is reached by a VPC origin, a public one by a secret header without which anyone's "
            "distribution could reach it; give exactly one of vpc_origin_id and origin_secret.",
        )
    yield from _alias_problems(args)
    yield from cached_path_problems("cached_paths", args["cached_paths"])
    yield from media_problems(args, args["cached_paths"])
    yield from range_problems("origin_timeout", args["origin_timeout"], 1, 60, "seconds")
    reason = "it would protect a CloudFront distribution"
    yield from web_acl_problems("web_acl_arn", args.get("web_acl_arn"), Scope.CLOUDFRONT, reason)


def _alias_problems(args: CdnArgs) -> Iterator[Problem]:
    aliases = args.get("aliases", ())
    if bool(aliases) != ("certificate_arn" in args):
        yield Problem(
            "certificate_arn", "A certificate is for aliases, and aliases need one; give both of them, or neither."
        )
    if len(aliases) > MOST_ALIASES:
        yield Problem("aliases", f"{len(aliases)} are too many; CloudFront allows {MOST_ALIASES} per distribution.")
    for alias in aliases:
        yield from domain_problems("aliases", alias, wildcard=True)
    yield from repeated_problems("aliases", aliases)
    yield from distribution_certificate_problems("certificate_arn", args.get("certificate_arn"))


class Cdn(Component):
    """A CloudFront distribution that passes everything to a load balancer, and caches only the paths of static files.

    Media files it can read from a bucket.

    It gives an app HTTPS, HTTP/2, HTTP/3 and IPv6 on a name like d111111abcdef8.cloudfront.net, or on its own domains.
    """

    domain_name: pulumi.Output[str]
    """CloudFront's host name of the distribution, which the records of aliases point at."""
    url: pulumi.Output[str]
    """Address of the app on the first alias, else on `domain_name`, with https and without a trailing slash."""
    distribution_id: pulumi.Output[str]
    """Id of the distribution."""
    distribution_arn: pulumi.Output[str]
    """ARN of the distribution."""
    hosted_zone_id: pulumi.Output[str]
    """Id of CloudFront's hosted zone, for alias records."""

    def __init__(self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems([*name_problems(name, args.get("access_log_bucket_arn")), *problems(args)])
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._find_policies()
        self._create_distribution()
        if "access_log_bucket_arn" in self._args:
            log_requests(name, self._distribution.arn, self._args["access_log_bucket_arn"], self._child())
        self.domain_name = self._distribution.domain_name
        host = next(iter(self._args.get("aliases", ())), self._distribution.domain_name)
        self.url = pulumi.Output.format("https://{host}", host=host)
        self.distribution_id = self._distribution.id
        self.distribution_arn = self._distribution.arn
        self.hosted_zone_id = self._distribution.hosted_zone_id
        self._register()

    def _find_policies(self) -> None:
        """AWS's managed policies: an app's pages differ by user, so nothing is cached and everything is forwarded, Host included."""
        opts = pulumi.InvokeOutputOptions(parent=self)
        self._cache_policy_id = aws.cloudfront.get_cache_policy_output(name="Managed-CachingDisabled", opts=opts).id
        self._request_policy_id = aws.cloudfront.get_origin_request_policy_output(
            name="Managed-AllViewer", opts=opts
        ).id
        # Headers that the app sends are kept, except X-Content-Type-Options, whose only value is nosniff:
        # AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html
        self._response_policy_id = aws.cloudfront.get_response_headers_policy_output(
            name="Managed-SecurityHeadersPolicy", opts=opts
        ).id

    def _create_distribution(self) -> None:
        guarded = "load_balancers" in self._args
        self._distribution = aws.cloudfront.Distribution(
            self._name,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=self._args["price_class"],
            origins=[self._origin(), *self._media_origins()],
            default_cache_behavior=self._behavior(_ALL_METHODS, self._cache_policy_id, self._request_policy_id),
            ordered_cache_behaviors=[
                *self._media_behaviors(),
                *(
                    self._behavior(_READING_METHODS, CACHE_POLICY_ID, REQUEST_POLICY_ID, path_pattern=path)
                    for path in self._args["cached_paths"]
                ),
            ]
            or None,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            aliases=self._args.get("aliases") or None,
            viewer_certificate=self._viewer_certificate(),
            web_acl_id=self._args.get("web_acl_arn"),  # CloudFront's name for the ARN
            tags=tags(self._args["load_balancers"]) or None if guarded else None,
            wait_for_deployment=self._args["wait"],
            opts=self._child(hooks=distribution_guard(self._name) if guarded else None),
        )

    def _behavior(
        self,
        methods: Sequence[str],
        cache_policy_id: pulumi.Input[str],
        request_policy_id: pulumi.Input[str],
        **path: str,
    ) -> Any:
        """How CloudFront handles requests for a path pattern, or by default."""
        return {
            **path,
            "target_origin_id": _ORIGIN_ID,
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": methods,
            "cached_methods": _READING_METHODS,
            "cache_policy_id": cache_policy_id,
            "origin_request_policy_id": request_policy_id,
            "response_headers_policy_id": self._response_policy_id,
            # Takes effect with a cache policy that caches; with CachingDisabled the app's own compression passes through.
            "compress": True,
            "function_associations": self._functions(),
        }

    def _media_origins(self) -> list[aws.cloudfront.DistributionOriginArgsDict]:
        args = self._args
        if "media_path" not in args:
            return []
        return [media_origin(args["media_bucket_domain_name"], args["media_origin_access_control_id"])]

    def _media_behaviors(self) -> list[Any]:
        args = self._args
        if "media_path" not in args:
            return []
        behavior = media_behavior(args["media_response_headers_policy_id"], args.get("media_key_group_id"))
        path = {"path_pattern": f"{args['media_path']}*", "function_associations": self._functions()}
        return [{**behavior, **path}]

    def _functions(self) -> Any:
        function_arn = self._args.get("viewer_request_function_arn")
        return None if function_arn is None else [{"event_type": "viewer-request", "function_arn": function_arn}]

    def _viewer_certificate(self) -> aws.cloudfront.DistributionViewerCertificateArgsDict:
        if "certificate_arn" not in self._args:
            return {"cloudfront_default_certificate": True}
        return {
            "acm_certificate_arn": self._args["certificate_arn"],
            "minimum_protocol_version": _SECURITY_POLICY,
            # The alternative, dedicated addresses, costs 600 USD a month.
            "ssl_support_method": "sni-only",
        }

    def _origin(self) -> aws.cloudfront.DistributionOriginArgsDict:
        if "vpc_origin_id" in self._args:
            return {
                "origin_id": _ORIGIN_ID,
                "domain_name": self._args["origin_domain_name"],
                "vpc_origin_config": {
                    "vpc_origin_id": self._args["vpc_origin_id"],
                    "origin_read_timeout": self._args["origin_timeout"],
                    "origin_keepalive_timeout": _KEEPALIVE_SECONDS,
                },
            }
        return {
            "origin_id": _ORIGIN_ID,
            "domain_name": self._args["origin_domain_name"],
            "custom_headers": [{"name": ORIGIN_HEADER, "value": pulumi.Output.secret(self._args["origin_secret"])}],
            "custom_origin_config": {
                # The load balancer has no certificate that CloudFront would accept.
                "origin_protocol_policy": "http-only",
                "http_port": 80,
                "https_port": 443,
                "origin_ssl_protocols": ["TLSv1.2"],
                "origin_read_timeout": self._args["origin_timeout"],
                "origin_keepalive_timeout": _KEEPALIVE_SECONDS,
            },
        }
