"""Runs `flask-on-aws import` on copies of the folders in `sources/`, in a project of its own."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from click.testing import CliRunner
from flask_on_aws_cli.main import main

SOURCES = Path(__file__).parent / "sources"
# Each source with the options of its import.
IMPORTS = {
    "copilot-shop": (),
    "copilot-image": (),
    "copilot-legacy": (),
    "heroku-blog": (),
    "heroku-plain": (),
    "heroku-container": (),
    "upsun-notes": (),
    "upsun-two": ("--service", "site"),
    "platform-log": (),
    "app-runner-shop": (),
    "app-runner-minimal": (),
    "app-runner-old": (),
    "render-shop": (),
    "render-docker": (),
    "render-projects": (),
}
# Values of the sources that no output and no file may contain.
SECRETS = ("abc123def", "0123456789abcdef@", "hunter2", "correct-horse")
NAMESPACE = "flask-on-aws:"


@dataclass
class Done:
    """The end of a command."""

    code: int
    output: str
    errors: str
    files: dict[str, str]
    """The stack files of the project."""

    def settings(self, stack):
        """The settings of a stack's file."""
        config = yaml.safe_load(self.files[f"Pulumi.{stack}.yaml"])["config"]
        return {key.removeprefix(NAMESPACE): value for key, value in config.items() if key.startswith(NAMESPACE)}


def make_project(folder, source=""):
    """A project with a copy of a source."""
    (folder / "Pulumi.yaml").write_text("name: flask-on-aws\nruntime: python\n")
    if source:
        shutil.copytree(SOURCES / source, folder / source)
    return folder


def run_import(monkeypatch, project, *arguments):
    """Run the command in the project's folder, as users do."""
    monkeypatch.chdir(project)
    done = CliRunner().invoke(main, ["import", *arguments], catch_exceptions=False)
    return Done(done.exit_code, done.stdout, done.stderr, stack_files(project))


def stack_files(project):
    return {path.name: path.read_text() for path in sorted(project.glob("Pulumi.*.yaml"))}
