"""How to keep each framework from redirecting to HTTPS, as the load balancer already does. Pure functions."""

from ..output import Output

_TALISMAN = "exempt the health path from redirects (Talisman, SSLify, a before_request)"
_STARLETTE = "remove HTTPSRedirectMiddleware"
_LOOP = (
    "remove the redirect from the app, since the load balancer or CloudFront already redirects to HTTPS; the scheme "
    "and host of links come from EXTERNAL_URL, and with a domain from X-Forwarded-Proto "
)


def exempt_fix(path: str, output: Output) -> str:
    """How the health path is kept from a redirect."""
    if "django" in output.context.packages:
        return f'set SECURE_SSL_REDIRECT = False, or SECURE_REDIRECT_EXEMPT = [r"^{path.lstrip("/")}$"]'
    if "flask" not in output.context.packages and "starlette" in output.context.packages:
        return _STARLETTE
    return _TALISMAN


def loop_fix(output: Output) -> str:
    """How visitors are kept from a redirect that leads back to the same page."""
    if "django" in output.context.packages:
        return f"{_LOOP}(SECURE_PROXY_SSL_HEADER): SECURE_SSL_REDIRECT = False"
    if "flask" not in output.context.packages and "starlette" in output.context.packages:
        return f"{_LOOP}(--forwarded-allow-ips): {_STARLETTE}"
    return f"{_LOOP}(ProxyFix with x_proto=1)"
