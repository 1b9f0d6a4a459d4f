"""The guard against unintended data loss, at preview and again before anything is changed.

An engine's preview shows a deleted database as one line among many, and a resource that is no longer in the program has
no hook there. (Delete hooks would make `pulumi destroy` fail without `--run-program`.) So a component records its stateful
resources as its inputs. A changed record is an update of the component, which precedes those of its children: a hook
compares the two records, and rejecting the update stops everything below. New stacks, refreshes, imports and
`pulumi destroy` update no component, and since the record uses roles instead of names, an alias can rename a resource.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import pulumi

from ..naming import camel_case
from .rules import Finding, Record, findings

INPUT = "stateful"
"""The input of a component that has its record."""
REJECTION = "This update loses data or cannot work, so nothing was changed:"
"""The first line of a guard's message; each other line is a rejected change."""


class Guard(NamedTuple):
    """A component's record of its stateful resources, and which of them may lose data."""

    record: Record
    accepted: Sequence[str] = ()
    """Logical names of the resources whose data may be lost."""
    names: Mapping[str, Mapping[str, str]] = {}
    """By role: the owner's names for arguments that have other names in the resource."""

    def inputs(self) -> dict[str, Any]:
        """The component's inputs."""
        return {INPUT: self.record}

    def options(self, component: str) -> pulumi.ResourceOptions:
        """The option with the hook; `component` is unique in the whole program."""
        hook = pulumi.ResourceHook(f"{component}-data-loss", self._check, pulumi.ResourceHookOptions(on_dry_run=True))
        return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))

    def _check(self, args: pulumi.ResourceHookArgs) -> None:
        """Compare the records, as the hook.

        Raises:
            ValueError: with a sentence for each change that loses data or cannot work.
        """
        old, new = _record(args.old_inputs), _record(args.new_inputs)
        check(findings(old, new), self.accepted, self._label, pulumi.log.warn)

    def _label(self, finding: Finding) -> str:
        argument = self.names.get(finding.role, {}).get(finding.argument, finding.argument)
        camel = camel_case(argument)
        return camel if camel == argument else f"{camel} ({argument} in Python)"


def check(
    changes: Iterable[Finding], accepted: Sequence[str], label: Callable[[Finding], str], warn: Callable[[str], Any]
) -> None:
    """Reject changes that are not accepted, and warn of the rest.

    Raises:
        ValueError: with a sentence for each rejected change, and how to accept it where that is possible.
    """
    rejected: list[str] = []
    for finding in changes:
        sentence = f"{label(finding)}: {finding.reason}"
        if finding.warning:
            warn(sentence)
        elif finding.acceptable_by and finding.acceptable_by in accepted:
            warn(f"{sentence} acceptDataLoss includes {finding.acceptable_by}.")
        elif finding.acceptable_by:
            rejected.append(
                f"{sentence} Change it back, or, if that is intended, add {finding.acceptable_by} to acceptDataLoss "
                "(accept_data_loss in Python) for this update."
            )
        else:
            rejected.append(sentence)
    if rejected:
        raise ValueError("\n  - ".join([REJECTION, *rejected]))


def in_clear(key: pulumi.Input[str]) -> pulumi.Input[str]:
    """A key's ARN as it is recorded: it is not a secret, and as one it would be hidden from the guard."""
    return key if isinstance(key, str) else pulumi.Output.unsecret(pulumi.Output.from_input(key))


def _record(inputs: Mapping[str, Any] | None) -> Record:
    """The record among a component's inputs; empty before components had one."""
    recorded = (inputs or {}).get(INPUT)
    if not isinstance(recorded, Mapping):
        return {}
    roles = cast(Mapping[str, Any], recorded)
    return {role: cast(Mapping[str, Any], facts) for role, facts in roles.items() if isinstance(facts, Mapping)}
