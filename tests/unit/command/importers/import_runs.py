"""Runs `flask-on-aws import` on copies of the folders in `sources/`, in a project of its own."""

import json
import shutil
import tomllib
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
    "fly-shop": (),
    "fly-old": (),
    "fly-stages": (),
    "compose-shop": (),
    "compose-override": (),
    "compose-image": (),
    "kamal-shop": (),
    "kamal-stages": (),
    "kamal-small": (),
    "railway-shop": (),
    "railway-stages": (),
    "railway-toml": (),
}
# The documents of those sources, each parsed and changed by tests.
DOCUMENTS = {
    "copilot-shop": [
        "copilot/api/manifest.yml",
        "copilot/mailer/manifest.yml",
        "copilot/environments/prod/manifest.yml",
        "copilot/api/addons/cluster.yml",
        "copilot/.workspace",
    ],
    "copilot-legacy": ["copilot/web/manifest.yml"],
    "heroku-blog": ["app.json"],
    "upsun-notes": [".upsun/config.yaml"],
    "upsun-two": [".upsun/config.yaml"],
    "app-runner-shop": ["apprunner.yaml"],
    "render-shop": ["render.yaml"],
    "render-docker": ["render.yaml"],
    "render-projects": ["render.yaml"],
    "platform-log": [".platform.app.yaml", ".platform/services.yaml", ".platform/routes.yaml"],
    "fly-shop": ["fly.toml"],
    "fly-old": ["fly.toml"],
    "fly-stages": ["fly.toml", "fly.staging.toml"],
    "compose-shop": ["compose.yaml"],
    "compose-override": ["docker-compose.yml", "docker-compose.override.yml"],
    "compose-image": ["docker-compose.yaml"],
    "kamal-shop": ["config/deploy.yml"],
    "kamal-stages": ["config/deploy.yml", "config/deploy.staging.yml", "config/deploy.production.yml"],
    "kamal-small": ["config/deploy.yml"],
    "railway-shop": ["railway.json"],
    "railway-stages": ["railway.json"],
    "railway-toml": ["railway.toml"],
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


class _Loader(yaml.SafeLoader):
    pass


def _untagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return node.value
    construct = loader.construct_mapping if isinstance(node, yaml.MappingNode) else loader.construct_sequence
    return construct(node, deep=True)


_Loader.add_multi_constructor("!", _untagged)


def load(text, file):
    """A document without the places of its values, and without tags of its own."""
    return tomllib.loads(text) if file.endswith(".toml") else yaml.load(text, Loader=_Loader)


def dump(document, file):
    """The text of a document in the format of a file, with a line for every key of a block."""
    if file.endswith(".toml"):
        return "".join(_toml_lines(document, ())) if isinstance(document, dict) else f"= {document}"
    return json.dumps(document, indent=1) if file.endswith(".json") else yaml.safe_dump(document, sort_keys=False)


def _toml_lines(table, path):
    tables = {key: value for key, value in table.items() if _is_table(value)}
    for key, value in table.items():
        if key not in tables:
            yield f"{json.dumps(key)} = {_toml(value)}\n"
    for key, value in tables.items():
        name = ".".join(map(json.dumps, (*path, key)))
        for item in value if isinstance(value, list) else [value]:
            yield f"[[{name}]]\n" if isinstance(value, list) else f"[{name}]\n"
            yield from _toml_lines(item, (*path, key))


def _is_table(value):
    return isinstance(value, dict) or (isinstance(value, list) and value and all(isinstance(v, dict) for v in value))


def _toml(value):
    """A value of TOML on one line; null, which TOML does not have, is an empty text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps("" if value is None else value)
