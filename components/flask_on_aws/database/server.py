"""What every database server has in common: security group, subnet group, password, and name of its final snapshot."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from ..component import Component
from ..data_loss.rules import IDENTITY
from ..network.security_group_rules import allow_group
from .engines import DEFAULT, EngineProfile
from .login import create_login
from .replacement_guard import guard, tag

INSIGHTS_DAYS = 7
"""Days for which Performance Insights keeps its statistics: the longest that costs nothing."""
CA_CERTIFICATE = "rds-ca-rsa2048-g1"
"""The CA of the server's certificate: AWS's default, valid until 2061; clients trust it with the bundle of `rds_ca`."""
# A database that was created before there was a choice has no tag of its engine, and gets none.
_UNRECORDED = {"engine": DEFAULT}


class DatabaseServer(Component):
    """The part of a database server that does not depend on whether it is an instance or a cluster."""

    _common: Mapping[str, Any]
    """The arguments that all servers have, with their defaults."""
    _profile: EngineProfile

    def allow_connection_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Allow members of another security group to connect to the database.

        Args:
            client: the name of the client, the last part of the rule's logical name; different for each client.
            security_group_id: its security group, whose rules must allow outbound connections to `port`.
        """
        name, description = f"{self._name}-from-{client}", f"{self._profile.title} from {client}"
        allow_group(name, self._group.id, security_group_id, self._profile.port, description, self._child())

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role read the owner's login in `secret_arn`.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        self.login.grant(client, role)

    @property
    def _identity(self) -> dict[str, pulumi.Input[str]]:
        """The arguments whose change replaces the database."""
        given = self._common
        return {key: given[key] for key in IDENTITY if key in given and given[key] != _UNRECORDED.get(key)}

    def _create_security_group(self) -> None:
        self._group = aws.ec2.SecurityGroup(
            f"{self._name}-access",
            # A changed description would replace the group. It has no egress rule: a database opens no connections.
            description="Access to the database",
            vpc_id=self._common["vpc_id"],
            opts=self._child(),
        )
        for role, client in self._common["client_security_group_ids"].items():
            self.allow_connection_from(role, client)

    @property
    def _subnet_group_type(self) -> type[aws.rds.SubnetGroup] | type[aws.docdb.SubnetGroup]:
        return aws.rds.SubnetGroup

    def _create_subnet_group(self, more_tags: Mapping[str, str], ignore_changes: Sequence[str] = ()) -> None:
        # A protected database cannot be replaced; failing only after these tags are updated would defeat the guard.
        accepted = self._common.get("allow_replacement") or self._name in self._common["accept_data_loss"]
        replaceable = accepted and not self._common["deletion_protection"]
        self._subnets = self._subnet_group_type(
            f"{self._name}-subnets",
            description="Private subnets of the database",
            subnet_ids=self._common["subnet_ids"],
            # The guard compares these; a key's ARN is not a secret, and as one it would hide all tags from the guard.
            tags={tag(key): pulumi.Output.unsecret(pulumi.Output.from_input(v)) for key, v in self._identity.items()}
            | dict(more_tags),
            opts=self._child(
                ignore_changes=list(ignore_changes) or None, hooks=None if replaceable else guard(self._name)
            ),
        )

    def _create_password(self) -> None:
        key = self._common.get("login_kms_key_id")
        self._password, self.login = create_login(
            self._name, self._common["username"], key, self._child(), needs_all_kinds=self._profile.checks_passwords
        )

    def _name_final_snapshot(self) -> None:
        self._final_snapshot: pulumi.Output[str] | None = None
        if self._common["final_snapshot"]:
            # A name that is taken would make deletion fail, so each replacement of the database gets a new one.
            suffix = self._create_suffix("final")
            self._final_snapshot = pulumi.Output.format("{name}-final-{hex}", name=self._name, hex=suffix.hex)

    def _create_suffix(self, role: str) -> random.RandomId:
        """A suffix of a physical name that each replacement of the database needs to be a new one."""
        return random.RandomId(
            f"{self._name}-{role}",
            byte_length=4,
            keepers=dict(self._identity),
            # A replacement comes only after the guard, which is on the subnet group, has allowed it.
            opts=self._child(depends_on=[self._subnets]),
        )


def zones_of(
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]], parent: pulumi.Resource
) -> pulumi.Output[list[str]]:
    """The zones of subnets, each once: left alone, AWS may create both instances of a cluster in the same zone."""
    options = pulumi.InvokeOutputOptions(parent=parent)

    def zones(ids: Sequence[str]) -> pulumi.Output[list[str]]:
        subnets = [aws.ec2.get_subnet_output(id=subnet_id, opts=options) for subnet_id in ids]
        return pulumi.Output.all(*[subnet.availability_zone for subnet in subnets])

    known = cast(pulumi.Output[Sequence[str]], pulumi.Output.from_input(subnet_ids))
    return known.apply(zones).apply(lambda names: list(dict.fromkeys(names)))


def once_running(instance: pulumi.CustomResource, *endpoints: pulumi.Output[str]) -> list[pulumi.Output[str]]:
    """Endpoints of a cluster, known once its first instance runs: without one nothing listens there."""
    return [pulumi.Output.all(endpoint, instance.id).apply(lambda values: str(values[0])) for endpoint in endpoints]
