"""Tests of the marker with a command's exit code, with real shells."""

import base64
import shlex
import shutil
import subprocess

import pytest
from flask_on_aws_cli.session_manager.exit_marker import ExitMarker, Input
from hypothesis import given
from hypothesis import strategies as st

START, END = b"\x1enonce:0\x1e", b"\x1enonce:3\x1e"


@given(st.binary(max_size=200).filter(lambda output: b"\x1enonce" not in output), st.data())
def test_the_output_is_unchanged_however_it_is_cut(output: bytes, data) -> None:
    content, marker, shown = b"shell's warning" + START + output + END, ExitMarker("nonce"), b""
    while content:
        size = data.draw(st.integers(1, len(content)))
        shown += marker.feed(content[:size])
        content = content[size:]
    assert (shown, marker.code) == (output, 3)


def test_output_that_resembles_a_marker_is_shown() -> None:
    marker = ExitMarker("nonce")
    marker.feed(START)
    assert marker.feed(b"a\x1enonce") == b"a"
    assert marker.feed(b":12x") == b"\x1enonce:12x"
    assert marker.feed(b"\x1e") == b""
    assert marker.feed(b"b") == b"\x1eb"
    assert marker.code is None


def test_what_a_container_without_a_shell_says_is_kept() -> None:
    marker = ExitMarker()
    assert marker.feed(b"exec: /bin/sh: no such file") == b""
    assert not marker.has_begun
    assert marker.rest() == b"exec: /bin/sh: no such file"


SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]


def run(shell: str, words: list[str], source: Input = Input.NONE, given: bytes = b"") -> tuple[bytes, int | None]:
    """Output and exit code of a command line, as a shell runs it without a terminal."""
    marker = ExitMarker()
    _, *arguments = shlex.split(marker.command_line(words, source))
    program = [shell, "sh"] if shell == "busybox" else [shell]
    result = subprocess.run([*program, *arguments], input=given, capture_output=True, check=False)
    return marker.feed(result.stdout), marker.code


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "output", "code"),
    [
        (["echo a; exit 3"], b"a\n", 3),
        (["printf", "%s|", "a b", "$HOME", "it's", 'x"y'], b"a b|$HOME|it's|x\"y|", 0),
        (["echo done # a comment"], b"done\n", 0),
        (["false"], b"", 1),
        (["/nowhere/program"], b"", 127),
        (["sh -c 'kill -9 $$'"], b"", 137),
        (["cat"], b"", 0),
        (["(exit 4)"], b"", 4),
        (["cat <<X\nhere\nX"], b"here\n", 0),
    ],
)
def test_a_command_in_a_shell(shell: str, words: list[str], output: bytes, code: int) -> None:
    assert run(shell, words) == (output, code)


@pytest.mark.parametrize("shell", SHELLS)
def test_encoded_input(shell: str) -> None:
    given = bytes(range(256))
    assert run(shell, ["cat"], Input.ENCODED, base64.encodebytes(given)) == (given, 0)
    assert run(shell, ["exit 5"], Input.ENCODED, base64.encodebytes(given)) == (b"", 5)


def test_the_command_line_contains_no_marker() -> None:
    marker = ExitMarker()
    assert marker.feed(marker.command_line(["true"], Input.TERMINAL).encode()) == b""
    assert not marker.has_begun
