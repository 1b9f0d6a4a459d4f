"""The frameworks' checks of the Host header, which reject the load balancer's health check. Pure functions."""

import re
from dataclasses import dataclass

from ..output import Output
from ..running import Answer


@dataclass(frozen=True)
class HostCheck:
    """A framework's check of the Host header."""

    name: str
    """The setting or class with the hosts that it accepts."""
    distribution: str
    pattern: str
    """What its response or its log contains."""
    allow: str
    """The line that accepts the public name."""
    exempt: str
    """How to answer the health path `{path}` before the check."""


_HOST_CHECKS = (
    HostCheck(
        name="ALLOWED_HOSTS",
        distribution="django",
        pattern=r"DisallowedHost|Invalid HTTP_HOST header|<h1>Bad Request \(400\)</h1>",
        allow='ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]',
        exempt="put a middleware first in MIDDLEWARE: def health(get_response): return lambda request: "
        'HttpResponse("up") if request.path == "{path}" else get_response(request)',
    ),
    HostCheck(
        name="TrustedHostMiddleware",
        distribution="starlette",
        pattern=r"(?i)invalid host header",
        allow='app.add_middleware(TrustedHostMiddleware, allowed_hosts=[os.environ["EXTERNAL_HOSTNAME"]])',
        exempt="after TrustedHostMiddleware, add a middleware that answers {path} itself: the one that is added last "
        "runs first",
    ),
    HostCheck(
        name="TRUSTED_HOSTS",
        distribution="flask",
        pattern=r"Host (['\"]|&#39;|&#34;).* is not trusted",
        allow='app.config["TRUSTED_HOSTS"] = [os.environ["EXTERNAL_HOSTNAME"]]',
        exempt="wrap app.wsgi_app in a function that answers {path} itself, since Flask checks TRUSTED_HOSTS before "
        "any view or before_request",
    ),
)


def host_check_of(answer: Answer, output: Output) -> HostCheck | None:
    """The check that rejected a request, by what it answers or logs."""
    texts = (answer.body, *output.lines)
    return next((one for one in _HOST_CHECKS if any(re.search(one.pattern, text) for text in texts)), None)


def installed_host_check(output: Output) -> HostCheck | None:
    """The check of the framework that is installed."""
    return next((one for one in _HOST_CHECKS if one.distribution in output.context.packages), None)


def exempt_fix(check: HostCheck | None, path: str) -> str:
    """How to answer a health check, whose Host nobody can list."""
    start = "its Host is the task's IP address, which no list can have"
    how = check.exempt.replace("{path}", path) if check else "exempt the health path from the check of the Host"
    return f"{start}: {how}"
