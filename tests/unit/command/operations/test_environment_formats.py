"""Tests of `eval "$(./up env)"` in each shell that people have, and of .env files."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest
from dotenv import dotenv_values
from flask_on_aws_cli.shared.environment_formats import DotenvError, dotenv_lines, export_commands

VALUES = {
    "PLAIN": "postgresql://app:p%40ss@localhost:5432/app?sslmode=verify-full&sslrootcert=/x/ca.pem",
    "EMPTY": "",
    "SPACES": "  two  words  ",
    "QUOTES": 'it\'s "quoted"',
    "DOLLAR": "$HOME ${PATH} $(touch /nowhere) $$",
    "BACKTICKS": "`false` \\` \\n",
    "MULTILINE": "-----BEGIN KEY-----\nab'c\n\nEOF\n",
    "PATTERN": "* ? [a-z] ~ {a,b} !! #no comment; & | < > \t",
    "UNICODE": "Grüße 🐘",
}


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "ksh", "busybox"])
def test_every_value_reaches_a_shell_and_its_programs_as_it_is(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "commands").write_text(export_commands(VALUES) + "\n", encoding="utf-8")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f'eval "$(cat commands)" && {shlex.join([sys.executable, "-c", program])}'
    command = [shell, "sh", "-c", script] if shell == "busybox" else [shell, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert VALUES.items() <= json.loads(done.stdout).items()


def test_the_lines_are_in_the_order_of_names():
    assert export_commands({"B": "2", "A": "it's"}) == "export A='it'\"'\"'s'\nexport B=2"


def test_every_value_reaches_python_dotenv_as_it_is(tmp_path):
    values = {name: value for name, value in VALUES.items() if name != "DOLLAR"} | {
        "DOLLAR": "$HOME $(touch /nowhere) $$ $",
        "CARRIAGE_RETURN": "one\r\ntwo's",
        "BACKSLASH_AND_QUOTES": "C:\\new 'x' \"y\" \\",
    }
    (tmp_path / ".env").write_text(dotenv_lines(values) + "\n", encoding="utf-8", newline="")
    assert dotenv_values(tmp_path / ".env", encoding="utf-8") == values


def test_a_value_that_a_dotenv_file_cannot_contain_is_an_error():
    with pytest.raises(DotenvError, match=r"^DOLLAR: the value contains \$\{…\}"):
        dotenv_lines(VALUES)
