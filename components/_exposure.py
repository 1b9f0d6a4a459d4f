"""How visitors reach an app: its own load balancer, a shared one, or CloudFront's name, with certificate and records."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from . import _flask_app_parts as given
from .cdn import Cdn
from .certificate import Certificate, CertificateArgs
from .dns import AliasRecords
from .flask_app_args import FlaskAppArgs
from .load_balancer import LoadBalancer, LoadBalancerArgs
from .network import Network
from .route import Route, RouteArgs

_ORIGIN_SECRET_LENGTH = 40  # letters and digits: 238 bits


class Exposure:
    """Everything between a visitor and the target group, as children of the app."""

    hostname: pulumi.Output[str]
    load_balancer_dns_name: pulumi.Output[str]
    load_balancer_security_group_id: pulumi.Output[str]
    load_balancer_arn_suffix: pulumi.Output[str]

    def __init__(self, name: str, args: FlaskAppArgs, network: Network, parent: pulumi.Resource) -> None:
        self._name, self._args, self._network, self._parent = name, args, network, parent
        self._kind = given.exposure(args)
        self.proxy_depth = 2 if self._kind == "cloudfront" else 1
        self.dns_records = pulumi.Output.from_input(cast(Sequence[Mapping[str, str]], []))
        self._route = cast(RouteArgs, {"vpc_id": network.vpc_id, "port": args["port"]})  # the listener's ARN follows
        if "health_check_path" in args:
            self._route["health_check_path"] = args["health_check_path"]
        self._create_balancer(self._create_certificate())
        self.target = Route(f"{name}-web", self._route, self._child())
        self.url = pulumi.Output.format("https://{host}", host=self.hostname)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self._parent)

    def _create_balancer(self, certificate: pulumi.Input[str] | None) -> None:
        if self._kind == "cloudfront":
            self._create_load_balancer({"mode": "cloudfront"})
            self._create_cdn()
            return
        if self._kind == "shared":
            self._join_load_balancer(certificate)
        else:
            self._create_load_balancer({"mode": "https", "certificate_arn": cast(pulumi.Input[str], certificate)})
        self.hostname = pulumi.Output.from_input(self._args["domain"])
        self._set_records()

    def _create_certificate(self) -> pulumi.Input[str] | None:
        self._zone_id: pulumi.Input[str] | None = self._args.get("zone_id")
        if "certificate_arn" in self._args or not self._args.get("domain"):
            return self._args.get("certificate_arn")
        if self._kind == "shared" and self._args["dns"] == "external":
            return None  # the shared listener's own certificate covers the name
        args = cast(CertificateArgs, given.part(self._args, given.CERTIFICATE))
        certificate = Certificate(f"{self._name}-certificate", args, self._child())
        self._zone_id = certificate.zone_id
        if self._args["dns"] == "external":
            self.dns_records = certificate.validation_records
        return certificate.certificate_arn

    def _create_load_balancer(self, mode: Mapping[str, Any]) -> None:
        args = cast(LoadBalancerArgs, {**given.part(self._args, given.LOAD_BALANCER), **mode})
        args["vpc_id"], args["subnet_ids"] = self._network.vpc_id, self._network.public_subnet_ids
        args["dual_stack"] = self._args["egress"] == "ipv6"
        args["retain_access_logs"] = self._args["deletion_protection"]
        balancer = LoadBalancer(f"{self._name}-alb", args, self._child())
        self.load_balancer_security_group_id = balancer.security_group_id
        self._balancer_zone_id, self.load_balancer_arn_suffix = balancer.zone_id, balancer.arn_suffix
        self.load_balancer_dns_name = balancer.dns_name
        self._route["listener_arn"] = balancer.listener_arn

    def _join_load_balancer(self, certificate: pulumi.Input[str] | None) -> None:
        args = self._args
        self.load_balancer_security_group_id = pulumi.Output.from_input(args["load_balancer_security_group_id"])
        self._balancer_zone_id = pulumi.Output.from_input(args["load_balancer_zone_id"])
        self.load_balancer_arn_suffix = pulumi.Output.from_input(args["load_balancer_arn_suffix"])
        self.load_balancer_dns_name = pulumi.Output.from_input(args["load_balancer_dns_name"])
        self._route["listener_arn"] = args["listener_arn"]
        self._route["hosts"] = [args["domain"], *args["domain_aliases"]]
        self._route["priority"] = args.get("listener_priority", 100)  # in the middle of a hundred apps' rules
        self._route["paths"] = args.get("listener_paths", ["/*"])
        if certificate is not None:
            aws.lb.ListenerCertificate(
                f"{self._name}-certificate",
                listener_arn=args["listener_arn"],
                certificate_arn=certificate,
                opts=self._child(),
            )

    def _create_cdn(self) -> None:
        secret = random.RandomPassword(
            f"{self._name}-origin", length=_ORIGIN_SECRET_LENGTH, special=False, opts=self._child()
        ).result
        cdn = Cdn(
            f"{self._name}-cdn",
            {"origin_domain_name": self.load_balancer_dns_name, "origin_secret": secret},
            self._child(),
        )
        self._route["origin_secret"], self._route["requires_origin_secret"] = secret, True
        self.hostname = cdn.domain_name

    def _set_records(self) -> None:
        names = [self._args["domain"], *self._args["domain_aliases"]]
        if self._args["dns"] == "route53" and self._zone_id is not None:
            AliasRecords(
                f"{self._name}-dns",
                {
                    "zone_id": self._zone_id,
                    "names": names,
                    "target_dns_name": self.load_balancer_dns_name,
                    "target_zone_id": self._balancer_zone_id,
                },
                self._child(),
            )
        else:
            records = pulumi.Output.all(self.dns_records, self.load_balancer_dns_name)
            self.dns_records = records.apply(lambda both: [*both[0], *_cnames(names, both[1])])


def _cnames(names: Sequence[str], target: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "CNAME", "value": target} for name in names]
