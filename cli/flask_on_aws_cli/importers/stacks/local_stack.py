"""The stack of `./up` from the drafts of a platform's environments: pure."""

from collections.abc import Sequence

from ...shared.stack_options import LOCAL_STACK
from ..drafts.draft import Draft, Entry
from .settle import Outcome

# The local AWS has its own address, and starts as many tasks as its own stack's settings ask for.
_ONLY_ON_AWS = (
    *("environment", "domain", "domainAliases", "dns", "dnsReady", "certificateArn", "zoneId", "allowedCidrs"),
    *("minTasks", "maxTasks", "spotShare"),
)


def local_draft(drafts: Sequence[Draft]) -> Draft:
    """The draft of the production environment, or else of the last one, as that of the local stack."""
    draft = next((draft for draft in reversed(drafts) if draft.environment == "production"), drafts[-1])
    flask_env = draft.variables.get("FLASK_ENV")
    if flask_env and flask_env.value == draft.environment:
        del draft.variables["FLASK_ENV"]
        draft.carry(flask_env.place, "FLASK_ENV", "the stack sets its own environment")
    draft.stack = LOCAL_STACK
    for setting in [setting for setting in draft.values if setting in _ONLY_ON_AWS]:
        del draft.values[setting]
        draft.carry(draft.places[setting], setting, "applies on AWS only")
    return draft


def with_local_commands(outcome: Outcome, project: str) -> Outcome:
    """Replace commands of the Pulumi CLI, which has no local stack, by lines of the stack's file.

    Args:
        outcome: the outcome of the local stack, which is changed.
        project: the project's name.
    """
    outcome.needs = [
        entry._replace(command=_line(entry, outcome, project)) if entry.command else entry for entry in outcome.needs
    ]
    return outcome


def _line(entry: Entry, outcome: Outcome, project: str) -> str:
    setting, dot, name = entry.subject.partition(".")
    value = f"{{{name}: VALUE}}" if dot else "VALUE"
    return f"{outcome.file.path.name}: {project}:{setting}: {value}"
