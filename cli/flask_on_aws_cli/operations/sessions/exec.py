"""`flask-on-aws exec` and `flask-on-aws shell`."""

import asyncio
import os
import shlex
import stat
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from ...session_manager.command_session import CommandSession
from ...session_manager.data_channel import DataChannel, Handler
from ...session_manager.exit_marker import ExitMarker, Input
from ..app import App
from ..target import app_options
from .aws_sessions import AwsSessions
from .tasks import session_task

# bash where the image has it: its history and completion are what people expect of a shell.
_SHELL = "if command -v bash >/dev/null; then exec bash; else exec sh; fi"


@click.command(context_settings={"allow_interspersed_args": False})
@app_options
@click.argument("command", nargs=-1, required=True)
def exec_(app: App, command: Sequence[str]) -> NoReturn:
    """Run COMMAND in a running task.

    It has this terminal, and exits with the command's exit code. Without a terminal, standard input is passed on, and
    the output is unchanged. A shell runs a single argument: exec "ls -l | head". The stack must set enableExec.
    """
    _run(app, command)


@click.command()
@app_options
def shell(app: App) -> NoReturn:
    """Open a shell in a running task: bash if its image has it, else sh. The stack must set enableExec."""
    _run(app, [_SHELL])


def _run(app: App, command: Sequence[str]) -> NoReturn:
    service = app.selected_service
    task = session_task(app, service)
    sessions, marker, source = AwsSessions(app, task), ExitMarker(), _input()
    line = marker.command_line(command, source)
    click.echo(f"in task {task.id}: {shlex.join(command)}", err=True)

    async def open_channel(handler: Handler) -> DataChannel:
        return DataChannel(await asyncio.to_thread(sessions.run, line), sessions, handler)

    async def run() -> int:
        return await CommandSession(marker, source).run(open_channel)

    sys.exit(asyncio.run(run()))


def _input() -> Input:
    """Where this process's input comes from."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return Input.TERMINAL
    status, nothing = os.fstat(sys.stdin.fileno()), os.stat(os.devnull)
    is_nothing = stat.S_ISCHR(status.st_mode) and status.st_rdev == nothing.st_rdev
    return Input.NONE if sys.stdin.isatty() or is_nothing else Input.ENCODED
