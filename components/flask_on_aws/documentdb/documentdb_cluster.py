"""A DocumentDB cluster, as private, encrypted and protected as `Database`."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from ..component import with_defaults
from ..data_loss.guard import Guard
from ..database.instance_guard import instance_guard
from ..database.parameters import documentdb_entries
from ..database.server import CA_CERTIFICATE, DatabaseServer, once_running, zones_of
from ..validation.problems import raise_problems
from ..validation.values import retention_problems
from .documentdb_args import DEFAULTS, ENGINE, PROFILE, DocumentDbClusterArgs, facts, problems

__all__ = ["DocumentDbCluster", "DocumentDbClusterArgs", "problems"]


class DocumentDbCluster(DatabaseServer):
    """A DocumentDB cluster, compatible with MongoDB, that accepts connections only from the client security groups, and only over TLS.

    A change that would lose its data, such as another master user, fails at preview and at update unless `accept_data_loss`
    names it.
    """

    host: pulumi.Output[str]
    """Host name of the instance that accepts writes, known once that accepts connections. Clients find the other one from there."""
    reader_host: pulumi.Output[str]
    """Host name that distributes read-only connections to the second instance; without one, to the first."""
    port: pulumi.Output[int]
    """Port of the cluster."""
    database_name: pulumi.Output[str]
    """Name of the app's database."""
    username: pulumi.Output[str]
    """Name of the master user."""
    password: pulumi.Output[str]
    """The master user's password, a secret."""
    secret_arn: pulumi.Output[str]
    """ARN of a JSON secret with the master user's `username` and `password`; it gets a new password before the cluster does."""
    security_group_id: pulumi.Output[str]
    """Id of the cluster's security group."""
    cluster_identifier: pulumi.Output[str]
    """Identifier of the cluster, its name in CloudWatch's metrics."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    instance_identifiers: pulumi.Output[Sequence[str]]
    """Identifiers of the cluster's instances."""

    def __init__(self, name: str, args: DocumentDbClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        self._args = with_defaults(args, DEFAULTS)
        days = self._args["log_retention_days"]
        raise_problems([*problems(args), *retention_problems("log_retention_days", days)])
        self._common = {**cast(Mapping[str, Any], self._args), "engine": ENGINE}
        self._profile = PROFILE
        super().__init__(name, opts, Guard({"database": facts(name, self._args)}, self._args["accept_data_loss"]))
        self._create_security_group()
        self._create_subnet_group({})
        self._create_parameter_group()
        self._create_password()
        self._name_final_snapshot()
        # A replacement is created beside the old cluster, so it needs a different name.
        suffix = self._create_suffix("identifier")
        self._identifier = pulumi.Output.format("{name}-{hex}", name=name, hex=suffix.hex)
        self._create_cluster()
        self._create_instances()
        self.host, self.reader_host = once_running(
            self._instances[0], self._cluster.endpoint, self._cluster.reader_endpoint
        )
        self.port = self._cluster.port.apply(lambda port: int(cast(float, port)))
        self.database_name = pulumi.Output.from_input(self._args["database_name"])
        self.username = self._cluster.master_username
        self.password = pulumi.Output.secret(self._password)
        self.secret_arn = self.login.secret_arn
        self.security_group_id = self._group.id
        self.cluster_identifier = self._cluster.cluster_identifier
        self.cluster_arn = self._cluster.arn
        self.instance_identifiers = pulumi.Output.all(*[instance.identifier for instance in self._instances])
        self._register()

    @property
    def _identity(self) -> dict[str, pulumi.Input[str]]:
        """Without the database's name: DocumentDB has as many databases as are written to."""
        return {key: value for key, value in super()._identity.items() if key != "database_name"}

    @property
    def _subnet_group_type(self) -> type[aws.docdb.SubnetGroup]:
        return aws.docdb.SubnetGroup

    def _create_parameter_group(self) -> None:
        self._parameters = aws.docdb.ClusterParameterGroup(
            f"{self._name}-parameters",
            family=PROFILE.family(self._args["engine_version"]),
            description="Parameters of the database",
            parameters=cast(Any, documentdb_entries(PROFILE.parameters(cast(Mapping[str, Any], self._args)))),
            opts=self._child(),
        )

    def _create_log_groups(self) -> pulumi.Output[Sequence[str]]:
        """What the cluster exports, known once the log groups exist: DocumentDB would create them without retention."""
        groups = [
            aws.cloudwatch.LogGroup(
                f"{self._name}-logs-{export}",
                name=pulumi.Output.format("/aws/docdb/{id}/{export}", id=self._identifier, export=export),
                retention_in_days=self._args["log_retention_days"],
                kms_key_id=self._args.get("log_kms_key_id"),
                opts=self._child(),
            )
            for export in PROFILE.log_exports
        ]
        exports = list(PROFILE.log_exports)
        return pulumi.Output.all(*[group.name for group in groups]).apply(lambda names: exports)

    def _create_cluster(self) -> None:
        args = self._args
        self._cluster = aws.docdb.Cluster(
            self._name,
            cluster_identifier=self._identifier,
            engine=PROFILE.engine,
            engine_version=full_version(args["engine_version"]),
            allow_major_version_upgrade=args["allow_major_upgrade"],
            storage_encrypted=True,
            kms_key_id=args.get("kms_key_id"),
            master_username=args["username"],
            # Not a password that AWS manages: its rotation would invalidate DATABASE_URL in running tasks.
            master_password=self._password,
            port=PROFILE.port,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[self._group.id],
            db_cluster_parameter_group_name=self._parameters.name,
            apply_immediately=args["apply_immediately"],
            preferred_maintenance_window=args["maintenance_window"],
            preferred_backup_window=args["backup_window"],
            backup_retention_period=args["backup_days"],
            enabled_cloudwatch_logs_exports=self._create_log_groups(),
            snapshot_identifier=args.get("snapshot_identifier"),
            skip_final_snapshot=not args["final_snapshot"],
            final_snapshot_identifier=self._final_snapshot,
            deletion_protection=args["deletion_protection"],
            opts=self._child(
                # A snapshot matters at creation only; without this, a later change of it would replace the cluster.
                ignore_changes=["snapshot_identifier"],
                # Tasks whose old password is rejected read the new one there.
                depends_on=[self.login],
                hooks=instance_guard(self._name),
                # None rather than False, which would undo the protection of a protected parent.
                protect=args["deletion_protection"] or None,
            ),
        )

    def _create_instances(self) -> None:
        zones = zones_of(self._common["subnet_ids"], self) if self._args["multi_az"] else None
        count = 2 if self._args["multi_az"] else 1
        self._instances = [self._create_instance(index, zones) for index in range(count)]

    def _create_instance(self, index: int, zones: pulumi.Output[Sequence[str]] | None) -> aws.docdb.ClusterInstance:
        args = self._args
        return aws.docdb.ClusterInstance(
            f"{self._name}-instance-{index + 1}",
            identifier=pulumi.Output.format("{id}-{number}", id=self._identifier, number=index + 1),
            cluster_identifier=self._cluster.id,
            engine=PROFILE.engine,
            instance_class=args["instance_class"],
            availability_zone=None if zones is None else zones.apply(lambda names: names[index % len(names)]),
            promotion_tier=index,
            ca_cert_identifier=CA_CERTIFICATE,
            apply_immediately=args["apply_immediately"],
            preferred_maintenance_window=args["maintenance_window"],
            copy_tags_to_snapshot=True,
            # An instance stays in the zone in which it was created; a change would replace it.
            opts=self._child(ignore_changes=["availability_zone"]),
        )


def full_version(version: str) -> str:
    """The version that AWS gets: it resolves `5.0` to one that changes, and reports a full one."""
    return f"{version}.0" if version == PROFILE.major(version) else version
