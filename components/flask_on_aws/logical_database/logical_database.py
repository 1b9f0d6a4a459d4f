"""A dedicated database and login on a PostgreSQL or SQL Server server, which several apps may share."""

from collections.abc import Iterator, Mapping
from typing import Required, TypedDict, cast

import pulumi
import pulumi_random as random

from ..component import Component, with_defaults
from ..database import database_checks as checks
from ..database.engines import ENGINES
from ..database.login import create_login
from ..network.security_group_rules import allow_group
from ..validation.argument_types import typed
from ..validation.choices import SharedEngine
from ..validation.problems import Problem, raise_problems
from ..validation.references import host_problems, kms_key_problems
from ..validation.values import range_problems
from .scram import verifier

__all__ = ["LogicalDatabase", "LogicalDatabaseArgs", "problems"]

_SALT_LENGTH = 16  # bytes, as PostgreSQL uses; letters and digits suffice, since a salt only has to be unique


class LogicalDatabaseArgs(TypedDict, total=False):
    engine: SharedEngine
    """Engine of the server: postgres or sqlserver. Default: postgres."""
    host: Required[pulumi.Input[str]]
    """Host name of the server. Required."""
    port: pulumi.Input[int]
    """Port of the server. Default: 5432; 1433 for SQL Server."""
    server_security_group_id: Required[pulumi.Input[str]]
    """Security group of the server. Required."""
    client_security_group_ids: Required[Mapping[str, pulumi.Input[str]]]
    """Security groups that may connect, by a short name for each. Required."""
    database_name: Required[str]
    """Name of the database, unique on the server. Required."""
    username: str
    """Name of the role, or login, that owns the database, unique on the server. Default: `database_name`."""
    login_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret with the login; whoever reads it also needs kms:Decrypt for the key. Default: Secrets Manager's key."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


SHARED_ENGINES = ("postgres", "sqlserver")
"""The engines of servers that apps can share, by the setting `database`."""
_DEFAULT_ENGINE = "postgres"
# SQL Server limits only the master user's name to fewer: https://learn.microsoft.com/sql/t-sql/statements/create-login-transact-sql
_LONGEST_LOGIN = 128


@typed(LogicalDatabaseArgs)
def problems(args: LogicalDatabaseArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    for needed in ("host", "server_security_group_id", "client_security_group_ids", "database_name"):
        if not args.get(needed):
            yield Problem(needed, "is missing; a database on a shared server needs it.")
    if args.get("host"):
        yield from host_problems("host", args.get("host"))
    if isinstance(args.get("port"), int | float):
        yield from range_problems("port", cast(int, args.get("port")), 1, 65535)
    yield from kms_key_problems("login_kms_key_id", args.get("login_kms_key_id"))
    profile = ENGINES.get(args.get("engine", _DEFAULT_ENGINE), ENGINES[_DEFAULT_ENGINE])
    longest = profile.longest_username if profile.creates_database else _LONGEST_LOGIN
    for argument, most in (("database_name", profile.longest_database_name), ("username", longest)):
        if args.get(argument):
            yield from checks.identifier_problems(argument, str(args.get(argument)), most, profile)


class LogicalDatabase(Component):
    """A database and its owner on an existing PostgreSQL or SQL Server server, which the task's setup container creates before the app starts.

    Both stay on the server when this component is deleted, because only a person should delete their data.
    """

    host: pulumi.Output[str]
    """Host name of the server."""
    port: pulumi.Output[int]
    """Port of the server."""
    database_name: pulumi.Output[str]
    """Name of the database."""
    username: pulumi.Output[str]
    """Name of the database's owner."""
    password: pulumi.Output[str]
    """The owner's password, a secret."""
    secret_arn: pulumi.Output[str]
    """ARN of a JSON secret with the owner's `username` and `password`."""
    security_group_id: pulumi.Output[str]
    """Id of the server's security group."""
    password_verifier: pulumi.Output[str]
    """The SCRAM verifier that PostgreSQL stores instead of the password, a secret; empty for SQL Server."""
    identity: pulumi.Output[str]
    """Identity that marks the role, or SQL Server's database, on the server, so that no other app takes it over."""

    def __init__(self, name: str, args: LogicalDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        engine = args.get("engine", _DEFAULT_ENGINE)
        self._args = with_defaults(args, {"engine": engine, "port": ENGINES[engine].port})
        self._profile = ENGINES[engine]
        # The engine sends every number as a float, another stack's outputs included.
        self.port = pulumi.Output.from_input(self._args["port"]).apply(int)
        self._allow_clients()
        self.username = pulumi.Output.from_input(self._args.get("username", self._args["database_name"]))
        self._create_password()
        self.host = pulumi.Output.from_input(self._args["host"])
        self.database_name = pulumi.Output.from_input(self._args["database_name"])
        self.identity = self.urn
        self._register()

    def allow_connection_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Allow members of another security group to connect to the server.

        Args:
            client: the name of the client, the last part of the rule's logical name; different for each client.
            security_group_id: its security group, whose rules must allow outbound connections to `port`.
        """
        name, description = f"{self._name}-from-{client}", f"{self._profile.title} from {client} of {self._name}"
        allow_group(name, self.security_group_id, security_group_id, self.port, description, self._child())

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role read the owner's login in `secret_arn`.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        self.login.grant(client, role)

    def _allow_clients(self) -> None:
        self.security_group_id = pulumi.Output.from_input(self._args["server_security_group_id"])
        for role, client in self._args["client_security_group_ids"].items():
            self.allow_connection_from(role, client)

    def _create_password(self) -> None:
        key, checks_passwords = self._args.get("login_kms_key_id"), self._profile.checks_passwords
        password, self.login = create_login(
            self._name, self.username, key, self._child(), needs_all_kinds=checks_passwords
        )
        self.password = pulumi.Output.secret(password)
        self.secret_arn = self.login.secret_arn
        if self._args["engine"] != "postgres":
            self.password_verifier = pulumi.Output.from_input("")
            return
        # The id of RandomBytes would be the salt itself, in clear in the state.
        salt = random.RandomPassword(f"{self._name}-salt", length=_SALT_LENGTH, special=False, opts=self._child())
        self.password_verifier = pulumi.Output.all(password, salt.result).apply(
            lambda values: verifier(values[0], values[1].encode("ascii"))
        )
