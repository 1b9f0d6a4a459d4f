"""A command whose package extra is not installed."""

import pytest
from click.testing import CliRunner
from flask_on_aws_cli import main

INSTALL = "pip install 'flask-on-aws-cli[absent]'"


@pytest.fixture(autouse=True)
def without_packages(monkeypatch):
    # It has no module, as the package of an extra has none that is not installed.
    monkeypatch.setitem(main._COMMANDS, "preflight", ("preflight.absent", "absent"))


def test_the_help_of_all_commands_works():
    result = CliRunner().invoke(main.main, ["--help"])
    assert result.exit_code == 0
    assert f"preflight       Needs: {INSTALL}" in result.output
    assert "plan" in result.output


@pytest.mark.parametrize("arguments", [[], ["--help"], ["app", "--stack", "dev"]])
def test_the_command_names_the_extra(arguments):
    result = CliRunner().invoke(main.main, ["preflight", *arguments])
    assert result.exit_code == 2
    assert result.output == (
        "Error: preflight needs additional packages (flask_on_aws_cli.preflight.absent is missing); install them with: "
        f"{INSTALL}\n"
    )
