"""A rule of the policy."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..model import Severity
from .stack import Node, Stack


class Violation(NamedTuple):
    """What is wrong with one property of a resource."""

    property: str
    """Path of the property, which identifies the finding: `containerDefinitions.web.privileged`."""
    detail: str
    """What it is, as the end of a sentence that begins with the property: `is true`."""


Check = Callable[[Node, Stack], Iterable[Violation]]
"""Returns what is wrong with a resource. Values that are not known are right."""


@dataclass(frozen=True)
class Rule:
    """A rule, and the rules of others that it covers."""

    id: str
    """Lower-case words with hyphens. It never changes: waivers name it."""
    severity: Severity
    title: str
    """A sentence without a period: what is right."""
    reason: str
    """A sentence: what can happen otherwise."""
    fix: str
    """A sentence: what to do."""
    types: Sequence[str]
    """Types of AWS resources without `aws:`, such as `rds/instance:Instance`."""
    check: Check
    covers: str = ""
    """Ids of checkov (CKV…), trivy (AWS-…), cdk-nag (AwsSolutions-…), AWS Foundational Security Best Practices (RDS.3)
    and Pulumi's AWSGuard (camel case), separated by spaces."""
    setting: str = ""
    """The setting of FlaskApp that changes it, if there is one."""
