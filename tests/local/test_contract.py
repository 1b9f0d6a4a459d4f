"""Tests of the runtime contract with a program inside each kind of task: web, worker, release command, one-off."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws.runtime_contract.contract import (
    BROKER,
    COMPAT,
    MEDIA_CDN,
    PRODUCTS,
    SERVICES,
    plain_names,
    secret_names,
)
from flask_on_aws.runtime_contract.presets import PRESET_VARIABLES

from tests.setting_values import SERVICE_KINDS
from tests.waiting import until

from .project import Local

APP = Path(__file__).with_name("contract_app")
NEEDS = [*SERVICES, BROKER, MEDIA_CDN]
ONLY_IN_BUILD = "ONLY_IN_THE_BUILD"
# The settings of the app's driver, by the engine.
ENGINES = {
    "postgres": {},
    "mysql": {"databaseUrlScheme": "mysql+pymysql"},
    "mariadb": {"databaseUrlScheme": "mysql+pymysql"},
    "aurora-postgres": {},
    "aurora-mysql": {"databaseUrlScheme": "mysql+pymysql"},
    "documentdb": {},
}
CLIENTS = {"postgres": "psql", "mysql": "mysql", "mariadb": "mysql", "mongodb": "mongosh"}
# Each is served here by MariaDB; their URL and variables are tested with each driver.
NIGHTLY = {"mysql": "MySQL 8.4", "aurora-mysql": "Aurora MySQL 8.0"}
# Containers reach a database on the machine in the same way, whichever it is.
ANY_RUNTIME = {"aurora-postgres", "documentdb", "mariadb"}
PRESETS = list(COMPAT)
_MARK = "contract {"


def promised(engine: str, presets: Sequence[str] = PRESETS) -> list[str]:
    """The variables of an app that uses every service, with this engine of its database."""
    return [*plain_names(NEEDS, presets, engine), *secret_names(NEEDS, presets, engine)]


def aliases(names: Collection[str]) -> dict[str, str]:
    """The variables whose description promises the value of another one."""
    found = {variable.name: re.match(r"The same as `(\w+)`", variable.meaning) for variable in PRESET_VARIABLES}
    return {name: match[1] for name, match in found.items() if match and name in names}


def write_app(folder: Path, engine: str = "postgres") -> None:
    """Write the program and the names of the contract's variables."""
    shutil.copytree(APP, folder)
    names = promised(engine)
    contract = {"promised": names, "absent": [ONLY_IN_BUILD], "aliases": aliases(names)}
    (folder / "contract.json").write_text(json.dumps(contract))


def reports(text: str) -> dict[str, Any]:
    """The reports of the program in a log, by role."""
    parsed = [json.loads("{" + line.partition(_MARK)[2]) for line in text.splitlines() if _MARK in line]
    return {report["role"]: report for report in parsed}


def marked(engine: str) -> Any:
    """The engine as a parameter, which leaves some runs to the nightly tests."""
    if engine in NIGHTLY:
        return pytest.param(engine, marks=pytest.mark.slow)
    return pytest.param(engine, marks=pytest.mark.any_runtime) if engine in ANY_RUNTIME else engine


@pytest.mark.parametrize("engine", [marked(name) for name in ENGINES])
def test_every_kind_of_task_has_the_complete_runtime_contract(local: Local, runtime: str, engine: str) -> None:
    """Only this test proves the environment of real tasks of each kind: web, worker, release command, one-off."""
    write_app(local.folder / "checked", engine)
    services = {**SERVICE_KINDS, "database": engine, "cacheUse": "queue", "compat": PRESETS, "gitBranch": "main"}
    local.configure(app="checked", **services, **ENGINES[engine], mediaCdn="public", buildEnv={ONLY_IN_BUILD: "yes"})
    output = local.up("--runtime", runtime)
    client = CLIENTS.get(PRODUCTS[engine])
    assert client is None or f"database: flask-on-aws local {client}\n" in output
    for served, product in NIGHTLY.items():
        assert (f"serves it here in place of {product}." in output) == (engine == served)
    local.operate("run", "--", "python", "contract_check.py", "one-off")
    roles = {"web", "worker", "release", "one-off"}
    by_role = until(lambda: len(logged := reports(local.run("logs"))) == len(roles) and logged)
    assert {role: report["problems"] for role, report in by_role.items()} == {role: [] for role in roles}
    check_media_files(local)
    if client == "mysql":
        assert local.run("mysql", "--", "-Ne", "SELECT count(*) FROM checked_web") == "1\n"
        assert "open it with: flask-on-aws local mysql" in local.run("psql", fails=True)
    if engine == "documentdb":
        assert re.search(r"(MongoDB|FerretDB) [\d.]+ serves it here in place of DocumentDB 5\.0\.0\.", output)
        assert "open it with: flask-on-aws local mongosh" in local.run("psql", fails=True)
    # Each process has another port, as each container has another address.
    own = {"PORT", "GUNICORN_BIND"} if runtime == "process" else set[str]()
    shared = [name for name in promised(engine) if name not in own]
    differing = {name for name in shared if len({by_role[role]["values"][name] for role in roles}) > 1}
    assert differing == set()


def check_media_files(local: Local) -> None:
    """The load balancer serves the folder of the bucket that CloudFront would serve, and nothing else of the bucket."""
    s3 = local.client("s3")
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith("app-media-")]
    for key in ("media/a b.txt", "private.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"hello", ContentType="text/plain")
    assert local.get("/media/a%20b.txt") == (200, "hello")
    assert [local.get(path)[0] for path in ("/media/missing.txt", "/media/../private.txt")] == [403, 403]


def test_the_contract_check_reports_every_missing_and_unexpected_variable(tmp_path: Path) -> None:
    """It runs in an environment without the contract's variables and with one of the build."""
    write_app(tmp_path / "app")
    command = [sys.executable, "contract_check.py", "nowhere"]
    bare = {"PATH": os.environ["PATH"], ONLY_IN_BUILD: "yes", "FLASK_DEBUG": "1", "AWS_ACCESS_KEY_ID": "mine"}
    result = subprocess.run(command, cwd=tmp_path / "app", env=bare, capture_output=True, text=True, check=False)
    problems = reports(result.stdout)["nowhere"]["problems"]
    assert result.returncode == 1
    assert {f"{name} is missing" for name in promised("postgres") if name != "FLASK_DEBUG"} <= set(problems)
    assert {"FLASK_DEBUG is malformed", f"{ONLY_IN_BUILD} is from the build", "AWS_ACCESS_KEY_ID is set"} <= set(
        problems
    )
