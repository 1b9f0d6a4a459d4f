"""The data that a change loses, by the rules of the components (`flask_on_aws.data_loss`).

Components record facts about their stateful resources. Resources that no component has recorded are compared by the
same rules, with facts from their inputs. Types that the rules do not cover lose their data if they are deleted or
replaced.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask_on_aws.data_loss.guard import INPUT, REJECTION
from flask_on_aws.data_loss.rules import Finding, Record, findings
from flask_on_aws.naming import camel_case

from ...pulumi_engine import Resource
from ...pulumi_engine.model.values import plain
from ..model import Consent, Loss
from .stateful_facts import facts_of

LOST: Mapping[str, str] = {
    "aws:backup/vault:Vault": "all recovery points in it",
    "aws:docdb/cluster:Cluster": "all its data",
    "aws:dynamodb/table:Table": "all its items",
    "aws:ebs/volume:Volume": "all its data",
    "aws:ecr/repository:Repository": "the images of all releases",
    "aws:efs/fileSystem:FileSystem": "all its files",
    "aws:kms/key:Key": "access to everything that it encrypts",
    "aws:opensearch/domain:Domain": "all its documents",
    "aws:rds/cluster:Cluster": "all its data",
    "aws:rds/instance:Instance": "all its data",
    "aws:redshift/cluster:Cluster": "all its data",
    "aws:route53/zone:Zone": "all its records, and its name servers change",
    "aws:s3/bucket:Bucket": "all its files",
    "aws:sqs/queue:Queue": "all messages in it",
}
"""What is lost with a resource of a type."""
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 a type; a component's secrets have content that it generates
_WITHOUT_CONSENT: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "its log lines",
    _SECRET: "its content, after the recovery window",
}
"""What is lost with a resource of a type whose loss the components' guard does not reject either."""
_OF_RECORDS = frozenset({"aws:elasticache/replicationGroup:ReplicationGroup"})
STATEFUL = frozenset({*LOST, *_WITHOUT_CONSENT, *_OF_RECORDS})
"""Types of the resources that have the data which a component records."""


@dataclass(frozen=True)
class Acceptance:
    """Which losses are accepted, and how losses are treated that no component has recorded."""

    names: Sequence[str]
    """acceptDataLoss of the stack."""
    rejections: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why the program's hooks reject the update of a component, by its URN: empty if they accept it. Components whose
    hooks have not run are left out."""
    is_guarded: bool = False
    """Whether a component guards the resource's surroundings, and so does not ask for consent to its loss."""

    def of_name(self, name: str) -> Consent:
        """Whether the loss of a resource's data is accepted."""
        if self.is_guarded:
            return Consent.NOT_GUARDED
        return Consent.GIVEN if name in self.names else Consent.MISSING

    def consent(self, finding: Finding) -> Consent:
        """Whether a change that a guard reports is accepted."""
        if finding.warning:
            return Consent.NOT_NEEDED
        if not finding.acceptable_by:
            return Consent.IMPOSSIBLE
        return self.of_name(finding.acceptable_by)

    def setting(self, finding: Finding) -> str:
        """The user's name of the argument that causes a change: the guard's, where it has rejected the change."""
        for line in "\n".join(self.rejections.values()).splitlines():
            if finding.reason in line:
                return line.strip(" -").partition(":")[0].partition(" ")[0]
        return camel_case(finding.argument)

    def consent_of_record(self, finding: Finding, component: str) -> Consent:
        """The same for the record of a component, whose program can accept a loss without a setting."""
        consent, message = self.consent(finding), self.rejections.get(component)
        if consent is not Consent.MISSING or message is None:
            return consent
        is_accepted = not message or (REJECTION in message and finding.reason not in message)
        return Consent.GIVEN if is_accepted else Consent.MISSING


def record_losses(pairs: Iterable[tuple[Resource, Resource | None]], acceptance: Acceptance) -> list[Loss]:
    """What components' records lose.

    Args:
        pairs: components before and after; None if a component is no longer in the program.
        acceptance: which losses are accepted.
    """
    found: dict[tuple[str, str], Loss] = {}
    for before, after in pairs:
        old = _record(before)
        new: Record = _record(after) if after else {}
        for finding in findings(old, new):
            name = str(old[finding.role].get("name") or before.name)
            consent = acceptance.consent_of_record(finding, after.urn if after else "")
            loss = Loss(name, acceptance.setting(finding), finding.reason, consent)
            found.setdefault((name, finding.argument), loss)  # an app and its database record the same
    return list(found.values())


def hook_losses(acceptance: Acceptance) -> list[Loss]:
    """The updates that hooks of the program other than the guards reject."""
    messages = {urn: text for urn, text in acceptance.rejections.items() if text and REJECTION not in text}
    return [Loss(urn.rpartition("::")[2], "hook", text, Consent.IMPOSSIBLE) for urn, text in messages.items()]


def is_guarded(resource: Resource, components: Mapping[str, Resource]) -> bool:
    """Whether a component around a resource records its stateful resources; `components` are all of them, by URN."""
    parent = components.get(resource.parent)
    return parent is not None and (bool(_record(parent)) or is_guarded(parent, components))


def recorded_names(components: Iterable[Resource]) -> set[str]:
    """The logical names of the resources that components record."""
    facts = (facts for component in components for facts in _record(component).values())
    return {str(entry["name"]) for entry in facts if "name" in entry}


def resource_losses(before: Resource, after: Resource | None, acceptance: Acceptance) -> list[Loss]:
    """What a change of a resource that no component records loses; `after` is None if it is deleted."""
    old = facts_of(before)
    if not old or (after is None and (before.options.retain_on_delete or before.type not in STATEFUL)):
        return []
    record: Record = {} if after is None else {before.name: {**facts_of(after), "name": before.name}}
    return [
        Loss(before.name, camel_case(finding.argument), finding.reason, acceptance.consent(finding))
        for finding in findings({before.name: old}, record)
    ]


def end_losses(
    resource: Resource, verb: str, cause: str, acceptance: Acceptance, protected: bool = False
) -> list[Loss]:
    """What the deletion or the replacement of a resource loses, whatever the reason.

    Args:
        resource: the resource before.
        verb: `deletes` or `replaces`.
        cause: the property that causes it.
        acceptance: which losses are accepted.
        protected: whether AWS rejects the deletion.
    """
    if resource.options.retain_on_delete:
        return []
    lost = LOST.get(resource.type) or _WITHOUT_CONSENT.get(resource.type)
    if lost is None or (acceptance.is_guarded and resource.type == _SECRET):
        return []
    consent = acceptance.of_name(resource.name) if resource.type in LOST else Consent.NOT_GUARDED
    reason = f"{verb} {resource.name} with {lost}."
    if protected:
        return [Loss(resource.name, cause, f"{reason} It is protected, so the update fails.", Consent.IMPOSSIBLE)]
    return [Loss(resource.name, cause, reason, consent)]


def protected_end(resource: Resource, verb: str) -> list[Loss]:
    """That Pulumi rejects the deletion or the replacement of a resource with the option protect."""
    if not resource.options.protect or resource.options.retain_on_delete:
        return []
    sentence = f"{verb} {resource.name}, which has Pulumi's option protect. Remove that first, in an update of its own."
    return [Loss(resource.name, "protect", sentence, Consent.IMPOSSIBLE)]


def weakened(
    before: Resource, after: Resource, acceptance: Acceptance, reported: Collection[str] = ()
) -> Iterator[Loss]:
    """Safeguards that a change removes and logs that it no longer keeps, apart from those in the rules.

    Args:
        before: the resource before.
        after: the resource after.
        acceptance: which losses are accepted.
        reported: the properties for which the rules have reported the same.
    """
    if before.options.protect and not after.options.protect and "deletionProtection" not in reported:
        yield Loss(before.name, "protect", "From this update on, the resource can be deleted.", Consent.NOT_NEEDED)
    old, new = plain(dict(before.inputs)), plain(dict(after.inputs))
    for name in ("forceDestroy", "forceDelete"):
        if not old.get(name) and new.get(name) is True and "retain" not in reported:
            sentence = "false → true: from this update on, it is deleted with everything in it."
            yield Loss(before.name, name, sentence, Consent.NOT_NEEDED)
    if _days(old) == 0 and _days(new) > 0 and before.type == "aws:cloudwatch/logGroup:LogGroup":
        sentence = f"Log lines were kept forever, and those that are older than {_days(new)} days are deleted."
        yield Loss(before.name, "retentionInDays", sentence, acceptance.of_name(before.name))


def _days(inputs: Mapping[str, Any]) -> int:
    days = inputs.get("retentionInDays") or 0
    return int(days) if isinstance(days, int | float) else 0


def _record(component: Resource) -> Record:
    recorded = component.inputs.get(INPUT)
    if component.custom or not isinstance(recorded, Mapping):
        return {}
    roles = cast(Mapping[str, Any], plain(recorded))
    return {role: cast(Mapping[str, Any], facts) for role, facts in roles.items() if isinstance(facts, Mapping)}
