"""From what an app printed, and how it ended, to why: pure. A new rule is one more function in `_RULES`."""

from ..check import Finding
from ..output import Output, Rule
from . import import_rules, system_rules
from .variable_rule import missing_variable

# From the most to the least telling.
_RULES: tuple[Rule, ...] = (
    system_rules.architecture,
    system_rules.tls,
    system_rules.sqlite,
    system_rules.interpolation,
    missing_variable,
    system_rules.root,
    system_rules.disk,
    import_rules.not_installed,
    import_rules.command,
    import_rules.import_error,
    system_rules.address_in_use,
    system_rules.database,
)


def diagnose(output: Output) -> Finding | None:
    """The first cause, from the most to the least telling, that an output shows; None if it shows none."""
    return next((finding for rule in _RULES if (finding := rule(output))), None)


def diagnose_disk(output: Output) -> Finding | None:
    """Whether an output shows that something could not be written."""
    return system_rules.disk(output)


def diagnose_sqlite(output: Output) -> Finding | None:
    """Whether an output shows that SQLite found no disk to write to."""
    return system_rules.sqlite(output)
