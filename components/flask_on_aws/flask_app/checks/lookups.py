"""What only AWS knows about a Flask app's arguments, asked before anything is registered."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from ...ingress.certificate import find_zone, no_zone_problem, zone_candidates
from ...ingress.cloudfront_region import CLOUDFRONT_REGION
from ...ingress.load_balancer_guard import PUBLIC
from ...ingress.web_acl import Scope, scope_of
from ...validation.problems import Problem
from ...validation.references import region_problems
from ..flask_app_args import FlaskAppArgs, with_profile
from ..topology import has_dual_stack_balancer, load_balancers

# What AWS's services can use in their own region alone.
_REGIONAL = ("certificate_arn", "cluster_arn", "listener_arn", "kms_key_id", "database_kms_key_id", "web_acl_arn")


def lookup_problems(args: FlaskAppArgs, opts: pulumi.ResourceOptions | None = None) -> Iterator[Problem]:
    """Domains without a hosted zone, and ARNs of another region than the stack's. Nothing is asked without need."""
    settled = with_profile(args)
    given, options = cast(Mapping[str, Any], settled), _invoke_options(opts)
    arns = {argument: given[argument] for argument in _REGIONAL if isinstance(given.get(argument), str)}
    if scope_of(arns.get("web_acl_arn", "")) is Scope.CLOUDFRONT:
        del arns["web_acl_arn"]
    if settled["cdn"] and PUBLIC not in load_balancers(settled):
        arns.pop("certificate_arn", None)  # CloudFront's is in its own region
    if arns:
        region = aws.get_region(opts=options).region
        for argument, arn in arns.items():
            if settled["cdn"] and argument == "certificate_arn":
                yield from _two_certificates_problems(arn, settled, region)
            else:
                yield from region_problems(argument, arn, region)
    yield from _subnet_problems(settled, options)
    if settled.get("domain") and settled["dns"] == "route53" and not {"certificate_arn", "zone_id"} & given.keys():
        yield from _zone_problems(settled, options)


def _subnet_problems(settled: FlaskAppArgs, options: pulumi.InvokeOptions) -> Iterator[Problem]:
    """AWS creates a dual-stack load balancer only in subnets that all have an IPv6 block."""
    subnets = settled.get("public_subnet_ids") or []
    is_dual_stack = PUBLIC in load_balancers(settled) and settled["dual_stack"] and has_dual_stack_balancer(settled)
    if not is_dual_stack or not isinstance(subnets, Sequence):
        return
    for subnet in subnets:
        if isinstance(subnet, str) and not aws.ec2.get_subnet(id=subnet, opts=options).ipv6_cidr_block:
            yield Problem(
                "public_subnet_ids",
                f"{subnet!r} has no IPv6 block, which dual_stack needs in every subnet of the load balancer; add one and a "
                "route for ::/0 to the internet gateway, or set dual_stack to false.",
            )


def _two_certificates_problems(arn: str, settled: FlaskAppArgs, region: str) -> Iterator[Problem]:
    if region != CLOUDFRONT_REGION:
        yield Problem(
            "certificate_arn",
            f"{arn!r} is in {CLOUDFRONT_REGION}, and with cloudfront_origin {settled['cloudfront_origin']!r} the public load "
            f"balancer needs a certificate in {region} as well; leave certificate_arn out during this step, so that both are "
            "requested.",
        )


def _zone_problems(settled: FlaskAppArgs, options: pulumi.InvokeOptions) -> Iterator[Problem]:
    for argument, names in (
        ("domain", [settled["domain"]]),
        ("domain_aliases", settled["domain_aliases"]),
        ("domain_redirects", settled["domain_redirects"]),
    ):
        for name in names:
            candidates = zone_candidates(name)
            if find_zone(candidates, options) is None:
                yield no_zone_problem(argument, name, candidates)


def _invoke_options(opts: pulumi.ResourceOptions | None) -> pulumi.InvokeOptions:
    """With the provider that the component's children will have."""
    if opts is None:
        return pulumi.InvokeOptions()
    providers = opts.providers or []
    several = list(providers.values()) if isinstance(providers, Mapping) else [*providers]
    for provider in (opts.provider, *several):
        if provider is not None and provider.package == "aws":
            return pulumi.InvokeOptions(provider=provider)
    return pulumi.InvokeOptions(parent=opts.parent)
