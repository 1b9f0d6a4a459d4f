"""Read by the emulated AWS at its start: what moto answers otherwise than AWS.

Errors of calls that the emulator adds to CloudFront are CloudFront's. moto finds an error's HTTP status by the module
of its class. An added call that raises moto's base class, as that for a VPC origin that is gone, is then answered 500,
which the AWS provider repeats for minutes instead of taking it for gone.

And S3 may write access logs where the bucket's policy lets it, wildcards included, as the local AWS has it.
"""

import importlib.util
from pathlib import Path

import moto.core.utils as utils

_get_service_model = utils.get_service_model
utils.get_service_model = lambda name: _get_service_model("cloudfront" if name == "core" else name)

_file = Path(__file__).parents[2] / "cli" / "local" / "mends" / "bucket_logging.py"
_spec = importlib.util.spec_from_file_location("bucket_logging", _file)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.mend_bucket_logging()
