"""Long lists of AWS's own, of which little is needed here: without the rest a daemon takes 130 MB less memory.

moto reads the types of machines when it is imported, so this module comes before all that imports moto's EC2.
"""

from collections.abc import Callable
from typing import Any

import moto.utilities.utils as resources
from moto.iam.models import IAMBackend

from ._replace import replace

# moto has AWS's managed policies once for each partition; this is the only one that there is here.
_PARTITION = "aws"
# Which types of machines there are, and in which zones. No machines are rented here.
_MACHINES = "ec2/resources/instance_type"


def _without_machines(original: Callable[[str], Any]) -> Callable[[str], Any]:
    def load_resource(name: str) -> Any:
        return {} if name.startswith(_MACHINES) else original(name)

    return load_resource


def _managed_policies(original: Any, self: Any) -> list[Any]:
    return original(self) if self.region_name == _PARTITION else []


def mend_lists() -> None:
    """Put the replacement in place; that of the machines is there already."""
    replace(IAMBackend, "_init_aws_policies")(_managed_policies)


resources.load_resource = _without_machines(resources.load_resource)
