"""Read by the emulated AWS at its start: what moto answers otherwise than AWS.

Errors of calls that the emulator adds to CloudFront are CloudFront's. moto finds an error's HTTP status by the module
of its class. An added call that raises moto's base class, as that for a VPC origin that is gone, is then answered 500,
which the AWS provider repeats for minutes instead of taking it for gone.

And access logs have what they need, as in the local AWS.
"""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import moto.core.utils as utils

_get_service_model = utils.get_service_model
utils.get_service_model = lambda name: _get_service_model("cloudfront" if name == "core" else name)

# Without the package's own `__init__`, which imports all patches.
_patches = ModuleType("moto_patches")
_patches.__path__ = [str(Path(__file__).parents[2] / "cli" / "flask_on_aws_cli" / "local_aws" / "moto_patches")]
sys.modules["moto_patches"] = _patches
importlib.import_module("moto_patches.access_logs").patch_access_logs()

# moto before 5.2.5 leaves no place for the empty region in a distribution's ARN.
from moto.cloudfront.models import Distribution  # noqa: E402 after what it is patched with

_init = Distribution.__init__


def _init_distribution(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    self.arn = re.sub(r":cloudfront:(?=\d)", ":cloudfront::", self.arn)


Distribution.__init__ = _init_distribution
