"""How visitors reach an app: its own load balancers, a shared one, or CloudFront's name, with certificate and records."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from ..ingress.alias_records import AliasRecords
from ..ingress.basic_auth import BasicAuth
from ..ingress.cdn import Cdn, CdnArgs
from ..ingress.certificate import Certificate, find_zone, zone_candidates
from ..ingress.load_balancer import LoadBalancer, LoadBalancerArgs
from ..ingress.load_balancer_guard import INTERNAL, PUBLIC
from ..ingress.redirect import Redirect
from ..ingress.route import Route
from ..ingress.vpc_origin import VpcOrigin, VpcOriginArgs
from ..network.network import Network
from . import component_args
from .flask_app_args import FlaskAppArgs
from .topology import GLOBAL, REGIONAL, exposure, load_balancers
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
        parent: pulumi.Resource,
    ) -> None:
        self._name, self._args, self._network, self._parent = name, args, network, parent
        self._log_bucket_arn = log_bucket_arn
        self.web_acls = create_web_acls(name, args, log_key, self._child())
        self._kind = exposure(args)
        self.load_balancers = load_balancers(args)
        # With both load balancers on a domain, one: less is believed, not more.
        self.proxy_depth = 2 if self._kind == "cloudfront" else 1
        self.dns_records = pulumi.Output.from_input(cast(Sequence[Mapping[str, str]], []))
        self.certificate: Certificate | None = None
        self.cdn: Cdn | None = None
        self.basic_auth: BasicAuth | None = None
        certificate_arn = self._create_certificate()
        self.certificate_arn = pulumi.Output.from_input(certificate_arn or "")
        self._create_entrances(certificate_arn)
        self._create_redirects()
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
        first_is_public = self._kind != "cloudfront" or self._args["cloudfront_origin"].startswith(PUBLIC)
        self.main = cast(Entrance, self.public if first_is_public else self.internal)
        self.load_balancer_dns_name = self.main.load_balancer_dns_name
        self._name_host()

    def _name_host(self) -> None:
        if self._kind == "cloudfront":
            self.cdn = self._create_cdn()
            self.hostname = self.cdn.domain_name
            return
        if self.internal:
            self.cdn = self._create_cdn()  # its name goes on beside the domain, until visitors have moved
        self.hostname = pulumi.Output.from_input(self._args["domain"])
        self._set_records()

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
    def _names(self) -> list[str]:
        """Every name of the app: those that it serves, and those that are redirected."""
        return [self._args["domain"], *self._args["domain_aliases"], *self._args["domain_redirects"]]

    def _create_certificate(self) -> pulumi.Input[str] | None:
        self._zones: Mapping[str, pulumi.Input[str]] = {}
        if "zone_id" in self._args:
            self._zones = dict.fromkeys(self._names, self._args["zone_id"])
        if "certificate_arn" in self._args or not self._args.get("domain"):
            return self._args.get("certificate_arn")
        if self._args["listener_has_certificate"]:
            self._find_zones()
            return None
        if self._kind == "shared" and self._args["dns"] == "external":
            return None  # the shared listener's own certificate covers the name
        args = component_args.certificate_args(self._args)
        args["aliases"] = self._names[1:]
        certificate = self.certificate = Certificate(f"{self._name}-certificate", args, self._child())
        self._zones = certificate.zones
        if self._args["dns"] == "external":
            self.dns_records = certificate.validation_records
        return certificate.certificate_arn

    def _find_zones(self) -> None:
        """The zones for the records, where no certificate looks for them."""
        if self._args["dns"] == "route53" and not self._zones:
            options = pulumi.InvokeOptions(parent=self._parent)
            self._zones = {name: zone for name in self._names if (zone := find_zone(zone_candidates(name), options))}

    def _create_public(self, certificate: pulumi.Input[str] | None) -> Entrance:
        args = self._balancer_args(self._network.public_subnet_ids)
        args["mode"], args["dual_stack"] = "cloudfront", self._args["egress"] == "ipv6"
        if self._kind == "https":
            args["mode"], args["certificate_arn"] = "https", cast(pulumi.Input[str], certificate)
        else:
            args.pop("allowed_cidrs", None)
        if self._kind == "cloudfront" and self._args["cloudfront_origin"] == "vpc-with-public":
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
        hosts = [args["domain"], *args["domain_aliases"]]
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
        """On the listener of the domain; while the domain is pending, nothing answers for its names."""
        if self._args["domain_redirects"] and self._kind != "cloudfront":
            listener_arn = cast(Entrance, self.public).listener_arn
            Redirect(f"{self._name}-redirects", component_args.redirect_args(self._args, listener_arn), self._child())

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
            "load_balancers": self.load_balancers,
        }
        if origin is self.internal:
            args["vpc_origin_id"] = cast(pulumi.Output[str], origin_id)
        else:
            args["origin_secret"] = self._origin_secret
        if self._kind == "cloudfront" and "web_acl_arn" in self._args:
            args["web_acl_arn"] = self._args["web_acl_arn"]
        if GLOBAL in self.web_acls:
            args["web_acl_arn"] = self.web_acls[GLOBAL].web_acl_arn
        if self._args.get("basic_auth_username"):
            basic_auth = component_args.basic_auth_args(self._args)
            self.basic_auth = BasicAuth(f"{self._name}-basic-auth", basic_auth, self._child())
            args["viewer_request_function_arn"] = self.basic_auth.function_arn
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

    def _set_records(self) -> None:
        """Alias records for the names in a zone; the others are outputs."""
        named: Mapping[str, pulumi.Input[str]] = self._zones if self._args["dns"] == "route53" else {}
        if named:
            AliasRecords(
                f"{self._name}-dns",
                {
                    "zone_id": next(iter(named.values())),
                    "zone_ids": named,
                    "names": [*named],
                    "target_dns_name": self.load_balancer_dns_name,
                    "target_zone_id": self.main.load_balancer_zone_id,
                },
                self._child(),
            )
        others = [name for name in self._names if name not in named]
        if others:
            records = pulumi.Output.all(self.dns_records, self.load_balancer_dns_name)
            self.dns_records = records.apply(lambda both: [*both[0], *_cnames(others, both[1])])


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
