"""The preflight of apps whose stack has a MySQL or MariaDB database, which is a MariaDB server on this machine."""

import pytest
from flask_on_aws_cli.mariadb_server.binaries import NoMariadbError, find

from .conftest import write_app
from .test_command import failures, run, scratch  # noqa: F401 a fixture

try:
    HAS_SERVER = bool(find())
except NoMariadbError:
    HAS_SERVER = False
pytestmark = pytest.mark.skipif(not HAS_SERVER, reason="there is no MariaDB server on this machine")
REQUIREMENTS = "flask==3.1.2\ngunicorn==23.0.0\nsqlalchemy==2.0.44\npymysql==1.2.4\n"
APP = """import os
from flask import Flask
from sqlalchemy import create_engine, text
engine = create_engine(os.environ["DATABASE_URL"])
app = Flask(__name__)

def count():
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM post")).scalar()

@app.get("/up")
def up():
    return "up"

@app.get("/")
def front():
    return f"{count()} posts"
"""
RELEASE = """import app
from sqlalchemy import text
with app.engine.begin() as connection:
    connection.execute(text("CREATE TABLE post (body text)"))
"""


def project(folder, app, **settings):
    shop = write_app(folder / "shop", app, requirements=REQUIREMENTS)
    (shop / "release.py").write_text(RELEASE)
    infra = folder / "infra"
    infra.mkdir()
    (infra / "Pulumi.yaml").write_text("name: infra\nruntime: python\nconfig:\n  app:\n    default: ../shop\n")
    lines = "".join(f"  infra:{name}: {value}\n" for name, value in {"bucket": "none", **settings}.items())
    (infra / "Pulumi.dev.yaml").write_text(f"config:\n{lines}")
    return infra


@pytest.mark.parametrize(
    ("engine", "health", "outage"), [("mysql", "'up'", "passed"), ("mariadb", "f'{count()} posts'", "warning")]
)
def test_an_app_on_mysql_connects_migrates_and_answers(scratch, tmp_path, engine, health, outage):  # noqa: F811
    settings = {"database": engine, "databaseUrlScheme": "mysql+pymysql", "releaseCommand": "python release.py"}
    app = APP.replace('return "up"', f"return {health}")
    checks = run(scratch, "--stack", "dev", cwd=project(tmp_path, app, **settings))
    assert checks["database outage"]["status"] == outage
    assert failures(checks) == {}
    assert checks["database"]["message"] == "pymysql connects to DATABASE_URL with TLS, the certificate verified"
    assert checks["front page"]["status"] == "passed"


def test_a_driver_that_the_scheme_does_not_mean_is_one_setting(scratch, tmp_path):  # noqa: F811
    checks = run(scratch, "--stack", "dev", cwd=project(tmp_path, APP, database="mysql"))
    assert failures(checks) == {"starts": "dependency not installed"}
    assert checks["starts"]["fix"] == ("pymysql is installed: pulumi config set databaseUrlScheme mysql+pymysql")


def test_a_missing_table_is_a_missing_release_command(scratch, tmp_path):  # noqa: F811
    settings = {"database": "mariadb", "databaseUrlScheme": "mysql+pymysql"}
    checks = run(scratch, "--stack", "dev", cwd=project(tmp_path, APP, **settings))
    assert failures(checks) == {"front page": "database not reached"}
    assert "the database has no table app.post" in checks["front page"]["message"]
