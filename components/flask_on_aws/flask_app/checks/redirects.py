"""Checks of the domains that are redirected, against those that the app serves."""

from collections.abc import Iterator

from ...ingress.certificate import MOST_NAMES
from ...ingress.redirect import covers
from ...validation.problems import Problem
from ..flask_app_args import FlaskAppArgs
from ..topology import all_domains


def redirect_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """Redirects of what the app serves itself, and more names than its certificate can have."""
    redirects, aliases = args["domain_redirects"], args["domain_aliases"]
    for host in redirects:
        for alias in aliases:
            if host == alias:
                yield Problem(
                    "domain_redirects",
                    f"{host!r} is in domain_aliases as well; keep it in one of the two: aliases serve the app, redirects "
                    "lead to domain.",
                )
            elif covers(host, alias):
                yield Problem(
                    "domain_redirects",
                    f"{host!r} includes {alias!r} of domain_aliases, which would then be redirected; name each domain "
                    "instead.",
                )
    if redirects and args["cdn"] and args.get("basic_auth_username"):
        yield Problem(
            "domain_redirects",
            "CloudFront runs one function for each request, and basic_auth_username has it; leave one of the two out.",
        )
    count, is_given = len(all_domains(args)), _has_certificate(args)
    if count > MOST_NAMES and (args["cdn"] or not is_given):
        yield Problem(
            "domain_redirects" if redirects else "domain_aliases",
            f"{'CloudFront' if is_given else 'a certificate'} has at most {MOST_NAMES} domains, and domain, domain_aliases and "
            f"domain_redirects are {count}; name fewer, or use wildcards.",
        )


def _has_certificate(args: FlaskAppArgs) -> bool:
    """Whether the app uses an existing certificate, whose names are not known here."""
    is_external = "listener_arn" in args and args["dns"] == "external"
    return "certificate_arn" in args or args["listener_has_certificate"] or is_external
