"""The guard against losing data unawares, at preview and again before anything is changed.

An engine's preview shows a deleted database as one line among many, and a resource that is no longer in the program has
no hook there. (Delete hooks would make `pulumi destroy` fail without `--run-program`.) So a component records what is
stateful in it as its own inputs. Another record is an update of the component, which comes before its children's: a
hook compares the two records, and refusing the update stops everything below. New stacks, refreshes, imports and
`pulumi destroy` update no component, and roles instead of names in the record let aliases rename one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import pulumi

from ..naming import camel_case
from .rules import Finding, Record, findings

_INPUT = "stateful"


class Guard(NamedTuple):
    """What a component records of its stateful resources, and what may be lost of them."""

    record: Record
    accepted: Sequence[str] = ()
    """Logical names of the resources whose data may be lost."""
    names: Mapping[str, Mapping[str, str]] = {}
    """By role: the owner's names of arguments that the resource calls otherwise."""

    def inputs(self) -> dict[str, Any]:
        """The component's inputs."""
        return {_INPUT: self.record}

    def options(self, component: str) -> pulumi.ResourceOptions:
        """The option with the hook; `component` is known in the whole program."""
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
    found: Iterable[Finding], accepted: Sequence[str], label: Callable[[Finding], str], warn: Callable[[str], Any]
) -> None:
    """Refuse what nobody has accepted, and warn of the rest.

    Raises:
        ValueError: with a sentence for each change that is refused, and how to accept it where that is possible.
    """
    refused: list[str] = []
    for finding in found:
        sentence = f"{label(finding)}: {finding.reason}"
        if finding.warning:
            warn(sentence)
        elif finding.consent and finding.consent in accepted:
            warn(f"{sentence} acceptDataLoss has {finding.consent}.")
        elif finding.consent:
            refused.append(
                f"{sentence} Change it back, or, if that is meant, add {finding.consent} to acceptDataLoss "
                "(accept_data_loss in Python) for this update."
            )
        else:
            refused.append(sentence)
    if refused:
        raise ValueError(
            "This update loses data or cannot work, so nothing was changed:\n  - " + "\n  - ".join(refused)
        )


def in_clear(key: pulumi.Input[str]) -> pulumi.Input[str]:
    """A key's ARN as it is recorded: it is no secret, and as one it would be hidden from the guard."""
    return key if isinstance(key, str) else pulumi.Output.unsecret(pulumi.Output.from_input(key))


def _record(inputs: Mapping[str, Any] | None) -> Record:
    """The record among a component's inputs; empty before components had one."""
    recorded = (inputs or {}).get(_INPUT)
    if not isinstance(recorded, Mapping):
        return {}
    roles = cast(Mapping[str, Any], recorded)
    return {role: cast(Mapping[str, Any], facts) for role, facts in roles.items() if isinstance(facts, Mapping)}
