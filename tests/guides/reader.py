"""A reader of a guide in docs/: a copy of the program with `./up`, the reader's app, and the commands of the page."""

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import yaml
from flask_on_aws_cli.local_project.project import find_local_aws

from tests.e2e.stacks import ROOT, copy_program, use_this_environment
from tests.waiting import HANG_SECONDS

READERS = Path(__file__).with_name("readers")
# The files of ./up, besides the program's.
_FILES = ("up", "environment.sh", "requirements.txt", "Pulumi.local.yaml")
_INSTALLED = ("up", "requirements.txt", "components/pyproject.toml", "cli/pyproject.toml")
_BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`(?P<where>, [\w ]+)?:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# Commands that a test does not run: the environment of the tests has the tool, and `pulumi up` needs AWS, in whose
# place the guides run ./up.
_NOT_RUN = re.compile(r"python3 -m venv \.venv.*|pip install \./components.*|pulumi (?:install|up)\b.*")


class Step(NamedTuple):
    """A code block of a page."""

    language: str
    text: str
    file: str = ""
    """The file that it is, relative to the clone."""
    where: str = ""
    """The part of the file, if it is not the whole file."""


def steps(page: str, heading: str) -> list[Step]:
    """The code blocks of a section."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading}"
    section = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [
        Step(block["language"], block["text"], block["file"] or "", (block["where"] or "").strip(", "))
        for block in _BLOCK.finditer(section)
    ]


class Reader:
    """A clone in a folder, with the reader's app next to it."""

    def __init__(self, folder: Path, page: str, name: str, app: str) -> None:
        self.page, self.clone, self.app = page, folder / "flask-on-aws", folder / app
        copy_program(self.clone)
        use_this_environment(self.clone / "Pulumi.yaml")
        for file in _FILES:
            shutil.copy(ROOT / file, self.clone / file)
        shutil.copytree(READERS / name, self.app)
        self._provide_environment()

    def _provide_environment(self) -> None:
        """Give ./up the environment of the tests as the one that it would create."""
        for part in ("components", "cli"):
            (self.clone / part).mkdir()
            shutil.copy(ROOT / part / "pyproject.toml", self.clone / part)
        environment = self.clone / ".local-env"
        environment.mkdir()
        (environment / "bin").symlink_to(Path(sys.prefix) / "bin")
        files = b"".join((self.clone / name).read_bytes() for name in _INSTALLED)
        checksum = subprocess.run(["cksum"], input=files, capture_output=True, check=True).stdout.decode()
        (environment / "installed").write_text(checksum.rstrip("\n"))

    def follow(self, heading: str, *, blocks: slice = slice(None)) -> str:
        """Do the steps of a section in order, and return the output of its commands.

        Args:
            heading: the section.
            blocks: those of its blocks to do, if some are for other readers. Default: all.
        """
        output = ""
        for step in steps(self.page, heading)[blocks]:
            if step.file:
                self._write(step)
            elif step.language == "sh":
                lines = [line for line in step.text.splitlines() if not _NOT_RUN.fullmatch(line)]
                output += self.run("\n".join(lines))
        return output

    def _write(self, step: Step) -> None:
        file = self.clone / step.file
        if step.where == "last line":
            step = step._replace(text="".join(file.read_text().splitlines(keepends=True)[:-1]) + step.text)
        elif step.where == "at the end":
            step = step._replace(text=file.read_text() + step.text)
        else:
            assert not step.where, step
        file.write_text(step.text)

    def run(self, script: str, *, code: int = 0) -> str:
        """Run commands in the clone, as the reader's shell does, until the first that fails."""
        state = self.clone.parent / "pulumi"
        state.mkdir(exist_ok=True)
        environment = os.environ | {
            "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "a reader's",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=self.clone,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        assert done.returncode == code, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def settings(self, stack: str) -> dict[str, object]:
        """The settings in a stack's file."""
        config = yaml.safe_load((self.clone / f"Pulumi.{stack}.yaml").read_text())["config"]
        return {name.partition(":")[2]: value for name, value in config.items() if name.startswith("flask-on-aws:")}

    def visit(self, path: str, **form: str) -> str:
        """The body of a page of the running app; with a form, of the response to it."""
        local_aws = find_local_aws(self.clone)
        assert local_aws is not None
        trust = ssl.create_default_context(cafile=str(local_aws.location.certificate))
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(local_aws.url + path, data, timeout=20, context=trust) as response:
            return response.read().decode()

    def read(self, path: str) -> dict[str, str]:
        """The JSON object of a page."""
        return json.loads(self.visit(path))


@contextmanager
def reading(folder: Path, page: str, name: str, app: str = "shop") -> Iterator[Reader]:
    """A reader, whose local AWS is destroyed afterwards."""
    reader = Reader(folder, page, name, app)
    try:
        yield reader
    finally:
        if any(reader.clone.glob(".local-a*")):
            subprocess.run(
                ["./up", "destroy"], cwd=reader.clone, capture_output=True, timeout=HANG_SECONDS, check=False
            )
