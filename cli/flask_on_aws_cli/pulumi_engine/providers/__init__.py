"""The resource types that the engine creates; all others are only planned. A new service needs a module and a line."""

from collections.abc import Mapping

from . import elasticache, iam, logs, parameter, randoms, schedules, secret, sqs, stash
from .base import Provider
from .ecs import ecs, scaling, services
from .load_balancing import acm, listeners, load_balancers, target_groups, vpc_origins
from .network import ec2, security_groups
from .rds import clusters, groups, rds
from .s3 import bucket_settings, s3

_COMPUTE = (ecs, services, load_balancers, target_groups, listeners, vpc_origins, scaling, schedules, logs)
_DATA = (rds, clusters, groups, elasticache, s3, bucket_settings, secret, parameter, sqs, randoms, stash)
_MODULES = (ec2, security_groups, iam, acm, *_COMPUTE, *_DATA)
PROVIDERS: Mapping[str, Provider] = {
    token: provider for module in _MODULES for token, provider in module.PROVIDERS.items()
}
"""Type token → its provider."""
