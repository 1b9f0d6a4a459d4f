"""What CloudFront requires of domains and their certificates, and its region, whatever the stack's region is."""

import inspect
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import pulumi
import pulumi_aws as aws
from pulumi.runtime import config as runtime_config

from ..naming import camel_case
from ..validation.problems import Problem
from ..validation.references import CERTIFICATE, arn_problems

# Of certificates: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html
# Of web ACLs: https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html
CLOUDFRONT_REGION = "us-east-1"
# https://docs.aws.amazon.com/general/latest/gr/cf_region.html, "Alternate domain names (CNAMEs) per distribution"
MOST_ALIASES = 100


def distribution_certificate_problems(argument: str, value: Any) -> Iterator[Problem]:
    """The ARN of a certificate that CloudFront can use; the value of an output is left to AWS to check."""
    malformed = list(arn_problems(argument, value, CERTIFICATE))
    yield from malformed
    region = value.split(":")[3] if isinstance(value, str) and not malformed else CLOUDFRONT_REGION
    if region != CLOUDFRONT_REGION:
        yield Problem(
            argument,
            f"{value!r} is in {region}, but CloudFront uses only certificates in {CLOUDFRONT_REGION}; request or import "
            "it there.",
        )


class Placement(NamedTuple):
    """How a resource is created in CloudFront's region."""

    provider: aws.Provider | None
    """The resource's option `provider`; None: it inherits its parent's."""
    region: str | None
    """The resource's input `region`; None: that of its provider."""


def in_cloudfront_region(name: str, parent: pulumi.Resource) -> Placement:
    """Place resources of a component in CloudFront's region, in the account of the component's provider.

    With the stack's own configuration, this is a provider of the same settings. A program cannot read the roles and
    endpoints of a provider that it was given, so there each resource names the region itself.

    Args:
        name: the provider's logical name.
        parent: the component.
    """
    if parent.get_provider("aws:index/provider:Provider") is not None:
        return Placement(None, CLOUDFRONT_REGION)
    settings = _default_settings()
    settings["region"] = CLOUDFRONT_REGION
    return Placement(aws.Provider(name, aws.ProviderArgs(**settings), pulumi.ResourceOptions(parent=parent)), None)


def _default_settings() -> dict[str, Any]:
    """The configuration `aws:…` of the stack, by the names of the provider's arguments."""
    config = pulumi.Config("aws")
    settings: dict[str, Any] = {}
    for argument, parameter in inspect.signature(aws.ProviderArgs).parameters.items():
        key = camel_case(argument)
        text = config.get(key)
        if text is None:
            continue
        # The configuration contains texts as they are, and everything else as JSON.
        value = text if str in get_args(parameter.annotation) else json.loads(text)
        settings[argument] = pulumi.Output.secret(value) if runtime_config.is_config_secret(f"aws:{key}") else value
    return settings
