"""Long lists of AWS's own, of which little is needed here: without the rest a daemon takes 130 MB less memory.

moto reads the types of machines when it is imported, so this module comes before all that imports moto's EC2.
"""

from typing import Any

import moto.utilities.utils as resources
from moto.iam.models import IAMBackend

from ._patch import patch

# moto has AWS's managed policies once for each partition; this is the only one that there is here.
_PARTITION = "aws"
# Which types of machines there are, and in which zones. No machines are rented here.
_MACHINES = "ec2/resources/instance_type"


def _without_machines(original: Any, name: str) -> Any:
    """moto loads all types of EC2's machines, 100 MB that nothing here needs."""
    return {} if name.startswith(_MACHINES) else original(name)


def _managed_policies(original: Any, self: Any) -> list[Any]:
    """moto holds AWS's managed policies once for each partition, of which this process has one."""
    return original(self) if self.region_name == _PARTITION else []


def patch_lists() -> None:
    """Apply the patch of the policies; that of the machines is there already."""
    patch(IAMBackend, "_init_aws_policies")(_managed_policies)


patch(resources, "load_resource")(_without_machines)
