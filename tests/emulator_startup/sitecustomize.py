"""Patches moto when an emulated AWS starts, where its responses differ from those of AWS.

moto derives the HTTP status of an error from the module of its class. A CloudFront call that the emulator adds raises
moto's base class, for example for a deleted VPC origin, and gets the status 500. The AWS provider repeats such a
request for minutes rather than treating the origin as deleted. So these errors get CloudFront's service model.

moto serves requests side by side and keeps what a response contains in attributes of classes: a DescribeServices
without tags removes them from another one's answer. So requests are served one after the other.

The patches for access logs, IPv6 addresses and ElastiCache are those of the local AWS.
"""

import importlib
import re
import sys
import threading
from pathlib import Path
from types import ModuleType

import moto.core.utils as utils

_get_service_model = utils.get_service_model
utils.get_service_model = lambda name: _get_service_model("cloudfront" if name == "core" else name)

from moto.moto_server.werkzeug_app import DomainDispatcherApplication  # noqa: E402 imported after the patch above

_serving = threading.Lock()
_serve = DomainDispatcherApplication.__call__


def _serve_alone(self, environ, start_response):
    with _serving:
        return list(_serve(self, environ, start_response))


DomainDispatcherApplication.__call__ = _serve_alone

# Without the package's own `__init__`, which imports all patches.
_patches = ModuleType("moto_patches")
_patches.__path__ = [str(Path(__file__).parents[2] / "cli" / "flask_on_aws_cli" / "local_aws" / "moto_patches")]
sys.modules["moto_patches"] = _patches
importlib.import_module("moto_patches.access_logs").patch_access_logs()
importlib.import_module("moto_patches.ipv6").patch_ipv6()

# Before 5.2.5, moto omits the empty region from a distribution's ARN.
from moto.cloudfront.models import Distribution  # noqa: E402 imported after the patches above

_init = Distribution.__init__


def _init_distribution(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    self.arn = re.sub(r":cloudfront:(?=\d)", ":cloudfront::", self.arn)


Distribution.__init__ = _init_distribution

# Caches are available at once, since no server runs here.
importlib.import_module("moto_patches.elasticache").patch_elasticache()
from moto.elasticache.models import ElastiCacheBackend  # noqa: E402 imported after the patches above

_create_replication_group = ElastiCacheBackend.create_replication_group


def _create_available_group(self, *args, **kwargs):
    group = _create_replication_group(self, *args, **kwargs)
    group.status = "available"
    return group


ElastiCacheBackend.create_replication_group = _create_available_group
