"""The cache: Valkey on ElastiCache, private, encrypted at rest and in transit, and with an AUTH token."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from ..component import Component
from ..data_loss.guard import Guard
from ..network.security_group_rules import allow_group
from ..runtime_contract.contract import CacheFacts, cache_url
from ..secrets.app_secret import AppSecret, AppSecretArgs
from ..validation.problems import raise_problems
from .cache_args import (
    ID_BYTES,
    VERSIONS,
    CacheArgs,
    facts,
    group_name_problems,
    problems,
    with_cache_defaults,
)

__all__ = ["Cache", "CacheArgs", "problems"]

PORT = 6379
# ElastiCache accepts 16 to 128 letters, digits and some special characters, of which none is needed: 62^64 is 381 bits.
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
_TOKEN_LENGTH = 64
_POLICIES = {"cache": "allkeys-lru", "queue": "noeviction"}
_SNAPSHOT_WINDOW = "03:00-04:00"  # UTC, as the database's backups


class Cache(Component):
    """A Valkey replication group that accepts connections only from the client security groups, with TLS and its token.

    Nodes and not ElastiCache Serverless, although the smallest node (9.34 USD a month in us-east-1) costs more than an empty
    serverless cache (6.13 USD): that is a cluster, which rejects commands with keys of several slots, as Celery, RQ and
    Flask-SocketIO send them; it evicts only keys with a time to live; and its price grows with each request.

    Minor versions of Valkey are not upgraded automatically: ElastiCache names a version as `major.minor`, and after an automatic
    upgrade the version in the program would be a downgrade, for which the provider replaces the group. ElastiCache still
    installs patches in the maintenance window. There is no log delivery: `SLOWLOG GET` returns the last slow commands.
    """

    host: pulumi.Output[str]
    """Host name of the primary node, which stays the same after a failover."""
    port: pulumi.Output[int]
    """Port of the nodes."""
    auth_token: pulumi.Output[str]
    """The AUTH token, a secret."""
    url: pulumi.Output[str]
    """URL with the token, a secret: `rediss://:TOKEN@HOST:6379/0?ssl_cert_reqs=required`."""
    secret_arn: pulumi.Output[str]
    """ARN of a JSON secret with the `url` and, as `password`, the token."""
    security_group_id: pulumi.Output[str]
    """Id of the cache's security group."""
    replication_group_id: pulumi.Output[str]
    """Id of the replication group; its nodes' ids in CloudWatch's metrics are this and -001, -002 and so on."""
    replication_group_arn: pulumi.Output[str]
    """ARN of the replication group."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems([*group_name_problems(name), *problems(args)])
        self._args = with_cache_defaults(args)
        super().__init__(name, opts, Guard({"cache": facts(name, self._args)}, self._args["accept_data_loss"]))
        self._create_security_group()
        self._create_token()
        self._name_group()
        self._create_group()
        self._create_secret()
        self._register()

    def allow_connection_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Allow members of another security group to connect to the cache.

        Args:
            client: the name of the client, the last part of the rule's logical name; different for each client.
            security_group_id: its security group, whose rules must allow outbound connections to `port`.
        """
        name, description = f"{self._name}-from-{client}", f"Valkey from {client}"
        allow_group(name, self.security_group_id, security_group_id, PORT, description, self._child())

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role read the URL and the token in `secret_arn`.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        self.secret.grant(client, role)

    def _create_security_group(self) -> None:
        # A changed description would replace the group. It has no egress rule: a cache opens no connections.
        group = aws.ec2.SecurityGroup(
            f"{self._name}-access",
            description="Access to the cache",
            vpc_id=self._args["vpc_id"],
            opts=self._child(),
        )
        self.security_group_id = group.id
        for role, client in self._args["client_security_group_ids"].items():
            self.allow_connection_from(role, client)

    def _create_token(self) -> None:
        token = random.RandomPassword(
            f"{self._name}-token", length=_TOKEN_LENGTH, special=False, opts=self._child()
        ).result
        self.auth_token = pulumi.Output.secret(token)

    def _name_group(self) -> None:
        key = self._args.get("kms_key_id")
        suffix = random.RandomId(
            f"{self._name}-id",
            byte_length=ID_BYTES,
            # A replacement is created before the old group is deleted, so it needs another name.
            keepers=None if key is None else {"kms_key_id": key},
            opts=self._child(),
        )
        self._group_name = pulumi.Output.format("{name}-{hex}", name=self._name, hex=suffix.hex)

    def _create_group(self) -> None:
        args = self._args
        subnets = aws.elasticache.SubnetGroup(
            f"{self._name}-subnets",
            description="Private subnets of the cache",
            subnet_ids=args["subnet_ids"],
            opts=self._child(),
        )
        parameters = aws.elasticache.ParameterGroup(
            # Auto-naming lets a major upgrade create the new family's group before the old one is deleted.
            f"{self._name}-parameters",
            family=VERSIONS[args["engine_version"]],
            description="Parameters of the cache",
            parameters=[{"name": "maxmemory-policy", "value": _POLICIES[args["use"]]}],
            opts=self._child(),
        )
        has_replicas = args["replicas"] > 0
        group = aws.elasticache.ReplicationGroup(
            self._name,
            replication_group_id=self._group_name,
            description="Valkey of an app",
            engine="valkey",
            engine_version=args["engine_version"],
            auto_minor_version_upgrade=False,
            node_type=args["node_type"],
            num_cache_clusters=args["replicas"] + 1,
            automatic_failover_enabled=has_replicas,
            multi_az_enabled=has_replicas,
            port=PORT,
            at_rest_encryption_enabled=True,
            kms_key_id=args.get("kms_key_id"),
            transit_encryption_enabled=True,
            auth_token=self.auth_token,
            # The previous token stays valid until the next rotation, so tasks with it keep working until they are replaced.
            auth_token_update_strategy="ROTATE",  # noqa: S106 not a token
            subnet_group_name=subnets.name,
            security_group_ids=[self.security_group_id],
            parameter_group_name=parameters.name,
            maintenance_window=args["maintenance_window"],
            # Otherwise a change would wait for the window, and every update until then would show it again.
            apply_immediately=True,
            opts=self._child(
                # A snapshot matters at creation only; without this, a later change of it would replace the group.
                ignore_changes=["snapshotName"],
                # None rather than False, which would undo the protection of a protected parent.
                protect=self._args["deletion_protection"] or None,
            ),
            **self._snapshots(),
        )
        self.host, self.port = group.primary_endpoint_address, cast(pulumi.Output[int], group.port)
        self.replication_group_id, self.replication_group_arn = group.replication_group_id, group.arn

    def _snapshots(self) -> Mapping[str, Any]:
        days = self._args["snapshot_days"]
        return {
            "snapshot_retention_limit": days,
            "snapshot_window": _SNAPSHOT_WINDOW if days else None,
            "snapshot_name": self._args.get("snapshot_name"),
        }

    def _create_secret(self) -> None:
        use = self._args["use"]
        self.url = pulumi.Output.secret(
            pulumi.Output.all(self.host, self.port, self.auth_token).apply(
                lambda values: cache_url(CacheFacts(str(values[0]), int(values[1]), use), str(values[2]))
            )
        )
        args: AppSecretArgs = {
            "values": {"url": self.url, "password": self.auth_token},
            "description": "URL and token of a cache",
        }
        if "secret_kms_key_id" in self._args:
            args["kms_key_id"] = self._args["secret_kms_key_id"]
        self.secret = AppSecret(f"{self._name}-login", args, self._child())
        self.secret_arn = self.secret.secret_arn
