"""The certificates of an app's domain: that of its load balancer, that of its distribution, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import pulumi

from ..ingress.certificate import DISTRIBUTIONS, LOAD_BALANCERS, Certificate, find_zone, zone_candidates
from ..ingress.load_balancer_guard import PUBLIC
from . import component_args
from .flask_app_args import FlaskAppArgs
from .topology import all_domains, exposure, load_balancers


def _no_records() -> pulumi.Output[Sequence[Mapping[str, str]]]:
    return pulumi.Output.from_input(cast(Sequence[Mapping[str, str]], []))


@dataclass
class DomainCertificates:
    """The certificates of a domain, its hosted zone and its validation records."""

    zones: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """The hosted zone of each name of the app; empty where no records are created."""
    balancer_arn: pulumi.Input[str] | None = None
    """For the HTTPS listener of a load balancer."""
    distribution_arn: pulumi.Input[str] | None = None
    """For the distribution."""
    requested: Certificate | None = None
    records: pulumi.Output[Sequence[Mapping[str, str]]] = field(default_factory=_no_records)
    """With external DNS: those that validate what was requested."""


def domain_certificates(name: str, args: FlaskAppArgs, parent: pulumi.Resource) -> DomainCertificates:
    """Use the certificate in `certificate_arn`, or request one for each of what serves the domain."""
    zones = dict.fromkeys(all_domains(args), args["zone_id"]) if "zone_id" in args else {}
    if "certificate_arn" in args:
        return DomainCertificates(zones, args["certificate_arn"], args["certificate_arn"])
    if not args.get("domain"):
        return DomainCertificates(zones)
    if args["listener_has_certificate"]:
        return DomainCertificates(zones or _find_zones(args, parent))
    if exposure(args) == "shared" and args["dns"] == "external":
        return DomainCertificates(zones)  # the shared listener's own certificate covers the name
    certificate_args = component_args.certificate_args(args)
    certificate_args["aliases"] = all_domains(args)[1:]
    uses = certificate_args["used_by"] = served_by(args)
    certificate = Certificate(f"{name}-certificate", certificate_args, pulumi.ResourceOptions(parent=parent))
    certificates = DomainCertificates(certificate.zones, requested=certificate)
    if LOAD_BALANCERS in uses:
        certificates.balancer_arn = certificate.certificate_arn
    if DISTRIBUTIONS in uses:
        certificates.distribution_arn = certificate.distribution_certificate_arn
    if args["dns"] == "external":
        certificates.records = certificate.validation_records
    return certificates


def served_by(args: FlaskAppArgs) -> list[str]:
    """What serves the domain, now or once its records exist; both while it moves from one to the other."""
    if not args["cdn"]:
        return [LOAD_BALANCERS]
    has_both = exposure(args) == "cdn" and PUBLIC in load_balancers(args)
    return [LOAD_BALANCERS, DISTRIBUTIONS] if has_both else [DISTRIBUTIONS]


def _find_zones(args: FlaskAppArgs, parent: pulumi.Resource) -> dict[str, pulumi.Input[str]]:
    """Find the zones for the records where no certificate is requested."""
    if args["dns"] != "route53":
        return {}
    options = pulumi.InvokeOptions(parent=parent)
    return {name: zone for name in all_domains(args) if (zone := find_zone(zone_candidates(name), options))}
