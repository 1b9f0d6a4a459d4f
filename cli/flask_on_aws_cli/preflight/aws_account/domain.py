"""Checks that public DNS allows the stack to use its domain and get its certificate."""

from collections.abc import Callable, Sequence
from typing import Any

import dns.exception
import dns.resolver

from ..check import Cause, Check, Finding, failed, not_checked, passed

DELEGATION, CAA = "delegation", "CAA"
# https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
_AMAZON = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
_SECONDS = 5.0

Lookup = Callable[[str, str], Sequence[str] | None]
"""Name and record type → records as text; empty if the name has none of that type, None if it does not exist."""


def look_up(name: str, kind: str) -> Sequence[str] | None:
    """Query this machine's resolver.

    Raises:
        DNSException: if no name server responds.
    """
    try:
        answer: Any = dns.resolver.resolve(name, kind, lifetime=_SECONDS)
    except dns.resolver.NXDOMAIN:
        return None
    except dns.resolver.NoAnswer:
        return ()
    return [record.to_text() for record in answer]


def domain_checks(domain: str, zone_servers: Sequence[str] | str, ask: Lookup = look_up) -> list[Check]:
    """The checks of the domain's delegation and CAA records.

    Args:
        domain: the app's domain; empty if it has none.
        zone_servers: name servers of its Route 53 zone, or the reason why they are unknown.
        ask: queries the resolver. Default: this machine's.
    """
    if not domain:
        reason = "the stack has no domain"
        return [not_checked(DELEGATION, reason), not_checked(CAA, reason)]
    return [
        _check_or_skip(DELEGATION, lambda: _delegation(domain, zone_servers, ask)),
        _check_or_skip(CAA, lambda: _caa(domain, ask)),
    ]


def _check_or_skip(name: str, make_check: Callable[[], Check]) -> Check:
    try:
        return make_check()
    except dns.exception.DNSException as error:
        return not_checked(name, f"no name server responds ({' '.join(str(error).split())[:200]})")


def _parents(domain: str) -> list[str]:
    """The name and its parent domains, without the top-level domain."""
    labels = domain.rstrip(".").split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def _delegation(domain: str, zone_servers: Sequence[str] | str, ask: Lookup) -> Check:
    for name in _parents(domain):
        public = sorted(server.rstrip(".").lower() for server in ask(name, "NS") or ())
        if not public:
            continue
        if isinstance(zone_servers, str):
            return not_checked(DELEGATION, f"{name} is served by {', '.join(public)}; {zone_servers}")
        zone = sorted(server.rstrip(".").lower() for server in zone_servers)
        if set(public) & set(zone):
            return passed(DELEGATION, f"{name} is served by its Route 53 zone")
        sentence = f"{name} is served by {', '.join(public)}, not by its Route 53 zone"
        return failed(DELEGATION, Finding(Cause.DELEGATION, sentence, _delegation_fix(zone)))
    sentence = f"no name server serves {domain} or a parent domain"
    return failed(DELEGATION, Finding(Cause.DELEGATION, sentence, _delegation_fix(zone_servers)))


def _delegation_fix(zone: Sequence[str] | str) -> str:
    servers = "those of the zone" if isinstance(zone, str) else ", ".join(zone)
    return f"at the registrar, set the name servers to {servers}; or, with records elsewhere, set dns to external"


def _caa(domain: str, ask: Lookup) -> Check:
    """Check the CAA records closest to the name; the others have no effect: RFC 8659."""
    for name in _parents(domain):
        records = [record.split(None, 2) for record in ask(name, "CAA") or ()]
        issuers = [value.strip('"').partition(";")[0].strip() for _, tag, value in records if tag == "issue"]
        if not records:
            continue
        if not issuers or any(issuer in _AMAZON for issuer in issuers):
            return passed(CAA, f"the records of {name} allow Amazon")
        allowed = ", ".join(issuer or "no authority" for issuer in issuers)
        finding = Finding(
            Cause.CAA,
            f"the CAA records of {name} allow {allowed}, but not Amazon",
            f'add this record to {name}: CAA 0 issue "amazon.com"',
            tuple(" ".join(record) for record in records),
        )
        return failed(CAA, finding)
    return passed(CAA, f"neither {domain} nor a parent domain restricts which authority may issue certificates")
