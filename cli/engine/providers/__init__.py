"""The types of resources that the engine creates; all others are planned. A new service is a module and a line here."""

from collections.abc import Mapping

from . import (
    acm,
    balancing,
    bucket_settings,
    database_groups,
    ec2,
    ecs,
    iam,
    logs,
    parameter,
    randoms,
    rds,
    routing,
    s3,
    scaling,
    secret,
    security_groups,
    services,
    stash,
    target_groups,
    vpc_origins,
)
from .base import Provider

_COMPUTE = (ecs, services, balancing, target_groups, routing, vpc_origins, scaling, logs)
_DATA = (rds, database_groups, s3, bucket_settings, secret, parameter, randoms, stash)
_MODULES = (ec2, security_groups, iam, acm, *_COMPUTE, *_DATA)
PROVIDERS: Mapping[str, Provider] = {
    token: provider for module in _MODULES for token, provider in module.PROVIDERS.items()
}
"""Type token → what it can do."""
