"""A command line becomes a process: which program takes the shell's place, and that nothing else changes."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from flask_on_aws.runtime_contract.shell import shell_command
from flask_on_aws.runtime_contract.shell_words import commands
from hypothesis import given
from hypothesis import strategies as st

WEB = "gunicorn --bind 0.0.0.0:$PORT app:app"
HYPERCORN = "hypercorn --keep-alive 75 --graceful-timeout 30 a:b"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (WEB, f"exec {WEB}"),
        ("migrate && serve", "migrate && exec serve"),
        ("migrate || serve", "migrate || exec serve"),
        ("cd src; serve", "cd src; exec serve"),
        ("cd src && A=1 serve", "cd src && exec env A=1 serve"),
        ("A=1 serve", "exec env A=1 serve"),
        ("A=$B serve", 'exec env "A=$B" serve'),
        ("A='$x' B=$(nproc) serve", "exec env A='$x' \"B=$(nproc)\" serve"),
        ('A="$B" serve', 'exec env A="$B" serve'),
        ("A=$(echo 'x y') serve", "A=$(echo 'x y') serve"),
        ("serve --workers $(nproc) 2>&1", "exec serve --workers $(nproc) 2>&1"),
        ("serve --workers $((2 * $(nproc) + 1))", "exec serve --workers $((2 * $(nproc) + 1))"),
        ("> log serve", "exec > log serve"),
        ("2>&1 serve", "exec 2>&1 serve"),
        ("serve >> log 2>&1", "exec serve >> log 2>&1"),
        ("serve &> log", "exec serve &> log"),
        ("serve 'a;b' \"x && y\"", "exec serve 'a;b' \"x && y\""),
        ("serve a\\;b", "exec serve a\\;b"),
        ("serve # all; of it", "exec serve # all; of it"),
        ("serve \\\n  --port 1", "exec serve \\\n  --port 1"),
        ("migrate\nserve", "migrate\nexec serve"),
        ("migrate & serve", "migrate & exec serve"),
        ("if a; then b; fi; serve", "if a; then b; fi; exec serve"),
        ("until pg_isready; do sleep 1; done && serve", "until pg_isready; do sleep 1; done && exec serve"),
        ("exec serve", "exec serve"),
        ("serve | tee log", "serve | tee log"),
        ("serve |& tee log", "serve |& tee log"),
        ("(serve)", "(serve)"),
        ("(cd src && serve)", "(cd src && serve)"),
        ("{ serve; }", "{ serve; }"),
        ("f() { serve; }; f", "f() { serve; }; f"),
        ("if a; then b; fi", "if a; then b; fi"),
        ("while :; do serve; done", "while :; do serve; done"),
        ("! serve", "! serve"),
        ("serve &", "serve &"),
        ("serve;", "serve;"),
        ("A=1", "A=1"),
        ("A=1 B=$(x)", "A=1 B=$(x)"),
        ("> log", "> log"),
        ("serve & worker & wait", "serve & worker & wait"),
        ("serve & worker & wait -n", "serve & worker & wait -n"),
        ("serve & A=1 wait $!", "serve & A=1 wait $!"),
        ("cat <<END\nserve\nEND", "cat <<END\nserve\nEND"),
        ("serve 'open", "serve 'open"),
        *(
            (f"{word} x", f"{word} x")
            for word in ("cd", "trap", "read", "ulimit", "umask", "command", "source", "eval")
        ),
        *((word, word) for word in (":", "times", "exit 1", "set -e", "export A=1", ". ./env.sh", "kill 1", "jobs")),
        ("pip show hypercorn x; hypercorn a:b", f"pip show hypercorn x; exec {HYPERCORN}"),
        ("hypercorn a:b | tee log", f"{HYPERCORN} | tee log"),
        ("hypercorn a:b & worker & wait", f"{HYPERCORN} & worker & wait"),
    ],
)
def test_only_a_program_takes_the_shell_s_place(command, line):
    assert shell_command(command) == ["/bin/sh", "-c", line]


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("(sleep 0.1; echo b) & echo a & wait", "a b"),
        ("echo a & wait", "a"),
        ("cd / && pwd", "/"),
        ("A=1; echo $A", "1"),
        ("A='x y' printenv A", "x y"),
        ("B='x  y'; A=$B printenv A", "x  y"),
        ("A=$(printf 'x  y') printenv A", "x  y"),
        ("A=`echo x y` printenv A", "x y"),
        ("echo a 'b;c' # d; e", "a b;c"),
        ("(echo a; echo b) | sort -r", "b a"),
        ("false || echo a", "a"),
        ("if true; then echo a; fi", "a"),
        ("for x in a b; do echo $x; done", "a b"),
        ("f() { echo $1; }; f a", "a"),
        ("case $((1 + 1)) in 2) echo two;; esac", "two"),
        ("cat <<END\na\nEND", "a"),
        ("exec echo a", "a"),
        ("echo a\necho b", "a b"),
        (">&2 echo a; echo b", "b"),
        ("true; ! false; echo $?", "0"),
        ("umask 022; umask", "0022"),
        ("set -- a b; shift; echo $1", "b"),
    ],
)
def test_a_command_line_does_what_it_does_in_a_shell(command, output):
    done = subprocess.run(shell_command(command), capture_output=True, text=True, check=True)
    plain = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == plain.stdout
    assert done.stdout.split("\n")[:-1] == output.split(" ") or done.stdout.rstrip("\n") == output


@pytest.mark.parametrize("before", ["", "cd / && ", "A=$HOME ", "true & ", "until true; do sleep 1; done; "])
def test_sigterm_reaches_the_last_program(before):
    sleep = shutil.which("sleep")
    process = subprocess.Popen(shell_command(f"{before}{sleep} 60"))
    try:
        running = Path(f"/proc/{process.pid}/cmdline")
        end = time.monotonic() + 10
        while not running.read_bytes().startswith(f"{sleep}\0".encode()):
            assert time.monotonic() < end, "the shell is still there"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM


@given(st.text(alphabet="ab '\"\\;&|()<>$`#={}\n!", max_size=25))
def test_any_line_is_read_or_left_alone(line):
    parts = commands(line)
    assert parts is None or all(line[word.start : word.end] == word.text for part in parts for word in part.words)
    assert shell_command(line)[:2] == ["/bin/sh", "-c"]
