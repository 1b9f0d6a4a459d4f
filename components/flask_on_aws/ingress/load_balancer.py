"""An application load balancer, its listeners, and who may connect to it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict, cast

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..storage.access_logs import AccessLogBucket
from ..validation.argument_types import typed
from ..validation.choices import BalancerMode, DesyncMitigation
from ..validation.problems import Problem, raise_problems
from ..validation.values import name_problems, range_problems
from . import public_access
from .public_access import PublicAccess, PublicAccessArgs
from .web_acl import Scope, web_acl_problems


class LoadBalancerArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids of public subnets (in mode internal, of private ones) in at least two availability zones. Required."""
    mode: BalancerMode
    """`https` (443 with a certificate, 80 redirects to it), `cloudfront` (80, only for CloudFront's addresses) or `internal` (no public address; 80 for a VpcOrigin). A change of scheme (internet-facing or internal) replaces the load balancer. Default: https."""
    certificate_arn: pulumi.Input[str]
    """ARN of the issued certificate of the https listener. Default: none; required in mode https."""
    extra_certificate_arns: Mapping[str, pulumi.Input[str]]
    """Further certificates, by a name of your choice for each, which becomes part of a resource's name. Default: none."""
    allowed_cidrs: Sequence[str]
    """Address ranges that may connect in mode https. Default: everyone."""
    dual_stack: bool
    """Whether the load balancer has IPv6 addresses too; its subnets must have them. Default: false."""
    idle_timeout: int
    """Seconds after which an idle connection is closed, from 1 to 4000; the app's server must keep connections open longer. Default: 50."""
    desync_mitigation: DesyncMitigation
    """How the load balancer handles requests that proxies may interpret differently: `monitor`, `defensive` or `strictest`. Default: defensive."""
    deletion_protection: bool
    """Whether AWS and Pulumi both refuse to delete the load balancer. Default: false."""
    access_logs: bool
    """Whether every request is logged to a bucket. Default: false."""
    access_log_days: int
    """Days for which access logs are kept, from 1 to 3653. Default: 90."""
    retain_access_logs: bool
    """Whether the logs survive their removal from the program. Default: false."""
    web_acl_arn: pulumi.Input[str]
    """ARN of an existing web ACL of AWS WAF, of scope REGIONAL and the load balancer's region, whose rules requests must pass. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {
    "mode": "https",
    "extra_certificate_arns": {},
    "dual_stack": False,
    # Below the 60 s and 75 s for which the app's server keeps a connection: the load balancer must close first, or a
    # request meets a closing connection and the user a 502.
    "idle_timeout": 50,
    "desync_mitigation": "defensive",
    "deletion_protection": False,
    "access_logs": False,
    "access_log_days": 90,
    "retain_access_logs": False,
}
# What AWS recommends and the console's default, "Security policies for your Application Load Balancer": TLS 1.2 with
# forward secrecy and AEAD ciphers alone, TLS 1.3, and post-quantum key exchange where the client has it.
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
_ROLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@typed(LoadBalancerArgs)
def problems(args: LoadBalancerArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from _certificate_problems(args)
    yield from public_access.problems(_access(args))
    yield from range_problems("idle_timeout", args["idle_timeout"], 1, 4000, "seconds")
    yield from range_problems("access_log_days", args["access_log_days"], 1, 3653, "days")
    reason = "it would protect a load balancer"
    yield from web_acl_problems("web_acl_arn", args.get("web_acl_arn"), Scope.REGIONAL, reason)


def _certificate_problems(args: LoadBalancerArgs) -> Iterator[Problem]:
    if args["mode"] == "https" and "certificate_arn" not in args:
        yield Problem("certificate_arn", "Mode https needs a certificate; give its ARN, or set mode to cloudfront.")
    if args["mode"] in ("cloudfront", "internal") and ("certificate_arn" in args or args["extra_certificate_arns"]):
        yield Problem(
            "certificate_arn",
            f"Mode {args['mode']} does not use a certificate; leave it out, or set mode to https.",
        )
    for role in args["extra_certificate_arns"]:
        if not _ROLE.fullmatch(role):
            yield Problem("extra_certificate_arns", f"{role!r} must be lower-case letters, digits and single hyphens.")


class LoadBalancer(Component):
    """An application load balancer, internet-facing unless its mode is internal, that answers 404 or 403 until a route is added to its listener.

    Its security group has no egress rules: whoever adds targets must also add egress rules to them.
    """

    arn: pulumi.Output[str]
    """ARN of the load balancer."""
    arn_suffix: pulumi.Output[str]
    """The part of that ARN that identifies the load balancer in metrics and scaling policies."""
    load_balancer_name: pulumi.Output[str]
    """Name of the load balancer, unique in the account and region."""
    dns_name: pulumi.Output[str]
    """DNS name of the load balancer."""
    zone_id: pulumi.Output[str]
    """Id of the load balancer's hosted zone, for alias records."""
    security_group_id: pulumi.Output[str]
    """Id of the load balancer's security group, from which targets must accept connections and which needs egress rules to them."""
    listener_arn: pulumi.Output[str]
    """ARN of the listener for routes: port 443 in mode https, else port 80."""
    http_listener_arn: pulumi.Output[str]
    """ARN of the listener on port 80."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems([*name_problems("name", name), *problems(args)])
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        access = PublicAccess(f"{name}-access", _access(self._args), self._child())
        self.security_group_id = access.security_group_id
        self._create_load_balancer()
        self._attach_web_acl()
        http = self._create_http_listener()
        listener = self._create_https_listener() if self._args["mode"] == "https" else http
        self.arn = self._load_balancer.arn
        self.arn_suffix = self._load_balancer.arn_suffix
        self.load_balancer_name = self._load_balancer.name
        self.dns_name = self._load_balancer.dns_name
        self.zone_id = self._load_balancer.zone_id
        self.listener_arn = listener.arn
        self.http_listener_arn = http.arn
        self._register()

    def _create_load_balancer(self) -> None:
        protected = self._args["deletion_protection"]
        self._load_balancer = aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="application",
            internal=self._args["mode"] == "internal",
            ip_address_type="dualstack" if self._args["dual_stack"] else "ipv4",
            security_groups=[self.security_group_id],
            subnets=self._args["subnet_ids"],
            idle_timeout=self._args["idle_timeout"],
            enable_http2=True,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=self._args["desync_mitigation"],
            enable_deletion_protection=protected,
            access_logs={"bucket": self._create_log_bucket(), "enabled": True} if self._args["access_logs"] else None,
            # None, not False: False would override a protection that the caller set on the whole component.
            opts=self._child(protect=protected or None),
        )

    def _attach_web_acl(self) -> None:
        if "web_acl_arn" in self._args:
            aws.wafv2.WebAclAssociation(
                f"{self._name}-web-acl",
                resource_arn=self._load_balancer.arn,
                web_acl_arn=self._args["web_acl_arn"],
                # A load balancer has one web ACL: the old one's removal, if it came last, would remove the new one.
                opts=self._child(delete_before_replace=True),
            )

    def _create_log_bucket(self) -> pulumi.Output[str]:
        logs = AccessLogBucket(
            f"{self._name}-access-logs",
            {"days": self._args["access_log_days"], "retain": self._args["retain_access_logs"]},
            opts=self._child(),
        )
        return logs.bucket_name

    def _create_http_listener(self) -> aws.lb.Listener:
        """Port 80, under the same name in every mode, so that a stack that gets a domain keeps its listener and load balancer."""
        redirect: aws.lb.ListenerDefaultActionArgsDict = {
            "type": "redirect",
            "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"},
        }
        return aws.lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=self._load_balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[redirect if self._args["mode"] == "https" else _fixed_response("403", "Forbidden")],
            opts=self._child(),
        )

    def _create_https_listener(self) -> aws.lb.Listener:
        listener = aws.lb.Listener(
            f"{self._name}-https",
            load_balancer_arn=self._load_balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=self._args["certificate_arn"],
            default_actions=[_fixed_response("404", "Not Found")],
            opts=self._child(),
        )
        for role, arn in self._args["extra_certificate_arns"].items():
            aws.lb.ListenerCertificate(
                f"{self._name}-certificate-{role}",
                listener_arn=listener.arn,
                certificate_arn=arn,
                opts=self._child(),
            )
        return listener


def _access(args: LoadBalancerArgs) -> PublicAccessArgs:
    """The arguments that determine who may connect."""
    keys = [key for key in PublicAccessArgs.__annotations__ if key in args]
    return cast(PublicAccessArgs, {key: args[key] for key in keys})


def _fixed_response(status: str, text: str) -> aws.lb.ListenerDefaultActionArgsDict:
    return {
        "type": "fixed-response",
        "fixed_response": {"status_code": status, "content_type": "text/plain", "message_body": text},
    }
