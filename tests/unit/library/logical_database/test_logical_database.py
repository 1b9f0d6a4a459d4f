"""A dedicated database on a shared server: the setup container's own command, run against a real PostgreSQL."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pulumi
import pytest
from flask_on_aws import LogicalDatabase
from flask_on_aws.logical_database.scram import verifier
from flask_on_aws.logical_database.setup_container import setup_container

from tests.postgres import OWNER, OWNER_PASSWORD, Server, postgres_server

CLIENTS = {"client_security_group_ids": {"tasks": "sg-tasks"}, "server_security_group_id": "sg-server"}
PASSWORD = "p-w_d.~" + "x" * 25
SALT = "sixteenLetters16"
REFERENCES = {"PGUSER": OWNER, "PGPASSWORD": OWNER_PASSWORD}


@pytest.fixture(scope="module")
def server():
    with postgres_server() as started:
        yield started


def made(mocks):
    mocks.computed["RandomPassword"] = lambda args: {"result": SALT if args.name.endswith("-salt") else PASSWORD}


@pytest.fixture
def container(deploy, mocks, server: Server):
    """The container definition of an app of this name on the server."""
    made(mocks)

    def definition(app: str, **args):
        found = {}

        def program():
            names = {"database_name": app, "host": "localhost", "port": server.port, **args}
            database = LogicalDatabase(f"{app}-db", {**CLIENTS, **names})
            definition = setup_container(
                database, "arn:verifier", "arn:server", server.certificate.read_text(), image="psql"
            )
            pulumi.Output.all(definition=definition, verifier=database.password_verifier).apply(found.update)
            return database

        deploy(program)
        return found

    return definition


def own_file(server: Server) -> str:
    """A path that nothing else writes to, since each container has a separate file system."""
    return str(server.home / f"{uuid4()}.pem")


def run(server: Server, container: dict, verifier_of: str = PASSWORD, **environment: str):
    """What ECS would do with the definition."""
    definition = container["definition"]
    given = {pair["name"]: pair["value"] for pair in definition["environment"]}
    given |= REFERENCES | {"APP_PASSWORD_VERIFIER": verifier(verifier_of, os.urandom(16))}
    given |= {"PATH": os.environ["PATH"], "PGSSLROOTCERT": own_file(server), **environment}
    return subprocess.run(
        [*definition["entryPoint"], *definition["command"]], env=given, capture_output=True, text=True, check=False
    )


def query(server: Server, user: str, database: str, statement: str, password: str = PASSWORD):
    environment = {
        "PATH": os.environ["PATH"],
        "PGPASSWORD": password,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(server.certificate),
    }
    command = ["psql", "-X", "-A", "-t", "-h", "localhost", "-p", str(server.port), "-U", user, "-d", database]
    return subprocess.run([*command, "-c", statement], env=environment, capture_output=True, text=True, check=False)


def test_the_server_lets_in_exactly_who_has_the_password(container, server):
    result = run(server, container("shop"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert query(server, "shop", "shop", "SELECT current_user").stdout == "shop\n"
    assert query(server, "shop", "shop", "SELECT 1", password="x" * 32).returncode != 0


def test_apps_cannot_enter_each_other_s_databases_and_own_theirs(container, server):
    for app in ("alpha", "beta"):
        assert run(server, container(app)).returncode == 0
    assert query(server, "alpha", "alpha", "CREATE TABLE posts (id int); SELECT 'made'").stdout.endswith("made\n")
    refused = query(server, "beta", "alpha", "SELECT 1")
    assert refused.returncode != 0
    assert "permission denied for database" in refused.stderr


def test_many_tasks_may_start_at_once_and_again(container, server):
    definition = container("crowd")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: run(server, definition), range(16)))
    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 16


def test_a_new_password_takes_the_place_of_the_old_one(container, server):
    definition = container("rotated")
    run(server, definition)
    assert run(server, definition, verifier_of="another-password").returncode == 0
    assert query(server, "rotated", "rotated", "SELECT 1", password="another-password").returncode == 0
    assert query(server, "rotated", "rotated", "SELECT 1").returncode != 0


@pytest.mark.parametrize(
    "taken",
    ["CREATE ROLE taken1", "CREATE DATABASE taken2", "CREATE ROLE taken3; COMMENT ON ROLE taken3 IS 'urn:other'"],
)
def test_names_that_another_app_has_are_rejected_and_nothing_changes(container, server, taken):
    for statement in taken.split(";"):
        server.sql(statement)
    name = taken.split(";")[0].split()[2]
    before = server.sql("SELECT count(*) FROM pg_roles") + server.sql("SELECT count(*) FROM pg_database")
    result = run(server, container(name))
    assert result.returncode != 0
    assert f"Role '{name}' or database '{name}' on this server belongs to another app." in result.stderr
    assert f'COMMENT ON ROLE "{name}" IS' in result.stderr
    assert server.sql("SELECT count(*) FROM pg_roles") + server.sql("SELECT count(*) FROM pg_database") == before


def test_a_role_that_was_handed_over_is_taken(container, server):
    definition = container("handed")
    server.sql("CREATE ROLE handed LOGIN")
    server.sql(f"GRANT handed TO {OWNER} WITH ADMIN OPTION")
    identity = next(e["value"] for e in definition["definition"]["environment"] if e["name"] == "APP_IDENTITY")
    server.sql(f"COMMENT ON ROLE handed IS '{identity}'")
    assert run(server, definition).returncode == 0


def test_the_connection_is_encrypted_and_to_the_right_server(container, server, tmp_path):
    wrong = run(server, container("tls"), RDS_CA_CERTIFICATES="")
    assert wrong.returncode != 0
    assert "certificate" in wrong.stderr


def test_no_password_is_in_the_server_s_log(container, server):
    assert run(server, container("logged")).returncode == 0
    assert "ALTER ROLE" in server.log()
    assert PASSWORD not in server.log()


def test_the_verifier_is_the_server_s_own_form(server):
    stored = verifier("secret", bytes(range(16)))
    server.sql(f"CREATE ROLE verified LOGIN PASSWORD '{stored}'")
    assert server.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'verified'") == stored


def test_only_the_app_s_tasks_are_let_through_to_the_server(deploy, mocks):
    made(mocks)
    deployed = deploy(lambda: LogicalDatabase("shop-db", {**CLIENTS, "host": "db", "database_name": "shop"}))
    rule = deployed.named("shop-db-from-tasks")
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"]) == ("sg-server", "sg-tasks")
    assert (rule["fromPort"], rule["toPort"]) == (5432, 5432)
    assert deployed.outputs["username"] == "shop"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"host": ""}, "host: is missing"),
        ({"database_name": "my-shop"}, "database_name: 'my-shop'"),
        ({"username": "select"}, "username: 'select'"),
    ],
)
def test_bad_arguments_are_rejected_before_anything_is_made(deploy, args, sentence):
    given = {**CLIENTS, "host": "db", "database_name": "shop", **args}
    with pytest.raises(pulumi.InputPropertiesError, match=sentence):
        deploy(lambda: LogicalDatabase("shop-db", given))
