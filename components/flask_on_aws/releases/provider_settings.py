"""The settings of the AWS provider in use, as far as the SDK tells a program of them."""

import pulumi
import pulumi_aws as aws

from ..aws_session import NAMES, ProviderSettings, read_settings
from ..naming import snake_case


def provider_settings(resource: pulumi.Resource) -> pulumi.Output[ProviderSettings] | None:
    """The settings of the AWS provider that makes a component's resources.

    Of a provider resource, the SDK tells texts alone: its region, profile and keys, and not its roles and endpoints.
    None where nobody can know even these: a provider that another program passes to the hosted package is an address.
    """
    provider = resource.get_provider("aws:index/provider:Provider")
    config, known = pulumi.Config("aws"), vars(provider) if provider else {}
    if provider is not None and "region" not in known:
        return None
    given = {name: known.get(snake_case(name)) if provider else config.get(name) for name in NAMES}
    options = pulumi.InvokeOptions(parent=resource)
    # boto3 does not look at AWS_REGION, and the provider does; so the provider is asked.
    given["region"] = aws.get_region_output(opts=options).region
    settled = pulumi.Output.all(given, aws.get_caller_identity_output(opts=options).arn)
    return pulumi.Output.unsecret(settled).apply(lambda both: read_settings(both[0], both[1] or ""))
