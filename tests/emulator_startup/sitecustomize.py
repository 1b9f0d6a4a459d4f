"""Read by the emulated AWS at its start: errors of calls that the emulator adds to CloudFront are CloudFront's.

moto finds an error's HTTP status by the module of its class. An added call that raises moto's base class, as that for a
VPC origin that is gone, is then answered 500, which the AWS provider repeats for minutes instead of taking it for gone.
"""

import moto.core.utils as utils

_get_service_model = utils.get_service_model
utils.get_service_model = lambda name: _get_service_model("cloudfront" if name == "core" else name)
