"""DB instances and Aurora clusters of RDS that are real database servers on this machine."""

from .configuration import Instance, Status
from .part import Databases

__all__ = ["Databases", "Instance", "Status"]
