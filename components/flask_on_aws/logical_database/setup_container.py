"""The container that creates an app's role and database on a shared server, and runs each time before the app starts.

Only a task can reach a private server, so the machine that runs Pulumi cannot do this. It is idempotent, and safe to run
concurrently.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from .logical_database import LogicalDatabase

# psql of any version from 14 (`\getenv`) works with all servers; this is AWS's mirror of Docker's official image.
IMAGE = "public.ecr.aws/docker/library/postgres:17-alpine"
NAME = "database-setup"

_SQL = r"""
\set ON_ERROR_STOP on
\getenv role APP_USER
\getenv database APP_DATABASE
\getenv verifier APP_PASSWORD_VERIFIER
\getenv app APP_IDENTITY
-- Tasks start side by side, and there is no CREATE DATABASE IF NOT EXISTS. The session's end unlocks.
SELECT pg_advisory_lock(hashtext('flask-on-aws setup')) \g /dev/null
SELECT coalesce(bool_or(other), false) AS taken FROM (
  SELECT coalesce(shobj_description(oid, 'pg_authid'), '') <> :'app' AS other FROM pg_roles WHERE rolname = :'role'
  UNION ALL
  SELECT pg_get_userbyid(datdba) <> :'role' FROM pg_database WHERE datname = :'database'
) names \gset
\if :taken
  \warn 'Role' :'role' 'or database' :'database' 'on this server belongs to another app.'
  \warn 'Give this app other names, or hand the role over: COMMENT ON ROLE' :"role" 'IS' :'app'
  DO $$ BEGIN RAISE 'the names are taken'; END $$;
\endif
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'verifier';
COMMENT ON ROLE :"role" IS :'app';
-- To create a database for a role one must be a member of it.
GRANT :"role" TO CURRENT_USER;
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
-- Else every other app's role could connect.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
"""


def setup_container(
    database: LogicalDatabase,
    verifier_reference: pulumi.Input[str],
    server_secret_arn: pulumi.Input[str],
    certificates: pulumi.Input[str],
    image: str = IMAGE,
) -> Mapping[str, Any]:
    """A container definition, as in the ECS API, of a container that exits once the role and the database exist.

    `verifier_reference` is the `valueFrom` of the role's password verifier; the server's secret is JSON with `username`
    and `password` of a role that may create roles and databases. The app's container sees neither.
    """
    environment: dict[str, pulumi.Input[str]] = {
        "PGHOST": database.host,
        "PGPORT": pulumi.Output.format("{port}", port=database.port),
        "PGDATABASE": "postgres",  # the database that every server has
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/tmp/rds-ca.pem",  # noqa: S108 in the container
        "PGCONNECT_TIMEOUT": "10",  # seconds; by default libpq waits for minutes
        # Suppresses the notice, on every start but the first, that the owner is a member of the role already.
        "PGOPTIONS": "-c client_min_messages=warning",
        "APP_DATABASE": database.database_name,
        "APP_USER": database.username,
        "APP_IDENTITY": database.identity,
        "RDS_CA_CERTIFICATES": certificates,
        "SETUP_SQL": _SQL,
    }
    secrets: dict[str, pulumi.Input[str]] = {
        "PGUSER": pulumi.Output.format("{arn}:username::", arn=server_secret_arn),
        "PGPASSWORD": pulumi.Output.format("{arn}:password::", arn=server_secret_arn),
        "APP_PASSWORD_VERIFIER": verifier_reference,
    }
    return {
        "name": NAME,
        "image": image,
        "entryPoint": ["/bin/sh", "-c"],
        "command": [
            'printf %s "$RDS_CA_CERTIFICATES" >"$PGSSLROOTCERT" && printf %s "$SETUP_SQL" | psql --no-psqlrc --quiet'
        ],
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "secrets": [{"name": name, "valueFrom": reference} for name, reference in sorted(secrets.items())],
    }
