"""How visitors reach an app: its own load balancers, a shared one, or CloudFront, with certificates and records."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from ..ingress.alias_records import AliasRecords, AliasRecordsArgs
from ..ingress.basic_auth import BasicAuth
from ..ingress.cdn import Cdn, CdnArgs
from ..ingress.edge_redirect import EdgeRedirect
from ..ingress.load_balancer import LoadBalancer, LoadBalancerArgs
from ..ingress.load_balancer_guard import INTERNAL, PUBLIC
from ..ingress.redirect import Redirect
from ..ingress.route import Route
from ..ingress.vpc_origin import VpcOrigin, VpcOriginArgs
from ..network.network import Network
from . import component_args
from .domain_certificates import domain_certificates, served_by
from .flask_app_args import FlaskAppArgs
from .topology import (
    GLOBAL,
    REGIONAL,
    all_domains,
    domains,
    enters_through_public,
    exposure,
    has_dual_stack_balancer,
    load_balancers,
)
from .web_acls import create_web_acls

_ORIGIN_SECRET_LENGTH = 40  # letters and digits: 238 bits


class Entrance(NamedTuple):
    """A load balancer of the app, and what it forwards to."""

    load_balancer: LoadBalancer | None
    """The app's own; None for a shared one."""
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]
    load_balancer_zone_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    target: Route


class Exposure:
    """Everything between a visitor and the target groups, as children of the app."""

    hostname: pulumi.Output[str]
    main: Entrance
    """The load balancer that visitors come through: of the two while the app moves, the one in use."""

    def __init__(
        self,
        name: str,
        args: FlaskAppArgs,
        network: Network,
        log_bucket_arn: pulumi.Output[str] | None,
        log_key: pulumi.Input[str] | None,
        media_args: CdnArgs | None,
        parent: pulumi.Resource,
    ) -> None:
        self._name, self._args, self._network, self._parent = name, args, network, parent
        self._log_bucket_arn, self._media_args = log_bucket_arn, media_args
        self.web_acls = create_web_acls(name, args, log_key, self._child())
        self._kind = exposure(args)
        self.load_balancers = load_balancers(args)
        # With both load balancers on a domain, one: less is believed, not more.
        is_behind_cdn = self._kind == "cloudfront" or (self._kind == "cdn" and PUBLIC not in self.load_balancers)
        self.proxy_depth = 2 if is_behind_cdn else 1
        certificates = self._certificates = domain_certificates(name, args, parent)
        self.certificate, self.dns_records = certificates.requested, certificates.records
        self.cdn: Cdn | None = None
        self.basic_auth: BasicAuth | None = None
        self._create_entrances(certificates.balancer_arn)
        self._create_redirects()
        arn = certificates.distribution_arn if self._serves_domain_by_cdn else certificates.balancer_arn
        self.certificate_arn = pulumi.Output.from_input("" if arn is None else arn)
        self.url = pulumi.Output.format("https://{host}", host=self.hostname)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent)

    def _create_entrances(self, certificate: pulumi.Input[str] | None) -> None:
        self.public: Entrance | None = None
        self.internal: Entrance | None = None
        if self._kind == "shared":
            self.public = self._join_load_balancer(certificate)
        elif PUBLIC in self.load_balancers:
            self.public = self._create_public(certificate)
        if INTERNAL in self.load_balancers:
            self.internal = self._create_internal()
        self.main = cast(Entrance, self.public if enters_through_public(self._args) else self.internal)
        self.load_balancer_dns_name = self.main.load_balancer_dns_name
        self._name_host()

    def _name_host(self) -> None:
        if self._kind in ("cloudfront", "cdn") or self.internal:
            # With both load balancers on a domain, it serves next to the public one until visitors have moved.
            self.cdn = self._create_cdn()
        if self._kind == "cloudfront":
            self.hostname = cast(Cdn, self.cdn).domain_name
            return
        self.hostname = pulumi.Output.from_input(self._args["domain"])
        others = [name for name in all_domains(self._args) if name not in self._zones]
        if others:
            records = pulumi.Output.all(self.dns_records, self._target().dns_name)
            self.dns_records = records.apply(lambda both: [*both[0], *_cnames(others, both[1])])

    @property
    def other_target_group_arns(self) -> list[pulumi.Output[str]]:
        """Of the load balancer that is not in use yet, or no longer."""
        others = (entrance for entrance in (self.public, self.internal) if entrance and entrance is not self.main)
        return [_routed(entrance.target) for entrance in others]

    @property
    def target_group_arn(self) -> pulumi.Output[str]:
        """Of the load balancer in use; known once its rules exist: ECS rejects a target group without a listener."""
        return _routed(self.main.target)

    @property
    def _zones(self) -> Mapping[str, pulumi.Input[str]]:
        """The hosted zones of the names that get records in Route 53."""
        return self._certificates.zones if self._args["dns"] == "route53" else {}

    def _create_public(self, certificate: pulumi.Input[str] | None) -> Entrance:
        args = self._balancer_args(self._network.public_subnet_ids)
        args["mode"], args["dual_stack"] = "cloudfront", has_dual_stack_balancer(self._args)
        if self._kind in ("https", "cdn"):
            args["mode"], args["certificate_arn"] = "https", cast(pulumi.Input[str], certificate)
        else:
            args.pop("allowed_cidrs", None)
        if self._kind in ("cloudfront", "cdn") and self._args["cloudfront_origin"] == "vpc-with-public":
            args["deletion_protection"] = False  # no visitor uses it any more, and the next update removes it
        if REGIONAL in self.web_acls:
            args["web_acl_arn"] = self.web_acls[REGIONAL].web_acl_arn
        balancer = LoadBalancer(f"{self._name}-alb", args, self._child())
        route = component_args.route_args(self._args, self._network.vpc_id, balancer.listener_arn)
        if self._kind == "cloudfront":
            route["origin_secret"], route["requires_origin_secret"] = self._create_origin_secret(), True
        return _entrance(balancer, Route(f"{self._name}-web", route, self._child()))

    def _create_internal(self) -> Entrance:
        args = self._balancer_args(self._network.vpc_origin_subnet_ids())
        args["mode"] = "internal"
        args.pop("allowed_cidrs", None)
        if self._kind == "https" or self._args["cloudfront_origin"] == "public-with-vpc":
            args["deletion_protection"] = False  # the app's address does not depend on it
        balancer = LoadBalancer(f"{self._name}-ilb", args, self._child())
        route = component_args.route_args(self._args, self._network.vpc_id, balancer.listener_arn)
        return _entrance(balancer, Route(f"{self._name}-ilb", route, self._child()))

    def _balancer_args(self, subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]) -> LoadBalancerArgs:
        args = component_args.load_balancer_args(self._args, self._network.vpc_id, subnet_ids)
        # Else CloudFront has the web ACL. On a domain a distribution beside it has none, but its load balancer.
        if self._kind == "https" and "web_acl_arn" in self._args:
            args["web_acl_arn"] = self._args["web_acl_arn"]
        return args

    def _join_load_balancer(self, certificate: pulumi.Input[str] | None) -> Entrance:
        args = self._args
        hosts = domains(args)
        route = component_args.shared_route_args(args, self._network.vpc_id, args["listener_arn"], hosts)
        if certificate is not None:
            self._attach(certificate)
        listener_arn = pulumi.Output.from_input(args["listener_arn"])
        return Entrance(
            load_balancer=None,
            load_balancer_arn=listener_arn.apply(_load_balancer_arn),
            load_balancer_dns_name=pulumi.Output.from_input(args["load_balancer_dns_name"]),
            load_balancer_arn_suffix=pulumi.Output.from_input(args["load_balancer_arn_suffix"]),
            load_balancer_zone_id=pulumi.Output.from_input(args["load_balancer_zone_id"]),
            security_group_id=pulumi.Output.from_input(args["load_balancer_security_group_id"]),
            listener_arn=listener_arn,
            target=Route(f"{self._name}-web", route, self._child()),
        )

    def _attach(self, certificate: pulumi.Input[str]) -> None:
        # A given certificate may be another app's too, and AWS attaches it to a listener once: to detach it with this app
        # would end HTTPS for the other.
        is_given = "certificate_arn" in self._args
        aws.lb.ListenerCertificate(
            f"{self._name}-certificate",
            listener_arn=self._args["listener_arn"],
            certificate_arn=certificate,
            opts=pulumi.ResourceOptions(parent=self._parent, retain_on_delete=is_given or None),
        )

    def _create_redirects(self) -> None:
        """On the listener of the domain; CloudFront redirects itself. While the domain is pending, nothing answers for its names."""
        if self._args["domain_redirects"] and self._kind != "cloudfront" and self.public:
            redirects = component_args.redirect_args(self._args, self.public.listener_arn)
            Redirect(f"{self._name}-redirects", redirects, self._child())

    def _viewer_request_function(self) -> pulumi.Output[str] | None:
        """The function that asks for a password, or that redirects the names of a distribution."""
        if self._args.get("basic_auth_username"):
            basic_auth = component_args.basic_auth_args(self._args)
            self.basic_auth = BasicAuth(f"{self._name}-basic-auth", basic_auth, self._child())
            return self.basic_auth.function_arn
        if self._kind == "cdn" and self._args["domain_redirects"]:
            redirects = component_args.edge_redirect_args(self._args)
            return EdgeRedirect(f"{self._name}-edge-redirects", redirects, self._child()).function_arn
        return None

    def _create_origin_secret(self) -> pulumi.Output[str]:
        self._origin_secret = random.RandomPassword(
            f"{self._name}-origin", length=_ORIGIN_SECRET_LENGTH, special=False, opts=self._child()
        ).result
        return self._origin_secret

    def _create_cdn(self) -> Cdn:
        # It is made a step before it is used, since CloudFront takes its minutes for it.
        origin_id = self._create_vpc_origin(self.internal) if self.internal else None
        origin = self.main if self._kind == "cloudfront" else cast(Entrance, self.internal)
        args: CdnArgs = {
            "origin_domain_name": origin.load_balancer_dns_name,
            "cached_paths": self._args["cdn_cached_paths"],
            "load_balancers": self.load_balancers,
        }
        if self._media_args is not None:
            args |= self._media_args
        if origin is self.internal:
            args["vpc_origin_id"] = cast(pulumi.Output[str], origin_id)
        else:
            args["origin_secret"] = self._origin_secret
        certificate = self._certificates.distribution_arn
        if self._kind == "cdn" and certificate is not None:
            args["aliases"], args["certificate_arn"] = all_domains(self._args), certificate
        if self._kind in ("cloudfront", "cdn") and "web_acl_arn" in self._args:
            args["web_acl_arn"] = self._args["web_acl_arn"]
        if GLOBAL in self.web_acls:
            args["web_acl_arn"] = self.web_acls[GLOBAL].web_acl_arn
        if (function_arn := self._viewer_request_function()) is not None:
            args["viewer_request_function_arn"] = function_arn
        if self._log_bucket_arn is not None:
            args["access_log_bucket_arn"] = self._log_bucket_arn
        return Cdn(f"{self._name}-cdn", args, self._child())

    def _create_vpc_origin(self, entrance: Entrance) -> pulumi.Output[str]:
        balancer = cast(LoadBalancer, entrance.load_balancer)
        # The public subnets are known once the VPC has its internet gateway.
        gateway = pulumi.Output.all(self._network.vpc_id, self._network.public_subnet_ids)
        args: VpcOriginArgs = {
            "vpc_id": gateway.apply(lambda both: str(both[0])),
            "load_balancer_arn": balancer.arn,
            "load_balancer_name": balancer.load_balancer_name,
            "load_balancer_security_group_id": entrance.security_group_id,
        }
        return VpcOrigin(f"{self._name}-vpc-origin", args, self._child()).vpc_origin_id

    def create_records(self, released: pulumi.Output[str]) -> None:
        """Point the domain and its other names at what serves them, in Route 53.

        Args:
            released: known once the app's tasks are healthy behind each load balancer; a domain that moves waits for it.
        """
        if self._kind == "cloudfront" or not self._zones:
            return
        target = self._target()
        dns_name = target.dns_name
        if self._kind == "cdn" and len(self.load_balancers) == 2:
            dns_name = pulumi.Output.all(dns_name, released).apply(lambda both: str(both[0]))
        args: AliasRecordsArgs = {
            "zone_id": next(iter(self._zones.values())),
            "zone_ids": self._zones,
            "names": [*self._zones],
            "target_dns_name": dns_name,
            "target_zone_id": target.zone_id,
        }
        if self._kind != "shared":
            args["served_by"] = served_by(self._args)
        AliasRecords(f"{self._name}-dns", args, self._child())

    @property
    def _serves_domain_by_cdn(self) -> bool:
        return self._args["cdn"] and not enters_through_public(self._args)

    def _target(self) -> "_Target":
        if self.cdn and self._kind == "cdn" and self._serves_domain_by_cdn:
            return _Target(self.cdn.domain_name, self.cdn.hosted_zone_id)
        return _Target(self.load_balancer_dns_name, self.main.load_balancer_zone_id)


class _Target(NamedTuple):
    """The target of the domain's records."""

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]


def _entrance(balancer: LoadBalancer, target: Route) -> Entrance:
    """Through one of the app's own load balancers."""
    return Entrance(
        load_balancer=balancer,
        load_balancer_arn=balancer.arn,
        load_balancer_dns_name=balancer.dns_name,
        load_balancer_arn_suffix=balancer.arn_suffix,
        load_balancer_zone_id=balancer.zone_id,
        security_group_id=balancer.security_group_id,
        listener_arn=balancer.listener_arn,
        target=target,
    )


def _load_balancer_arn(listener_arn: str) -> str:
    """A listener's ARN is `…:listener/app/<name>/<id>/<listener's id>`."""
    return listener_arn.replace(":listener/", ":loadbalancer/").rpartition("/")[0]


def _routed(target: Route) -> pulumi.Output[str]:
    return pulumi.Output.all(target.target_group_arn, target.rule_arns).apply(lambda both: str(both[0]))


def _cnames(names: Sequence[str], target: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "CNAME", "value": target} for name in names]
