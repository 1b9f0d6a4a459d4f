"""The web ACLs that a Flask app creates, by scope."""

import pulumi

from ..waf.web_acl import WebAcl
from . import component_args
from .flask_app_args import FlaskAppArgs
from .topology import REGIONAL, web_acl_scopes


def create_web_acls(
    name: str, args: FlaskAppArgs, log_key: pulumi.Input[str] | None, opts: pulumi.ResourceOptions
) -> dict[str, WebAcl]:
    """None without `waf`; `log_key` encrypts the logs of the load balancer's."""
    return {scope: _create_web_acl(name, args, scope, log_key, opts) for scope in web_acl_scopes(args)}


def _create_web_acl(
    name: str, args: FlaskAppArgs, scope: str, log_key: pulumi.Input[str] | None, opts: pulumi.ResourceOptions
) -> WebAcl:
    wanted, role = component_args.web_acl_args(args, scope), "waf" if scope == REGIONAL else "cdn-waf"
    # A key works in its own region alone, and CloudFront's logs are in us-east-1.
    if log_key is not None and scope == REGIONAL:
        wanted["log_kms_key_id"] = log_key
    return WebAcl(f"{name}-{role}", wanted, opts)
