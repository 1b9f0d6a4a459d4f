"""`flask-on-aws secrets`: what is listed against moto, and what reaches the Pulumi CLI; never a value on the way."""

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask_on_aws_cli.main import main

from tests.unit.command.operations.test_env import REGION, aws, deploy

__all__ = ["aws"]  # a fixture

# Prints its arguments and standard input to a file; answers `config --json` with one secret, and fails `up` on request.
PULUMI = """#!/bin/sh
printf '%s\\n' "$*" >> "$CALLS"
case "$1 $2" in
"config set") cat >> "$CALLS" ;;
"config --json") echo '{"app:secretValues": {"objectValue": {"TOKEN": "hidden", "OTHER": "hidden"}, "secret": true}}' ;;
"up "*) exit "${UP_CODE:-0}" ;;
esac
"""


@pytest.fixture
def calls(tmp_path, monkeypatch) -> Path:
    """The file with the calls of a Pulumi CLI that only records them; the folder `app` has a project."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pulumi"
    program.write_text(PULUMI)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    monkeypatch.chdir(tmp_path / "app")
    return tmp_path / "calls"


def secrets(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, ["secrets", *arguments], input=text)


def on_aws(command: str, *arguments: str) -> Result:
    return secrets(command, "--cluster", "shop", "--region", REGION, *arguments)


def test_the_list_has_the_source_of_each_and_no_value(aws):
    store = aws("secretsmanager")
    arn = store.create_secret(Name="app", SecretString=json.dumps({"A": "value-1", "B": "value-2"}))["ARN"]
    aws("ssm").put_parameter(Name="/shop/key", Value="value-3", Type="SecureString")
    absent = "arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-AbCdEf"
    deploy(aws, {"A": f"{arn}:A::", "B": f"{arn}:B::", "NAMED": "/shop/key", "GONE": absent, "LOST": "/absent"})
    done = on_aws("list")
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["NAME", "FROM", "KEY", "CHANGED"]
    assert [line[:3] for line in lines[1:]] == [
        ["A", "secret", "app"],
        ["B", "secret", "app"],
        ["GONE", "secret", "absent-AbCdEf"],
        ["LOST", "parameter", "/absent"],
        ["NAMED", "parameter", "/shop/key"],
    ]
    assert [line[-3:] == ["does", "not", "exist"] for line in lines[1:]] == [False, False, True, True, False]
    assert "value-" not in done.output
    first, *_ = json.loads(on_aws("list", "--json").stdout)
    assert {name: first[name] for name in ("name", "store", "from", "key")} == {
        "name": "A",
        "store": "secret",
        "from": "app",
        "key": "A",
    }


def test_the_history_has_only_changes_of_this_value(aws):
    store, ssm = aws("secretsmanager"), aws("ssm")
    arn = store.create_secret(Name="app", SecretString=json.dumps({"OTHER": "1"}))["ARN"]
    for content in ({"A": "one"}, {"A": "one", "OTHER": "2"}, {"A": "two"}, {}, {"A": "three"}):
        store.put_secret_value(SecretId=arn, SecretString=json.dumps(content))
    for value in ("first", "second"):
        ssm.put_parameter(Name="/key", Value=value, Type="SecureString", Overwrite=True)
    deploy(aws, {"A": f"{arn}:A::", "KEY": "/key", "LOST": "/absent"})
    done = on_aws("history", "A", "--json")
    assert [change["kind"] for change in json.loads(done.stdout)] == ["set", "removed", "changed", "set"]
    done = on_aws("history", "KEY")
    assert [line.split()[2:4] for line in done.stdout.splitlines()[1:]] == [["changed", "2"], ["set", "1"]]
    done = on_aws("history", "NONE")
    assert (done.exit_code, done.stderr) == (
        1,
        "The running tasks have no secret variable NONE; they have: A, KEY, LOST\n",
    )
    done = on_aws("history", "LOST")
    assert (done.exit_code, done.stderr) == (1, "LOST: /absent does not exist, or is scheduled for deletion.\n")


def test_a_value_from_standard_input_is_stored_and_deployed_only_with_yes(calls):
    done = secrets("set", "TOKEN", "--stack", "prod", text='multi\nline "x"\n')
    assert done.exit_code == 0
    assert calls.read_text() == (
        "config set --secret --path secretValues.TOKEN --stack prod --non-interactive\n" + 'multi\nline "x"'
    )
    assert done.stdout.splitlines() == [
        "TOKEN is stored, encrypted, in the stack's configuration.",
        "Deploy it with: pulumi up --stack prod (there is no terminal to ask for confirmation, and no --yes)",
    ]
    calls.unlink()
    assert secrets("set", "TOKEN", "--yes", text="x\r\n").exit_code == 0
    assert calls.read_text() == "config set --secret --path secretValues.TOKEN --non-interactive\nxup --yes\n"


def test_the_exit_code_of_the_deployment_is_that_of_the_command(calls, monkeypatch):
    monkeypatch.setenv("UP_CODE", "7")
    assert secrets("set", "TOKEN", "--yes", text="x").exit_code == 7
    assert secrets("set", "TOKEN", "--no-up", "--yes", text="x").exit_code == 0


def test_in_a_terminal_the_value_is_asked_for_twice_and_not_shown(calls):
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "flask_on_aws_cli", "secrets", "set", "TOKEN", "--no-up"]
    process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    shown = b""
    for prompt in (b"Value of TOKEN: ", b"Repeat for confirmation: "):
        while prompt not in shown:
            shown += os.read(controller, 1000)
        os.write(controller, b"s3cret\n")
    assert process.wait() == 0
    while b"stored" not in shown:
        shown += os.read(controller, 1000)
    assert b"s3cret" not in shown
    assert calls.read_text().endswith("\ns3cret")


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        (["set", "A-B"], "x", "NAME: 'A-B' must be letters, digits and underscores, and not start with a digit.\n"),
        (["set", "TOKEN"], "\n", "The value of TOKEN is empty; write it to standard input, or unset the variable.\n"),
        (["unset", "NONE"], "", "NONE is not in the stack's setting secretValues, which has: OTHER, TOKEN\n"),
    ],
)
def test_wrong_calls_change_nothing(calls, arguments, text, sentence):
    done = secrets(*arguments, "--yes", text=text)
    assert (done.exit_code, done.stderr) == (1, sentence)
    assert not calls.exists() or "set" not in calls.read_text().split()


def test_a_variable_is_removed(calls):
    done = secrets("unset", "TOKEN", "--yes")
    assert done.exit_code == 0
    assert calls.read_text().splitlines()[1:] == [
        "config rm --path secretValues.TOKEN --non-interactive",
        "up --yes",
    ]


def test_the_value_is_no_argument(calls):
    assert secrets("set", "TOKEN", "s3cret").exit_code == 2
    assert not calls.exists()
