"""The container that creates an app's login and database on a SQL Server, and runs each time before the app starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from ..runtime_contract.sqlserver_trust import freetds_configuration
from . import sqlserver_setup
from .logical_database import LogicalDatabase
from .setup_container import NAME


def sqlserver_setup_container(
    database: LogicalDatabase,
    server_secret_arn: pulumi.Input[str],
    certificates: pulumi.Input[str],
    image: pulumi.Input[str],
    scheme: str,
    *,
    is_shared: bool,
) -> Mapping[str, Any]:
    """A container definition, as in the ECS API, of a container that exits once the login and the database exist.

    Args:
        database: the database; the login's password is in its secret.
        server_secret_arn: JSON with `username` and `password` of a login that may create logins and databases. The app's
            container does not get it.
        certificates: the certificates that sign the server's, in PEM.
        image: an image with Python and a driver of SQL Server, such as the app's.
        scheme: the scheme of the app's URL, which names the driver to prefer.
        is_shared: whether other apps use the server, so that their names must be respected. A server of the app's own can
            have been restored from another stack's snapshot.
    """
    environment: dict[str, pulumi.Input[str]] = {
        "SERVER_HOST": database.host,
        "SERVER_PORT": pulumi.Output.format("{port}", port=database.port),
        "APP_DATABASE": database.database_name,
        "APP_USER": database.username,
        "APP_IDENTITY": database.identity if is_shared else "",
        "APP_SCHEME": scheme,
        "FREETDS_CONFIGURATION": freetds_configuration(sqlserver_setup.CA_PATH),
        "RDS_CA_CERTIFICATES": certificates,
        "SETUP_PROGRAM": Path(sqlserver_setup.__file__).read_text(encoding="utf-8"),
    }
    secrets: dict[str, pulumi.Input[str]] = {
        "SERVER_USER": pulumi.Output.format("{arn}:username::", arn=server_secret_arn),
        "SERVER_PASSWORD": pulumi.Output.format("{arn}:password::", arn=server_secret_arn),
        "APP_PASSWORD": pulumi.Output.format("{arn}:password::", arn=database.secret_arn),
    }
    return {
        "name": NAME,
        "image": image,
        "entryPoint": ["/bin/sh", "-c"],
        # Not from the app's folder, which may have a module with the name of a driver.
        "command": [
            'cd /tmp && for p in python python3; do command -v $p >/dev/null && exec $p -c "$SETUP_PROGRAM"; done; '
            'echo "The image has no Python for the setup of the database; set databaseSetupImage." >&2; exit 1'
        ],
        "environment": [{"name": name, "value": value} for name, value in sorted(environment.items())],
        "secrets": [{"name": name, "valueFrom": reference} for name, reference in sorted(secrets.items())],
    }
