"""The result of a review: what changes, what that does on AWS, which data it loses, and what the policy finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

from ..picture import EMPTY, Diagram
from .cost_model import CostReport


class Operation(Enum):
    """What an update does with a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


class Effect(IntEnum):
    """What a change does to the running system, from the least to the most severe."""

    NONE = 0
    """Nothing on AWS changes, such as with a new logical name."""
    IN_PLACE = 1
    RESTARTS_TASKS = 2
    WAITS_FOR_WINDOW = 3
    BRIEF_DOWNTIME = 4
    UNKNOWN = 5
    """There is no information about the type, or the effect depends on the value."""
    REPLACED = 6
    LOSES_DATA = 7

    @property
    def label(self) -> str:
        """The name in JSON: `loses-data`."""
        return self.name.lower().replace("_", "-")


class Consent(Enum):
    """Whether a loss is accepted."""

    MISSING = "missing"
    GIVEN = "given"
    """acceptDataLoss includes the resource's logical name."""
    IMPOSSIBLE = "impossible"
    """The change cannot work, so `pulumi up` rejects it whatever is accepted."""
    NOT_NEEDED = "not-needed"
    """Nothing is lost yet."""
    NOT_GUARDED = "not-guarded"
    """Something is lost whose loss `pulumi up` does not reject either, such as log lines."""


@dataclass(frozen=True)
class PropertyChange:
    """A property that differs. Values of secrets are never in it."""

    path: str
    """Such as `containerDefinitions.web.environment.GREETING`."""
    before: Any
    """None if it was not set. Text in place of values that are secret or not known."""
    after: Any
    effect: Effect
    secret: bool = False


@dataclass(frozen=True)
class Loss:
    """Data that a change loses, or a change that cannot work."""

    resource: str
    """Logical name, as in acceptDataLoss."""
    property: str
    """The property or setting that causes it; `removed` for a resource that is no longer in the program."""
    reason: str
    """A sentence: what is lost."""
    consent: Consent


@dataclass(frozen=True)
class Change:
    """A resource that an update creates, changes, replaces or deletes."""

    urn: str
    type: str
    name: str
    """Logical name."""
    operation: Operation
    effect: Effect
    properties: Sequence[PropertyChange] = ()
    losses: Sequence[Loss] = ()
    notices: Sequence[str] = ()
    """Sentences: what users or operators notice."""
    previous_name: str = ""
    """The logical name before, if it is another."""


class Severity(IntEnum):
    """How much a finding of the policy matters."""

    LOW = 1
    """Good practice, such as a customer managed key."""
    MEDIUM = 2
    """A second line of defense, or the traces that an investigation needs, are missing."""
    HIGH = 3
    """One more mistake or an insider exposes or loses data."""
    CRITICAL = 4
    """Anybody can reach or read what must not be public."""

    @property
    def label(self) -> str:
        """The name in reports and on the command line: `high`."""
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """A resource that does not follow a rule of the policy."""

    rule: str
    """The rule's id, such as `db-not-public`."""
    severity: Severity
    urn: str
    type: str
    name: str
    """Logical name."""
    property: str
    """Such as `publiclyAccessible`."""
    message: str
    """A sentence: what the rule requires, and what the property is instead."""
    reason: str
    """A sentence: what can happen."""
    fix: str
    """A sentence."""
    setting: str = ""
    """The setting of the stack that changes the property; empty if there is none."""
    file: str = ""
    """The file to change, relative to the repository: that of the stack's settings or of the program."""
    line: int = 0
    """The line in it, from 1; 0 if it is not known."""
    waiver: str = ""
    """Why the finding is accepted; empty if it is not."""


@dataclass(frozen=True)
class Policy:
    """What the policy finds in the stack, compared with before. The most severe findings are first."""

    new: Sequence[Finding] = ()
    fixed: Sequence[Finding] = ()
    unchanged: Sequence[Finding] = ()
    """Those that were there before."""
    waived: Sequence[Finding] = ()
    new_waived: Sequence[Finding] = ()
    """Those of `waived` that were not there before."""
    problems: Sequence[str] = ()
    """Sentences: waivers that have expired, or that nothing needs."""

    @property
    def current(self) -> list[Finding]:
        """All findings that are not waived."""
        return [*self.new, *self.unchanged]


@dataclass(frozen=True)
class Report:
    """The review of one stack. Later sections are further fields."""

    stack: str
    base: str
    """What the program is compared with, such as `main (1a2b3c4)`."""
    changes: Sequence[Change]
    """The most severe first; resources that stay the same are only counted."""
    unchanged: int
    losses: Sequence[Loss] = ()
    """Those of no single resource, such as of a whole component."""
    notes: Sequence[str] = ()
    """Sentences: what the review could not compare."""
    provider: str = ""
    """The AWS provider and version whose replacement rules apply."""
    costs: CostReport | None = None
    """What the stack costs; None if that was not determined."""
    policy: Policy = Policy()
    diagram: Diagram = EMPTY
    """The stack with its changes."""

    @property
    def all_losses(self) -> list[Loss]:
        """The losses of all resources and of the stack."""
        return [*self.losses, *(loss for change in self.changes for loss in change.losses)]

    @property
    def rejected(self) -> list[Loss]:
        """The losses for which `pulumi up` must not run: not accepted, or impossible."""
        return [loss for loss in self.all_losses if loss.consent in (Consent.MISSING, Consent.IMPOSSIBLE)]

    @property
    def budget_problem(self) -> str:
        """A sentence: why the budget is not kept; empty if it is kept or there is none."""
        return self.costs.budget_problem if self.costs else ""
