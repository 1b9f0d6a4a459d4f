"""Microsoft's image of SQL Server: its tags, its configuration, and the statements that it needs for RDS's master user.

Whoever pulls the image accepts its license, so it is never pulled here.
"""

from ..shared.docker_engine import DockerError, attempt, engine_problem

IMAGE = "mcr.microsoft.com/mssql/server"
# https://mcr.microsoft.com/artifact/mar/mssql/server/tags
_TAGS = {"15.00": "2019-latest", "16.00": "2022-latest"}
PORT = 1433
USER = 10001  # `mssql`, as which the image runs
FOLDER = "/var/opt/mssql"
ENVIRONMENT = ("ACCEPT_EULA=Y", "MSSQL_PID=Developer")  # free of charge, for anything but production
PASSWORD_VARIABLE = "MSSQL_SA_PASSWORD"  # noqa: S105 a name
# https://learn.microsoft.com/sql/linux/sql-server-linux-encrypted-connections
CONFIGURATION = f"""[network]
tlscert = {FOLDER}/server.crt
tlskey = {FOLDER}/server.key
tlsprotocols = 1.2
forceencryption = 1
"""
# Trusts the server's certificate, which is issued for other names than the one inside of the container.
CLIENT = (
    *("sh", "-c"),
    # The password is not an option, which all users of the machine could see.
    f'SQLCMDPASSWORD="${PASSWORD_VARIABLE}" '
    "exec $(ls /opt/mssql-tools18/bin/sqlcmd /opt/mssql-tools/bin/sqlcmd 2>/dev/null | head -n 1) "
    '-S localhost -U sa -C -b -l 5 -Q "$0"',
)
# What RDS's master user may: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html
MASTER = """
IF SUSER_ID('{user}') IS NULL
  CREATE LOGIN [{user}] WITH PASSWORD = '{password}', CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF;
ELSE
  ALTER LOGIN [{user}] WITH PASSWORD = '{password}';
GRANT ALTER ANY LOGIN, CREATE ANY DATABASE, VIEW ANY DATABASE, VIEW SERVER STATE TO [{user}];
ALTER SERVER ROLE processadmin ADD MEMBER [{user}];
ALTER SERVER ROLE setupadmin ADD MEMBER [{user}];
"""
# The database and the login that the setup of the stack creates on AWS.
OWNER = """
CREATE LOGIN [{owner}] WITH PASSWORD = '{password}', CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF;
CREATE DATABASE [{name}];
"""
DATABASE_OWNER = "USE [{name}]; CREATE USER [{owner}] FOR LOGIN [{owner}]; ALTER ROLE db_owner ADD MEMBER [{owner}];"


class NoSqlServerError(Exception):
    """This machine cannot run SQL Server."""


def reference(version: str) -> str:
    """The image of a major version; the newest one's of an unknown version."""
    return f"{IMAGE}:{_TAGS.get(version, _TAGS['16.00'])}"


def check_image(version: str) -> str:
    """The image of a major version, which the engine has.

    Raises:
        NoSqlServerError: if there is no engine, or no such image.
    """
    image = reference(version)
    problem = engine_problem("x86_64")  # the image's only architecture
    try:
        is_missing = not problem and attempt("image", "inspect", image).returncode != 0
    except DockerError as error:
        problem, is_missing = str(error), False
    if problem:
        raise NoSqlServerError(f"SQL Server does not run here, because it needs a container and {problem}.")
    if is_missing:
        raise NoSqlServerError(
            f"SQL Server does not run here, because the Docker engine lacks its image; accept its license and pull it: "
            f"docker pull {image}"
        )
    return image
