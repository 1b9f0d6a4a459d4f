"""A project as its user has it: a copy of the program, and the commands that make and look after its local AWS."""

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
# `up` takes half a minute on an idle machine with two processors; it may share them with other tests.
UP_SECONDS = 400


class Local:
    """A copy of the program with a local AWS of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""

    def run(self, *arguments: str, fails: bool = False) -> str:
        return self._run(COMMAND, *arguments, fails=fails)

    def operate(self, *arguments: str) -> str:
        """A command that finds the local AWS by itself."""
        return self._run(COMMAND[:1], *arguments)

    def _run(self, command: list[str], *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [*command, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, *arguments: str) -> str:
        said = self.run("up", *arguments)
        self.url = next(line.split()[0] for line in said.splitlines() if line.startswith("https://"))
        return said

    def configure(self, **settings: Any) -> None:
        """Set what this project has beside the settings of every local stack."""
        document = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
        document["config"] |= {f"flask-on-aws:{key}": value for key, value in settings.items()}
        (self.folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(document))

    @property
    def place(self) -> LocalAws:
        """Where its local AWS is, once there was an `up`."""
        place = find_local_aws(self.folder)
        assert place is not None
        return place

    def client(self, service: str) -> Any:
        return client(self.place.location, service)

    def variables(self) -> dict[str, str]:
        """The app's environment, as the command shows it."""
        return dict(line.split("=", 1) for line in self.run("env").splitlines())

    def rows(self, query: str) -> list[str]:
        """What the app's database answers."""
        return self.run("psql", "--", "-Atc", query).splitlines()

    @property
    def trust(self) -> ssl.SSLContext:
        """Its certificates and no others."""
        return ssl.create_default_context(cafile=str(self.folder / ".local-aws" / "ca" / "ca.pem"))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, context=self.trust, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[Local]:
    """A project in a new folder, whose local AWS is ended with it."""
    copy_program(folder)
    local = Local(folder)
    local.configure(**settings)
    try:
        yield local
    finally:
        subprocess.run([*COMMAND, "down"], cwd=folder, capture_output=True, check=False)
