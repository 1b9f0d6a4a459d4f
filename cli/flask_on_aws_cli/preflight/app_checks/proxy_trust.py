"""Whether an app trusts an address or a scheme that a visitor sends. Pure except `forge_address`, a request."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..output import first_fix
from ..running import Answer, App

ADDRESS, SCHEME = "forwarded address", "forwarded scheme"
# Addresses for documentation: https://www.rfc-editor.org/rfc/rfc5737. One for each header, so that it is known which
# header the app trusts. The load balancer passes all three on, and appends to the first.
FORGED_ADDRESSES = {"X-Forwarded-For": "198.51.100.66", "X-Real-IP": "198.51.100.67", "Forwarded": "198.51.100.68"}
# Servers print a request's line right after its response, and an engine's log follows within milliseconds.
_LOG_SECONDS = 0.5
# CloudFront reaches the load balancer from a private address of the VPC, which follows the visitor's.
_EDGE = "10.0.0.9"
_NAMES_A_HEADER = re.compile(r"(?i)forwarded|real.ip")
# Without an error for a health check, which has no such header.
_LAST_ADDRESS = (
    'request.headers.get("X-Forwarded-For", "").split(",")[-int(os.environ["TRUST_PROXY_DEPTH"]):][0].strip()'
)
# How to make each server trust the load balancer alone: a pattern of the start command, or of the code that it runs.
_ADDRESS_FIXES = {
    r"\bgunicorn\b.*\buvicorn[._]worker": "with gunicorn 24.1.1 or newer, add --forwarded-allow-ips "
    '"$UVICORN_FORWARDED_ALLOW_IPS" to the start command; or start uvicorn instead of gunicorn',
    r"\buvicorn\.(run|Config)\b": 'pass forwarded_allow_ips=os.environ["UVICORN_FORWARDED_ALLOW_IPS"] to uvicorn',
    r"\bfastapi\b.*\brun\b": "start uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE instead of fastapi run",
    r"\blitestar\b.*\brun\b": "start uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE instead of litestar run",
    r"\bsanic\b": "do not set app.config.PROXIES_COUNT, REAL_IP_HEADER and env_prefix: Sanic reads SANIC_PROXIES_COUNT",
    r"\buvicorn\b": "remove --forwarded-allow-ips from the start command, and use uvicorn 0.31 or newer",
    r"\bdaphne\b": "remove --proxy-headers from the start command",
    r"\btornado\b|\bxheaders\b": "remove xheaders=True, which trusts X-Real-IP and X-Scheme, and take the address "
    f"from {_LAST_ADDRESS.replace('request', 'self.request')}",
    r"\bwaitress\b": 'pass trusted_proxy="*", trusted_proxy_count=int(os.environ["TRUST_PROXY_DEPTH"]) and '
    'trusted_proxy_headers="x-forwarded-for x-forwarded-proto" to waitress.serve',
}
_OTHERWISE = (
    'count proxies from the right: ProxyFix(app.wsgi_app, x_for=int(os.environ["TRUST_PROXY_DEPTH"])), or take '
    f"{_LAST_ADDRESS}, and ignore X-Real-IP and Forwarded"
)
_SCHEME_FIXES = {
    r"\btornado\b|\bxheaders\b": "remove xheaders=True, which trusts X-Scheme, and take X-Forwarded-Proto",
}
_SCHEME_OTHERWISE = "take the scheme from X-Forwarded-Proto, which the load balancer replaces, and from no other header"
_IGNORED_OTHERWISE = (
    "take the scheme from X-Forwarded-Proto: x_proto=1 in ProxyFix, SECURE_PROXY_SSL_HEADER = "
    '("HTTP_X_FORWARDED_PROTO", "https") in Django, proxy_headers of the server; or build links from EXTERNAL_URL'
)


class Forgery(NamedTuple):
    """What became of a request with forged headers."""

    answer: Answer
    lines: Sequence[str]
    """What the app printed since the request."""


def forged_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A visitor's headers as the load balancer passes them on, with forged values in each header that it keeps.

    X-Forwarded-Proto is never forged: the load balancer replaces it.
    """
    scheme = _other(headers["X-Forwarded-Proto"])
    addresses = FORGED_ADDRESSES
    edges = [] if headers["X-Forwarded-Proto"] == "https" else [_EDGE]
    chain = [addresses["X-Forwarded-For"], headers["X-Forwarded-For"], *edges]
    return {
        **headers,
        "X-Forwarded-For": ", ".join(chain),
        "X-Real-IP": addresses["X-Real-IP"],
        "Forwarded": f"for={addresses['Forwarded']};proto={scheme}",
        "X-Scheme": scheme,
    }


def judge_address(forgery: Forgery, visitor: str, command: str, source: str = "") -> Check:
    """Whether the app shows a forged address, in its output or its response, as the visitor's.

    Args:
        forgery: what was observed.
        visitor: the visitor's address.
        command: the start command.
        source: the text of the Python file that the command runs.
    """
    if not forgery.answer.status:
        return not_checked(ADDRESS, f"the request failed: {forgery.answer.error}")
    header, evidence = _trusted(forgery, visitor)
    if header:
        place = "its log has" if evidence else "its response has"
        finding = Finding(
            Cause.TRUSTS_ADDRESS,
            f"it trusts an address that a visitor sends in {header}: {place} {FORGED_ADDRESSES[header]} as the "
            "visitor's, so anyone can choose the address that logs, rate limits and allowlists see",
            first_fix(_ADDRESS_FIXES, command, source) or _OTHERWISE,
            evidence,
        )
        return warned(ADDRESS, finding)
    if any(visitor in line for line in (*forgery.lines, forgery.answer.body)):
        return passed(
            ADDRESS, "the visitor's address is in the log or the response, and a forged one is not taken for it"
        )
    return not_checked(ADDRESS, "neither the log nor the response shows a visitor's address")


def _trusted(forgery: Forgery, visitor: str) -> tuple[str, tuple[str, ...]]:
    """The header whose forged address the app shows without the visitor's, and the lines of its log that do."""
    for header, forged in FORGED_ADDRESSES.items():
        pattern = re.compile(rf"(?<![\d.]){re.escape(forged)}(?![\d.])")

        def shows(text: str, pattern: re.Pattern[str] = pattern) -> bool:
            return bool(pattern.search(text)) and visitor not in text and not _NAMES_A_HEADER.search(text)

        lines = tuple(line for line in forgery.lines if shows(line))
        if lines or shows(forgery.answer.body):
            return header, lines[:3]
    return "", ()


def judge_scheme(honest: Answer, forged: Answer, headers: Mapping[str, str], command: str, source: str = "") -> Check:
    """Whether links and redirects to the app have the scheme that the load balancer reports.

    Args:
        honest: the response to a visitor who forges nothing.
        forged: the response to the same request with forged headers.
        headers: the headers of the honest visitor.
        command: the start command.
        source: the text of the Python file that the command runs.
    """
    if not (honest.status and forged.status):
        return not_checked(SCHEME, f"the request failed: {honest.error or forged.error}")
    scheme, host = headers["X-Forwarded-Proto"], headers["Host"]
    before, after = _schemes(honest, host), _schemes(forged, host)
    if _other(scheme) in after - before:
        finding = Finding(
            Cause.TRUSTS_SCHEME,
            f"it trusts a scheme that a visitor sends in X-Scheme or Forwarded: its links then begin with "
            f"{_other(scheme)}://{host}, and so may those in cached pages",
            first_fix(_SCHEME_FIXES, command, source) or _SCHEME_OTHERWISE,
        )
        return warned(SCHEME, finding)
    if scheme == "https" and before == {"http"}:
        finding = Finding(
            Cause.IGNORES_SCHEME,
            f"its links begin with http://{host} although X-Forwarded-Proto is https: browsers block them as mixed "
            "content, or lose a form on the redirect to HTTPS",
            _IGNORED_OTHERWISE,
        )
        return warned(SCHEME, finding)
    if not before:
        return not_checked(SCHEME, "no link or redirect of the front page has a scheme")
    return passed(SCHEME, "a scheme that a visitor sends has no effect on links and redirects")


def _schemes(answer: Answer, host: str) -> set[str]:
    """The schemes of a response's links and redirects to the app."""
    texts = (answer.body, *answer.headers.values())
    return {scheme for text in texts for scheme in re.findall(rf"\b(https?)://{re.escape(host)}(?![\w.-])", text)}


def _other(scheme: str) -> str:
    return {"http": "https", "https": "http"}[scheme]


def forge_address(app: App, path: str, headers: Mapping[str, str]) -> Forgery:
    """Visit a page with forged headers, and wait for the app to log the request, for at most half a second."""
    before = len(app.lines())
    answer = app.ask(path, forged_headers(headers))
    addresses = (headers["X-Forwarded-For"], *FORGED_ADDRESSES.values())
    end, lines = time.monotonic() + _LOG_SECONDS, app.lines()[before:]
    while time.monotonic() < end and not any(address in line for line in lines for address in addresses):
        time.sleep(_LOG_SECONDS / 5)
        lines = app.lines()[before:]
    return Forgery(answer, lines)
