"""`flask-on-aws tunnel`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, NoReturn

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
from .tunnel_tasks import TunnelTasks

GetProgram = Callable[[Mapping[str, str]], AbstractContextManager[Program]]
"""The environment with the tunnel's addresses → the program that runs in it."""
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # exit codes of shells
_SIGNALLED = 128  # of shells, plus the number of the signal that has ended a program


@click.command(context_settings={"allow_interspersed_args": False})
@app_options
@click.option("--to", "target", default=DATABASE, show_default=True, help="database, cache, or HOST:PORT.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port on this machine. Default: a free one.")
@click.option("--json", "in_json", is_flag=True, help="Print the addresses as JSON.")
@click.argument("command", nargs=-1)
def tunnel(app: App, target: str, port: int | None, in_json: bool, command: Sequence[str]) -> NoReturn:
    """Make the app's database reachable at a port of this machine, through a task.

    The tunnel stays open until Ctrl-C. With COMMAND, it lasts as long as that, which gets the environment of the task
    with the tunnel's addresses: tunnel flask db migrate. Only this machine can connect, and every connection passes
    through AWS Systems Manager, so no port is opened and no bastion is needed. If the app's tasks accept no sessions,
    which enableExec allows, a task with no rights is started for the tunnel and stopped at its end.
    """
    container = app.running_container(app.selected_service)
    destination = find_destination(target, plain_variables(container))
    if not command:
        sys.exit(asyncio.run(_until_signal(_keep_open(app, destination, port or 0, in_json))))
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
        OperationError: if no task accepts sessions, and none can be started.
    """
    return asyncio.run(_until_signal(_run(app, destination, port, variables, program)))


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
    return code if code >= 0 else _SIGNALLED - code


@contextmanager
def _given(command: Sequence[str], variables: Mapping[str, str]) -> Generator[Program]:
    yield Program(command, {**os.environ, **variables})


async def _keep_open(app: App, destination: Destination, port: int, in_json: bool) -> int:
    async with _forwarder(app, destination, port) as forwarder:
        if in_json:
            click.echo(as_json({"host": "127.0.0.1", "port": forwarder.port, "to": str(destination)}))
        else:
            click.echo(f"127.0.0.1:{forwarder.port} leads to {destination}; Ctrl-C closes it.")
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()  # until a signal
    return 0


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    """The exit code of a coroutine, which SIGINT and SIGTERM cancel, so that it stops what it has started."""
    task, received = asyncio.ensure_future(work), list[signal.Signals]()

    def cancel(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, cancel, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return _SIGNALLED + received[0]


@asynccontextmanager
async def _forwarder(app: App, destination: Destination, port: int) -> AsyncGenerator[PortForwarder]:
    tasks = TunnelTasks(app, app.selected_service, _say)

    async def open_channel(handler: Handler) -> DataChannel:
        session, sessions = await asyncio.to_thread(_start, app, tasks, destination)
        return DataChannel(session, sessions, handler)

    try:
        async with PortForwarder(open_channel, port, _say) as forwarder:
            yield forwarder
    finally:
        await asyncio.to_thread(tasks.stop)


def _start(app: App, tasks: TunnelTasks, destination: Destination) -> tuple[Session, AwsSessions]:
    """Start a session through the task that is the newest now."""
    task = tasks.current()
    sessions = AwsSessions(app, task)
    session = sessions.forward(*destination)
    _say(f"through task {task.id}")
    return session, sessions


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
