"""A project as a user has it: a copy of the program, and the commands for its local AWS."""

import json
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from flask_on_aws_cli.local_project.clients import client
from flask_on_aws_cli.local_project.project import LocalAws, find_local_aws

from tests.e2e.stacks import ROOT, copy_program

COMMAND = [str(Path(sys.executable).parent / "flask-on-aws"), "local"]
# `up` takes half a minute on an idle machine with two processors; other tests may use them too.
UP_SECONDS = 900


class Local:
    """A copy of the program with its own local AWS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""

    def run(self, *arguments: str, fails: bool = False) -> str:
        return self._run(COMMAND, *arguments, fails=fails)

    def operate(self, *arguments: str) -> str:
        """Run a command for deployed apps, which finds the local AWS itself."""
        return self._run(COMMAND[:1], *arguments)

    def _run(self, command: list[str], *arguments: str, fails: bool = False) -> str:
        result = subprocess.run(
            [*command, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False
        )
        assert (result.returncode != 0) == fails, result.stdout + result.stderr
        return result.stdout + result.stderr

    def up(self, *arguments: str) -> str:
        output = self.run("up", *arguments)
        self.url = next(line.split()[0] for line in output.splitlines() if line.startswith("https://"))
        return output

    def configure(self, **settings: Any) -> None:
        """Add settings to those of every local stack."""
        document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
        document["config"] |= {f"flask-on-aws:{key}": value for key, value in settings.items()}
        (self.folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))

    @property
    def local_aws(self) -> LocalAws:
        """Its local AWS, after the first `up`."""
        local_aws = find_local_aws(self.folder)
        assert local_aws is not None
        return local_aws

    def client(self, service: str) -> Any:
        return client(self.local_aws.location, service)

    def variables(self) -> dict[str, str]:
        """The app's environment variables, as `local env` prints them."""
        return json.loads(self.run("env", "--json"))

    def rows(self, query: str) -> list[str]:
        """The rows that a query of the app's database returns."""
        return self.run("psql", "-Atc", query).splitlines()

    @property
    def trust(self) -> ssl.SSLContext:
        """A TLS context that only trusts its certificate authority."""
        return ssl.create_default_context(cafile=str(self.local_aws.location.certificate))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, context=self.trust, timeout=20) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[Local]:
    """A project in a new folder, whose local AWS is stopped afterwards."""
    copy_program(folder)
    local = Local(folder)
    local.configure(**settings)
    try:
        yield local
    finally:
        subprocess.run([*COMMAND, "down"], cwd=folder, capture_output=True, check=False)
