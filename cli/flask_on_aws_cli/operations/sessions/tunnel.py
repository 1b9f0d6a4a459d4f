"""`flask-on-aws tunnel`."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import NoReturn

import click

from ...session_manager.data_channel import DataChannel, Handler, Session
from ...session_manager.port_forwarding import PortForwarder
from ...shared.output_format import as_json
from ..app import App
from ..target import app_options
from ..task_environment import app_variables, plain_variables
from .aws_sessions import AwsSessions
from .client_programs import Program
from .destination import DATABASE, Destination, find_destination, through_tunnel
from .tasks import session_task

GetProgram = Callable[[Mapping[str, str]], AbstractContextManager[Program]]
"""The environment with the tunnel's addresses → the program that runs in it."""
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # exit codes of shells


@click.command(context_settings={"allow_interspersed_args": False})
@app_options
@click.option("--to", "target", default=DATABASE, show_default=True, help="database, cache, or HOST:PORT.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port on this machine. Default: a free one.")
@click.option("--json", "in_json", is_flag=True, help="Print the addresses as JSON.")
@click.argument("command", nargs=-1)
def tunnel(app: App, target: str, port: int | None, in_json: bool, command: Sequence[str]) -> NoReturn:
    """Make the app's database reachable at a port of this machine, through a running task.

    The tunnel stays open until Ctrl-C. With COMMAND, it lasts as long as that, which gets the environment of the task
    with the tunnel's addresses: tunnel flask db migrate. Only this machine can connect, and every connection passes
    through AWS Systems Manager, so no port is opened and no bastion is needed. The stack must set enableExec.
    """
    container = app.running_container(app.selected_service)
    destination = find_destination(target, plain_variables(container))
    if not command:
        sys.exit(asyncio.run(_keep_open(app, destination, port or 0, in_json)))
    variables = app_variables(app, container)
    sys.exit(run_through_tunnel(app, destination, port or 0, variables, partial(_given, command)))


def run_through_tunnel(
    app: App, destination: Destination, port: int, variables: Mapping[str, str], program: GetProgram
) -> int:
    """Run a program that reaches a destination through a tunnel; return its exit code.

    Args:
        app: the app.
        destination: what the tunnel leads to.
        port: the port of this machine; 0 for any that is free.
        variables: the environment of the task.
        program: the program.

    Raises:
        SessionError: if the tunnel cannot be opened.
        OperationError: if no task accepts sessions.
    """
    return asyncio.run(_run(app, destination, port, variables, program))


async def _run(app: App, destination: Destination, port: int, variables: Mapping[str, str], program: GetProgram) -> int:
    async with _forwarder(app, destination, port) as forwarder:
        environment = through_tunnel(variables, destination, forwarder.port)
        with program(environment) as (command, program_environment):
            return await _call(command, program_environment)


async def _call(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program in the foreground: it gets this terminal, and Ctrl-C is its own."""
    loop = asyncio.get_running_loop()
    try:
        process = await asyncio.create_subprocess_exec(*command, env=environment)
    except OSError as error:
        click.echo(f"{command[0]}: {error.strerror}", err=True)
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGTERM, process.terminate)
    code = await process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _given(command: Sequence[str], variables: Mapping[str, str]) -> Generator[Program]:
    yield Program(command, {**os.environ, **variables})


async def _keep_open(app: App, destination: Destination, port: int, in_json: bool) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with _forwarder(app, destination, port) as forwarder:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        if in_json:
            click.echo(as_json({"host": "127.0.0.1", "port": forwarder.port, "to": str(destination)}))
        else:
            click.echo(f"127.0.0.1:{forwarder.port} leads to {destination}; Ctrl-C closes it.")
        await stopped.wait()
    return 0


def _forwarder(app: App, destination: Destination, port: int) -> PortForwarder:
    async def open_channel(handler: Handler) -> DataChannel:
        session, sessions = await asyncio.to_thread(_start, app, destination)
        return DataChannel(session, sessions, handler)

    return PortForwarder(open_channel, port, lambda sentence: click.echo(sentence, err=True))


def _start(app: App, destination: Destination) -> tuple[Session, AwsSessions]:
    """Start a session through the task that is the newest now."""
    task = session_task(app, app.selected_service)
    sessions = AwsSessions(app, task)
    session = sessions.forward(*destination)
    click.echo(f"through task {task.id}", err=True)
    return session, sessions
