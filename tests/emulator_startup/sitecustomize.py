"""Read by the emulated AWS at its start: what moto answers otherwise than AWS.

Errors of calls that the emulator adds to CloudFront are CloudFront's. moto finds an error's HTTP status by the module
of its class. An added call that raises moto's base class, as that for a VPC origin that is gone, is then answered 500,
which the AWS provider repeats for minutes instead of taking it for gone.

And access logs have what they need, as in the local AWS.
"""

import importlib.util
from pathlib import Path

import moto.core.utils as utils

_get_service_model = utils.get_service_model
utils.get_service_model = lambda name: _get_service_model("cloudfront" if name == "core" else name)

_file = Path(__file__).parents[2] / "cli" / "flask_on_aws_cli" / "local_aws" / "moto_patches" / "access_logs.py"
_spec = importlib.util.spec_from_file_location("access_logs", _file)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.mend_access_logs()
