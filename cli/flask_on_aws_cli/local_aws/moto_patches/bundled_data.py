"""AWS data that moto bundles but nothing here needs: without it, a daemon uses 130 MB less memory.

moto reads the instance types when it is imported, so this module must be imported before moto's EC2.
"""

from typing import Any

import moto.utilities.utils as resources
from moto.iam.models import IAMBackend

from ._patch import patch

# moto has AWS's managed policies once per partition; this is the only partition used here.
_PARTITION = "aws"
# Instance types, and the zones that offer them. No EC2 instances are launched here.
_INSTANCE_TYPES = "ec2/resources/instance_type"


def _load_resource(original: Any, name: str) -> Any:
    """moto loads all of EC2's instance types, 100 MB that nothing here needs."""
    return {} if name.startswith(_INSTANCE_TYPES) else original(name)


def _managed_policies(original: Any, self: Any) -> list[Any]:
    """moto has AWS's managed policies once per partition, of which this process uses one."""
    return original(self) if self.region_name == _PARTITION else []


def patch_bundled_data() -> None:
    """Apply the patch of the managed policies; that of the instance types is applied on import."""
    patch(IAMBackend, "_init_aws_policies")(_managed_policies)


patch(resources, "load_resource")(_load_resource)
