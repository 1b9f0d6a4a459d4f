"""The settings of the AWS provider in use, as far as the SDK exposes them to a program."""

import pulumi
import pulumi_aws as aws

from ..aws_session import NAMES, ProviderSettings, read_settings
from ..naming import snake_case


def provider_settings(resource: pulumi.Resource) -> pulumi.Output[ProviderSettings] | None:
    """The settings of the AWS provider that creates a component's resources.

    Of a provider resource, the SDK exposes only strings: its region, profile and keys, but not its roles and endpoints.
    None where even these are unknown: a provider that another program passes to the hosted package is only a reference.
    """
    provider = resource.get_provider("aws:index/provider:Provider")
    config, attributes = pulumi.Config("aws"), vars(provider) if provider else {}
    if provider is not None and "region" not in attributes:
        return None
    values = {name: attributes.get(snake_case(name)) if provider else config.get(name) for name in NAMES}
    options = pulumi.InvokeOptions(parent=resource)
    # boto3 does not read AWS_REGION, but the provider does; so the region comes from the provider.
    values["region"] = aws.get_region_output(opts=options).region
    settings = pulumi.Output.all(values, aws.get_caller_identity_output(opts=options).arn)
    return pulumi.Output.unsecret(settings).apply(lambda resolved: read_settings(resolved[0], resolved[1] or ""))
