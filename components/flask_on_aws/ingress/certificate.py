"""The TLS certificates of an app's domains, validated by DNS."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Required, TypedDict, cast

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.choices import Dns
from ..validation.problems import Problem, raise_problems
from ..validation.values import choice_problems
from .cloudfront_region import CLOUDFRONT_REGION, Placement, in_cloudfront_region

LOAD_BALANCERS, DISTRIBUTIONS = "load-balancers", "distributions"
_USES = (LOAD_BALANCERS, DISTRIBUTIONS)


class CertificateArgs(TypedDict, total=False):
    domain: Required[str]
    """The app's main host name, like `app.example.com`, in lower case. Required."""
    aliases: Sequence[str]
    """Further host names of the same app, wildcards like `*.example.com` included. Default: none."""
    dns: Dns
    """Who answers for the domain: `route53` (the validation records are created) or `external` (they are outputs, and you create them). Default: route53."""
    zone_id: pulumi.Input[str]
    """Id of the hosted zone for every name of the certificate, needed when the same program creates the zone. Default: the zone named zone_name."""
    zone_name: str
    """Name of the public hosted zone for every name of the certificate. Default: for each name the zone of its longest parent domain that exists."""
    validated: bool
    """With external DNS, whether the records exist, so that the deployment waits for the certificate to be issued. Default: false."""
    used_by: Sequence[str]
    """What serves the names: `load-balancers`, which need a certificate in their own region, `distributions` of CloudFront, which need one in us-east-1, or both. The certificates share their validation records. Default: load-balancers."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"aliases": [], "dns": "route53", "validated": False, "used_by": [LOAD_BALANCERS]}
# DNS validation took from 38 s to 8 min 52 s in public logs; after 15 minutes the records or the delegation are wrong.
_VALIDATION_TIMEOUT = "15m"
# ACM recommends 60 to 300 s for validation records; with the shortest, a corrected record takes effect soonest.
_RECORD_TTL_SECONDS = 60
# ACM puts the first name into the certificate's common name, which X.509 limits to 64 characters; DNS itself allows 253.
_LONGEST_DOMAIN, _LONGEST_ALIAS = 64, 253
_NO_ZONE = (
    "No public hosted zone in Route 53 is called {zones}, so {name!r} cannot be validated. Create one and delegate the "
    "domain to it; set zone_id if this program creates it; set dns to external if another provider answers for the domain; "
    "or use the ARN of an existing certificate."
)
MOST_NAMES = 100
"""Domain names of one certificate, at most; the quota is 10 until AWS raises it (acm/latest/userguide/acm-limits.html)."""
# No top-level domain has digits alone: https://www.rfc-editor.org/rfc/rfc3696#section-2
_ADDRESS = re.compile(r"[0-9.]+")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@typed(CertificateArgs)
def problems(args: CertificateArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    if not args.get("domain"):
        yield Problem("domain", "A certificate needs a domain, like app.example.com; set it.")
        return
    yield from domain_problems("domain", args["domain"], longest=_LONGEST_DOMAIN)
    for alias in args["aliases"]:
        yield from domain_problems("aliases", alias, longest=_LONGEST_ALIAS, wildcard=True)
    names = [args["domain"], *args["aliases"]]
    for repeated in sorted({name for name in names if names.count(name) > 1}):
        yield Problem("aliases", f"{repeated!r} is named more than once; name it once.")
    for use in args["used_by"]:
        yield from choice_problems("used_by", use, _USES)
    if not args["used_by"]:
        yield Problem("used_by", f"An empty list requests no certificate; name some of {', '.join(_USES)}.")
    yield from _zone_problems(args)


def domain_problems(
    argument: str, name: str, longest: int = _LONGEST_ALIAS, wildcard: bool = False
) -> Iterator[Problem]:
    """A host name as DNS and ACM accept it: lower-case ASCII labels, at least two of them."""
    host = name.removeprefix("*.") if wildcard else name
    if not name.isascii():
        ascii_form = _idna(name)
        fix = f"write {ascii_form!r}" if ascii_form else "write its ASCII form, which starts with xn--"
        yield Problem(argument, f"{name!r} has letters outside ASCII; {fix}.")
    elif host.startswith("*."):
        yield Problem(
            argument, f"{name!r} is a wildcard; use the host that people visit, and name the wildcard in `aliases`."
        )
    elif _ADDRESS.fullmatch(host):
        yield Problem(argument, f"{name!r} is an IP address; give a domain name, like app.example.com.")
    elif "." not in host or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        yield Problem(
            argument,
            f"{name!r} is not a domain name: use lower-case letters, digits and hyphens in at least two parts "
            "of at most 63 characters, like app.example.com, without https:// and without a final dot.",
        )
    elif len(name) > longest:
        yield Problem(argument, f"{name!r} has {len(name)} characters; use at most {longest}.")


def zone_candidates(name: str) -> list[str]:
    """The hosted zones that may hold a name, longest first; a wildcard belongs to its parent's zone, a top-level domain to none."""
    labels = name.removeprefix("*.").split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def find_zone(candidates: Sequence[str], options: pulumi.InvokeOptions) -> str | None:
    """The id of the first public hosted zone that exists."""
    for candidate in candidates:
        try:
            return aws.route53.get_zone(name=candidate, opts=options).zone_id
        except Exception as error:  # the SDK raises nothing narrower
            if "no matching" not in str(error):
                raise
    return None


def no_zone_problem(argument: str, name: str, candidates: Sequence[str]) -> Problem:
    """The problem that no zone for a name exists."""
    return Problem(argument, _NO_ZONE.format(name=name, zones=" or ".join(candidates)))


def _zone_problems(args: CertificateArgs) -> Iterator[Problem]:
    zone_keys = [key for key in ("zone_id", "zone_name") if key in args]
    if args["dns"] == "external":
        for key in zone_keys:
            zone_text = f"{args[key]!r}" if isinstance(args[key], str) else "A zone"
            yield Problem(key, f"{zone_text} has no use with external DNS; leave it out, or set dns to route53.")
    elif args["validated"]:
        yield Problem("validated", "True is for external DNS alone; leave it out, or set dns to external.")
    if len(zone_keys) == 2:
        yield Problem("zone_name", "zone_id and zone_name name the same zone twice; leave one of them out.")
    zone = args.get("zone_name")
    for name in [args["domain"], *args["aliases"]] if zone else []:
        if zone not in zone_candidates(name):
            yield Problem(
                "zone_name",
                f"The zone {zone!r} does not hold {name!r}; name a parent domain of every name, or leave it out.",
            )


def _idna(name: str) -> str:
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return ""


class Certificate(Component):
    """A public certificate from AWS Certificate Manager for a domain and its aliases, for each of what serves them.

    When its names change, the new certificate is issued before the old one is deleted.
    """

    certificate_arn: pulumi.Output[str]
    """ARN of the certificate for load balancers, known once it is issued; with external DNS and `validated` false, at once and not yet issued. Empty if `used_by` does not name them."""
    distribution_certificate_arn: pulumi.Output[str]
    """ARN of the certificate for distributions, in us-east-1, known at the same time. Empty if `used_by` does not name them."""
    zone_id: pulumi.Output[str]
    """Id of the hosted zone of the domain; empty with external DNS."""
    validation_records: pulumi.Output[Sequence[Mapping[str, str]]]
    """The DNS records that prove the ownership of the names, each with `name`, `type` and `value`."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._names = [self._args["domain"], *self._args["aliases"]]
        # The id of each name's hosted zone; empty with external DNS.
        self.zones = self._find_zones() if self._args["dns"] == "route53" else {}
        self._certificates = {use: self._request(use) for use in _USES if use in self._args["used_by"]}
        self._create_records()
        self.certificate_arn = self._validated(LOAD_BALANCERS)
        self.distribution_certificate_arn = self._validated(DISTRIBUTIONS)
        self.zone_id = pulumi.Output.from_input(self.zones.get(self._args["domain"], ""))
        self._register()

    def _request(self, use: str) -> "_Requested":
        name, placement = self._name, Placement(None, None)
        if use == DISTRIBUTIONS:
            name = f"{name}-{CLOUDFRONT_REGION}"
            placement = in_cloudfront_region(f"{self._name}-provider", self)
        # A certificate has no physical name, so a replacement is issued while listeners still use the old one.
        certificate = aws.acm.Certificate(
            name,
            domain_name=self._args["domain"],
            subject_alternative_names=self._args["aliases"] or None,
            validation_method="DNS",
            region=placement.region,
            opts=self._child(provider=placement.provider),
        )
        return _Requested(name, placement, certificate)

    def _find_zones(self) -> dict[str, pulumi.Input[str]]:
        """The hosted zone of each name."""
        if "zone_id" in self._args:
            return dict.fromkeys(self._names, self._args["zone_id"])
        if "zone_name" in self._args:
            return dict.fromkeys(self._names, self._find_zone(self._args["domain"], [self._args["zone_name"]]))
        return {name: self._find_zone(name, zone_candidates(name)) for name in self._names}

    def _find_zone(self, name: str, candidates: Sequence[str]) -> str:
        """The first public hosted zone that exists, looked up synchronously, since an Output's failure cannot be caught."""
        zone_id = find_zone(candidates, pulumi.InvokeOptions(parent=self))
        if zone_id is None:
            argument = "domain" if name == self._args["domain"] else "aliases"
            raise_problems([no_zone_problem("zone_name" if "zone_name" in self._args else argument, name, candidates)])
        return cast(str, zone_id)

    def _create_records(self) -> None:
        """Create a record for each name; a wildcard shares its parent's.

        ACM derives records from the account and the name alone, so certificates in several regions share them, and they
        must outlive a certificate that another region's replaces: ACM renews certificates by them.
        """
        self._options = next(iter(self._certificates.values())).certificate.domain_validation_options
        self.validation_records = self._options.apply(records)
        hosts = {name.removeprefix("*."): zone for name, zone in self.zones.items()}
        self._records = [self._create_record(host, zone) for host, zone in hosts.items()]

    def _create_record(self, host: str, zone: pulumi.Input[str]) -> "aws.route53.Record":
        record = self._options.apply(lambda options: record_of(host, options))
        return aws.route53.Record(
            f"{self._name}-{host}",
            zone_id=zone,
            name=record["name"],
            type=record["type"],
            records=[record["value"]],
            ttl=_RECORD_TTL_SECONDS,
            # All certificates of an account for one name share one record, which another stack may have created already.
            allow_overwrite=True,
            opts=self._child(),
        )

    def _validated(self, use: str) -> pulumi.Output[str]:
        requested = self._certificates.get(use)
        if requested is None:
            return pulumi.Output.from_input("")
        if self._args["dns"] == "external" and not self._args["validated"]:
            return requested.certificate.arn
        validation = aws.acm.CertificateValidation(
            f"{requested.name}-validation",
            certificate_arn=requested.certificate.arn,
            validation_record_fqdns=[record.fqdn for record in self._records] or None,
            region=requested.placement.region,
            opts=self._child(
                provider=requested.placement.provider,
                custom_timeouts=pulumi.CustomTimeouts(create=_VALIDATION_TIMEOUT),
            ),
        )
        return validation.certificate_arn


class _Requested(NamedTuple):
    """A requested certificate."""

    name: str
    """Its logical name."""
    placement: Placement
    certificate: "aws.acm.Certificate"


def records(options: Sequence["aws.acm.outputs.CertificateDomainValidationOption"]) -> list[Mapping[str, str]]:
    """The distinct validation records, ordered by name."""
    distinct = {(o.resource_record_name, o.resource_record_type, o.resource_record_value) for o in options}
    return [
        {"name": str(name), "type": str(kind), "value": str(value)} for name, kind, value in sorted(distinct, key=str)
    ]


def record_of(host: str, options: Sequence["aws.acm.outputs.CertificateDomainValidationOption"]) -> Mapping[str, str]:
    """The validation record of one host; ACM lists the names in no particular order."""
    return records([o for o in options if o.domain_name in (host, f"*.{host}")])[0]
