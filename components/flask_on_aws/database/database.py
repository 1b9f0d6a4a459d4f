"""The database: PostgreSQL, MySQL, MariaDB or SQL Server on RDS, private, encrypted, TLS only, and protected from unintended replacement."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from ..component import with_defaults
from ..data_loss.guard import Guard
from ..validation.problems import raise_problems
from ..validation.values import retention_problems
from .database_args import DEFAULTS, DatabaseArgs, facts, problems, profile_of, settled
from .instance_guard import instance_guard
from .log_groups import NAMED, NAMED_TAG, DatabaseLogs, is_named
from .monitoring_role import monitoring_role_arn
from .parameters import parameter_entries
from .server import CA_CERTIFICATE, INSIGHTS_DAYS, DatabaseServer
from .snapshot_key import checked_key

__all__ = ["Database", "DatabaseArgs", "problems"]


class Database(DatabaseServer):
    """A PostgreSQL, MySQL, MariaDB or SQL Server instance on RDS that accepts connections only from the client security groups, and only over TLS.

    A change that would lose its data, such as another owner, fails at preview and at update unless `accept_data_loss` names it.
    """

    host: pulumi.Output[str]
    """Host name of the instance."""
    port: pulumi.Output[int]
    """Port of the instance."""
    database_name: pulumi.Output[str]
    """Name of the database; empty for SQL Server, where RDS creates none."""
    username: pulumi.Output[str]
    """Name of the database's owner; of SQL Server's master user."""
    password: pulumi.Output[str]
    """The owner's password, a secret."""
    secret_arn: pulumi.Output[str]
    """ARN of a JSON secret with the owner's `username` and `password`; it gets a new password before the database does."""
    security_group_id: pulumi.Output[str]
    """Id of the database's security group."""
    instance_identifier: pulumi.Output[str]
    """Identifier of the instance, its name in CloudWatch's metrics."""
    instance_arn: pulumi.Output[str]
    """ARN of the instance."""
    allocated_storage_gib: pulumi.Output[int]
    """Storage of the instance in GiB when Pulumi last read it; RDS increases it automatically."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        days = with_defaults(args, DEFAULTS)["log_retention_days"]
        raise_problems([*problems(args), *retention_problems("log_retention_days", days)])
        self._args = settled(args)
        self._common = cast(Mapping[str, Any], self._args)
        self._profile = self._instance_profile = profile_of(self._args)
        super().__init__(name, opts, Guard({"database": facts(name, self._args)}, self._args["accept_data_loss"]))
        self._create_security_group()
        # A group that was created without this tag stays without it.
        self._create_subnet_group({NAMED_TAG: NAMED}, [f'tags["{NAMED_TAG}"]'])
        self._create_parameter_group()
        self._create_password()
        self._name_final_snapshot()
        self._name_instance()
        self._create_instance()
        self.host = self._instance.address
        self.port = self._instance.port
        self.database_name = self._instance.db_name
        self.username = self._instance.username
        self.password = pulumi.Output.secret(self._password)
        self.secret_arn = self.login.secret_arn
        self.security_group_id = self._group.id
        self.instance_identifier = self._instance.identifier
        self.instance_arn = self._instance.arn
        self.allocated_storage_gib = self._instance.allocated_storage
        self._logs.adopt(self._named, self.instance_identifier)
        self._register()

    def _create_parameter_group(self) -> None:
        self._parameters = aws.rds.ParameterGroup(
            # Auto-naming lets a major upgrade create the new family's group before the old one is deleted.
            f"{self._name}-parameters",
            family=self._profile.family(self._args["engine_version"]),
            description="Parameters of the database",
            parameters=cast(Any, parameter_entries(self._profile.parameters(self._args))),
            opts=self._child(),
        )

    def _name_instance(self) -> None:
        # A replacement is created beside the old database, so it needs a different name.
        suffix = self._create_suffix("identifier")
        self._named = self._subnets.tags.apply(is_named)
        fresh = pulumi.Output.format("{name}-{hex}", name=self._name, hex=suffix.hex)
        # Nested, so that the suffix, unknown at its first preview, leaves values that do not use it known.
        self._identifier = self._named.apply(lambda is_new: fresh if is_new else None)
        days, key = self._args["log_retention_days"], self._args.get("log_kms_key_id")
        self._logs = DatabaseLogs(self, self._name, self._profile.log_exports, days, key)

    def _create_instance(self) -> None:
        args = self._args
        self._instance = aws.rds.Instance(
            self._name,
            # Without one, Pulumi keeps the name that it has generated.
            identifier=cast(pulumi.Output[str], self._identifier),
            engine=self._profile.engine,
            # Of `17` the provider keeps just that, and considers every 17.x that AWS upgrades to the same version.
            engine_version=args["engine_version"],
            # A pinned minor version stays, or after the next refresh the pin would be a downgrade, which RDS rejects.
            auto_minor_version_upgrade=not self._profile.is_pinned(args["engine_version"]),
            allow_major_version_upgrade=args["allow_major_upgrade"],
            instance_class=args["instance_class"],
            multi_az=args["multi_az"],
            allocated_storage=args["storage_gib"],
            max_allocated_storage=args["max_storage_gib"],
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._storage_key(),
            db_name=args.get("database_name"),
            license_model=self._instance_profile.license_model,
            username=args["username"],
            password=self._password,
            iam_database_authentication_enabled=self._instance_profile.has_iam_authentication or None,
            port=self._profile.port,
            ca_cert_identifier=CA_CERTIFICATE,
            publicly_accessible=False,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[self._group.id],
            parameter_group_name=self._parameters.name,
            apply_immediately=args["apply_immediately"],
            maintenance_window=args["maintenance_window"],
            backup_window=args["backup_window"],
            backup_retention_period=args["backup_days"],
            opts=self._instance_options(),
            **self._snapshots(),
            **self._observation(),
        )

    def _storage_key(self) -> pulumi.Input[str] | None:
        key, snapshot = self._args.get("kms_key_id"), self._args.get("snapshot_identifier")
        return checked_key(key, snapshot, self) if key is not None and snapshot else key

    def _instance_options(self) -> pulumi.ResourceOptions:
        return self._child(
            # A snapshot matters at creation only; without this, a later change of it would replace the database.
            ignore_changes=["snapshot_identifier"],
            # Tasks whose old password is rejected read the new one there.
            depends_on=[self.login],
            hooks=instance_guard(self._name),
            # None rather than False, which would undo the protection of a protected parent.
            protect=self._args["deletion_protection"] or None,
        )

    def _snapshots(self) -> dict[str, Any]:
        return {
            "copy_tags_to_snapshot": True,
            "snapshot_identifier": self._args.get("snapshot_identifier"),
            "skip_final_snapshot": not self._args["final_snapshot"],
            "final_snapshot_identifier": self._final_snapshot,
            "deletion_protection": self._args["deletion_protection"],
        }

    def _observation(self) -> dict[str, Any]:
        insights, interval = self._args["performance_insights"], self._args["monitoring_interval"]
        return {
            "enabled_cloudwatch_logs_exports": self._logs.exports(self._named, self._identifier),
            "performance_insights_enabled": insights,
            "performance_insights_retention_period": INSIGHTS_DAYS if insights else None,
            "performance_insights_kms_key_id": self._args.get("kms_key_id") if insights else None,
            "monitoring_interval": interval,
            "monitoring_role_arn": monitoring_role_arn(self._name, self._args.get("permissions_boundary"), self)
            if interval
            else None,
        }
