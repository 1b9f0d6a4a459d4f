"""The preflight's DocumentDB: a server of MongoDB's protocol, to which the app's driver connects."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from flask_on_aws_cli.preflight.environment import contract_environment, secret_environment
from flask_on_aws_cli.preflight.probes import driver
from flask_on_aws_cli.preflight.processes.database import temporary_database
from flask_on_aws_cli.preflight.settings import from_config


def test_the_apps_driver_connects_to_documentdb_with_a_verified_certificate(tmp_path: Path) -> None:
    settings = from_config({"flask-on-aws:database": "documentdb"}, "flask-on-aws", tmp_path)
    with temporary_database(settings) as database:
        facts = replace(database.facts, ca_path=str(database.ca))
        environment = contract_environment(settings, 8080, facts, database.password)
        assert {"MONGODB_URI", "MONGODB_PASSWORD"} <= secret_environment(settings, environment).keys()
        command, variables = [sys.executable, driver.__file__], {**os.environ, **environment}
        result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "pymongo\n"), result.stderr
