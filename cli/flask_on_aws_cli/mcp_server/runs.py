"""Runs a command of this package in a process of its own, whose output cannot mix with the protocol's."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LIMIT = 60_000
"""Characters of an output; agents have about 25,000 tokens for the result of a tool."""
SECONDS = 900
"""Time for a command: a preflight that builds an image on two processors takes minutes."""
_STOP_SECONDS = 20  # until a command that was asked to end has stopped what it had started


class Run(NamedTuple):
    """A command that has ended."""

    code: int
    output: str
    errors: str


async def run_command(arguments: Sequence[str], folder: Path) -> Run:
    """Run `flask-on-aws` in a folder.

    Raises:
        TimeoutError: if it takes too long; it has been stopped then.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flask_on_aws_cli", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 a pipe
    assert process.stderr is not None  # noqa: S101 likewise
    try:
        async with asyncio.timeout(SECONDS):
            output, errors = await asyncio.gather(_read(process.stdout), _read(process.stderr))
            return Run(await process.wait(), output, errors)
    finally:
        if process.returncode is None:
            await asyncio.shield(_stop(process))


async def _read(stream: asyncio.StreamReader) -> str:
    """The text of a stream, of which what exceeds the limit is left out."""
    content = bytearray()
    while part := await stream.read(65_536):
        content += part[: max(0, 4 * LIMIT - len(content))]  # four bytes are the longest character
    text = content.decode(errors="replace")
    return text if len(text) <= LIMIT else f"{text[:LIMIT]}\n… The rest is left out."


async def _stop(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
                return
