"""A git repository with a small Pulumi program, and the command that reviews it."""

import subprocess

from click.testing import CliRunner
from flask_on_aws_cli.main import main

PRELUDE = """
import json
import pulumi

config = pulumi.Config()


class Resource(pulumi.CustomResource):
    address: pulumi.Output[str]
    number: pulumi.Output[int]

    def __init__(self, kind, name, props=None, opts=None):
        super().__init__(kind, name, {"address": None, "number": None, **(props or {})}, opts)


def database(name="db", opts=None, **props):
    return Resource("aws:rds/instance:Instance", name, {"engine": "postgres", **props}, opts)


def task(**environment):
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    containers = pulumi.Output.json_dumps([{"name": "web", "environment": variables}])
    return Resource("aws:ecs/taskDefinition:TaskDefinition", "web", {"containerDefinitions": containers})
"""


def changes_of(output):
    """The verdict of a report without cost and policy."""
    return output.partition("\n")[0].partition(";")[0]


class Repository:
    """A repository with a branch `main` and a program on another branch."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.email", "dev@example.com")
        self.git("config", "user.name", "Dev")

    def git(self, *arguments):
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, body, **config):
        (self.folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        lines = "".join(f"  shop:{key}: {value}\n" for key, value in config.items())
        (self.folder / "Pulumi.prod.yaml").write_text(f"config:\n{lines}" if lines else "config: {}\n")
        (self.folder / "__main__.py").write_text(PRELUDE + body)

    def commit(self, body, **config):
        """Commit a program to main, and begin a branch."""
        self.write(body, **config)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Program")
        self.git("checkout", "--quiet", "-B", "change")

    def review(self, *options):
        """The exit code and the output of the command."""
        result = CliRunner().invoke(main, ["review", "--project", str(self.folder), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result.exit_code, result.output
