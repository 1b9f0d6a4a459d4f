"""An Aurora cluster: PostgreSQL or MySQL that scales with its load, as private, encrypted and protected as `Database`."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from ..component import with_defaults
from ..data_loss.guard import Guard
from ..database.engines import CLUSTER_ENGINES
from ..database.instance_guard import instance_guard
from ..database.monitoring_role import monitoring_role_arn
from ..database.server import CA_CERTIFICATE, INSIGHTS_DAYS, DatabaseServer, once_running, zones_of
from ..validation.problems import raise_problems
from ..validation.values import retention_problems
from .aurora_args import DEFAULTS, AuroraClusterArgs, facts, problems, settled

__all__ = ["AuroraCluster", "AuroraClusterArgs", "problems"]

_INSTANCE_CLASS = "db.serverless"  # Aurora Serverless v2


class AuroraCluster(DatabaseServer):
    """An Aurora PostgreSQL or Aurora MySQL cluster (Serverless v2) that accepts connections only from the client security groups, and only over TLS.

    A change that would lose its data, such as another owner, fails at preview and at update unless `accept_data_loss` names it.
    """

    host: pulumi.Output[str]
    """Host name of the instance that accepts writes, known once that accepts connections."""
    reader_host: pulumi.Output[str]
    """Host name that distributes read-only connections to the second instance; without one, to the first."""
    port: pulumi.Output[int]
    """Port of the cluster."""
    database_name: pulumi.Output[str]
    """Name of the database."""
    username: pulumi.Output[str]
    """Name of the database's owner."""
    password: pulumi.Output[str]
    """The owner's password, a secret."""
    secret_arn: pulumi.Output[str]
    """ARN of a JSON secret with the owner's `username` and `password`; it gets a new password before the database does."""
    security_group_id: pulumi.Output[str]
    """Id of the database's security group."""
    cluster_identifier: pulumi.Output[str]
    """Identifier of the cluster, its name in CloudWatch's metrics."""
    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    instance_identifiers: pulumi.Output[Sequence[str]]
    """Identifiers of the cluster's instances."""

    def __init__(self, name: str, args: AuroraClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        days = with_defaults(args, DEFAULTS)["log_retention_days"]
        raise_problems([*problems(args), *retention_problems("log_retention_days", days)])
        self._args = settled(args)
        self._common = cast(Mapping[str, Any], self._args)
        self._profile = CLUSTER_ENGINES[self._args["engine"]]
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
        self.port = self._cluster.port
        self.database_name = self._cluster.database_name
        self.username = self._cluster.master_username
        self.password = pulumi.Output.secret(self._password)
        self.secret_arn = self.login.secret_arn
        self.security_group_id = self._group.id
        self.cluster_identifier = self._cluster.cluster_identifier
        self.cluster_arn = self._cluster.arn
        self.instance_identifiers = pulumi.Output.all(*[instance.identifier for instance in self._instances])
        self._register()

    def _create_parameter_group(self) -> None:
        # The cluster's group also has the parameters of instances, whose own group has only Aurora's defaults.
        self._parameters = aws.rds.ClusterParameterGroup(
            f"{self._name}-parameters",
            family=self._profile.family(self._args["engine_version"]),
            description="Parameters of the database",
            parameters=[{"name": key, "value": value} for key, value in self._profile.parameters(self._args).items()],
            opts=self._child(),
        )

    def _create_log_groups(self) -> pulumi.Output[Sequence[str]]:
        """What the cluster exports, known once the log groups exist: Aurora would create them without retention."""
        groups = [
            aws.cloudwatch.LogGroup(
                f"{self._name}-logs-{export}",
                name=pulumi.Output.format("/aws/rds/cluster/{id}/{export}", id=self._identifier, export=export),
                retention_in_days=self._args["log_retention_days"],
                kms_key_id=self._args.get("log_kms_key_id"),
                opts=self._child(),
            )
            for export in self._profile.log_exports
        ]
        exports = list(self._profile.log_exports)
        return pulumi.Output.all(*[group.name for group in groups]).apply(lambda names: exports)

    def _create_cluster(self) -> None:
        args = self._args
        self._cluster = aws.rds.Cluster(
            self._name,
            cluster_identifier=self._identifier,
            engine=cast(Any, self._profile.engine),
            engine_mode="provisioned",  # of Serverless v2, too
            # Of `17` the provider keeps just that, and considers every 17.x that AWS upgrades to the same version.
            engine_version=args["engine_version"],
            allow_major_version_upgrade=args["allow_major_upgrade"],
            serverlessv2_scaling_configuration=self._scaling(),
            storage_encrypted=True,
            kms_key_id=args.get("kms_key_id"),
            database_name=args["database_name"],
            master_username=args["username"],
            master_password=self._password,
            iam_database_authentication_enabled=True,
            port=self._profile.port,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[self._group.id],
            db_cluster_parameter_group_name=self._parameters.name,
            apply_immediately=args["apply_immediately"],
            preferred_maintenance_window=args["maintenance_window"],
            preferred_backup_window=args["backup_window"],
            backup_retention_period=args["backup_days"],
            enabled_cloudwatch_logs_exports=self._create_log_groups(),
            copy_tags_to_snapshot=True,
            snapshot_identifier=args.get("snapshot_identifier"),
            skip_final_snapshot=not args["final_snapshot"],
            final_snapshot_identifier=self._final_snapshot,
            deletion_protection=args["deletion_protection"],
            opts=self._cluster_options(),
        )

    def _scaling(self) -> aws.rds.ClusterServerlessv2ScalingConfigurationArgsDict:
        least, most = self._args["min_capacity"], self._args["max_capacity"]
        scaling: aws.rds.ClusterServerlessv2ScalingConfigurationArgsDict = {"min_capacity": least, "max_capacity": most}
        if least == 0:
            scaling["seconds_until_auto_pause"] = self._args["auto_pause_seconds"]
        return scaling

    def _cluster_options(self) -> pulumi.ResourceOptions:
        return self._child(
            # A snapshot matters at creation only; without this, a later change of it would replace the database.
            ignore_changes=["snapshot_identifier"],
            # Tasks whose old password is rejected read the new one there.
            depends_on=[self.login],
            hooks=instance_guard(self._name),
            # None rather than False, which would undo the protection of a protected parent.
            protect=self._args["deletion_protection"] or None,
        )

    def _create_instances(self) -> None:
        zones = zones_of(self._common["subnet_ids"], self) if self._args["multi_az"] else None
        role_arn = None
        if self._args["monitoring_interval"]:
            role_arn = monitoring_role_arn(self._name, self._args.get("permissions_boundary"), self)
        count = 2 if self._args["multi_az"] else 1
        self._instances = [self._create_instance(index, zones, role_arn) for index in range(count)]

    def _create_instance(
        self, index: int, zones: pulumi.Output[Sequence[str]] | None, monitoring_role: pulumi.Output[str] | None
    ) -> aws.rds.ClusterInstance:
        args, insights = self._args, self._args["performance_insights"]
        return aws.rds.ClusterInstance(
            f"{self._name}-instance-{index + 1}",
            identifier=pulumi.Output.format("{id}-{number}", id=self._identifier, number=index + 1),
            cluster_identifier=self._cluster.id,
            engine=cast(Any, self._profile.engine),
            instance_class=_INSTANCE_CLASS,
            availability_zone=None if zones is None else zones.apply(lambda names: names[index % len(names)]),
            # A standby in tier 0 or 1 has the capacity of the writer at any time, so that it can take over its load.
            promotion_tier=index,
            # A pinned minor version stays, or after the next refresh the pin would be a downgrade, which RDS rejects.
            auto_minor_version_upgrade=not self._profile.is_pinned(args["engine_version"]),
            ca_cert_identifier=CA_CERTIFICATE,
            publicly_accessible=False,
            db_subnet_group_name=self._subnets.name,
            apply_immediately=args["apply_immediately"],
            preferred_maintenance_window=args["maintenance_window"],
            copy_tags_to_snapshot=True,
            performance_insights_enabled=insights,
            performance_insights_retention_period=INSIGHTS_DAYS if insights else None,
            performance_insights_kms_key_id=args.get("kms_key_id") if insights else None,
            monitoring_interval=args["monitoring_interval"],
            monitoring_role_arn=monitoring_role,
            # An instance stays in the zone in which it was created; a change would replace it.
            opts=self._child(ignore_changes=["availability_zone"]),
        )
