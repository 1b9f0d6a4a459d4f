"""One run of a program: the gRPC servers in this process, the program in a process of its own interpreter."""

import contextlib
import json
import os
import subprocess
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from ...shared.deferred_signals import deferred_signals
from ..model.errors import EngineError
from .hooks import MESSAGE_OPTIONS, Hooks
from .monitor import Engine, Handler, Log, Monitor, serve
from .project import Project

_RUNNER = Path(__file__).with_name("runner.py")
# Concurrent operations: the default of `pulumi up`, https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/.
PARALLEL = 16
# Each operation occupies a thread while it runs; as many again handle messages and outputs in the meantime.
_SERVER_THREADS = 2 * PARALLEL + 2
# Time that a program has to exit after SIGTERM.
_STOP_SECONDS = 5


def discard_log(severity: str, message: str) -> None:
    """A log that discards every message."""


def run_program(
    project: Project,
    interpreter: Path,
    handler: Handler,
    hooks: Hooks,
    *,
    dry_run: bool,
    log: Log = discard_log,
    environment: Mapping[str, str] | None = None,
    references: bool = False,
) -> None:
    """Run the program until it exits, and pass its registrations to the handler.

    Args:
        interpreter: the Python interpreter of the program's environment, which has pulumi and the program's packages.
        environment: additional environment variables for the program. Default: none.
        references: whether outputs without a value are references, and the program has no network. Default: False.

    Raises:
        EngineError: if the program or an operation failed, with a message for the user.
    """
    monitor, engine = Monitor(project.name, project.stack, handler, hooks), Engine(log)
    try:
        with _server(monitor, engine) as address:
            settings = _settings(project, address, dry_run, references)
            variables = {**(environment or {}), **_variables(project, address, dry_run)}
            code, output = _run(interpreter, settings, variables)
    finally:
        hooks.close()
    for line in output.splitlines():
        log("info", line)
    if monitor.failure is not None:
        failure = monitor.failure
        name = "" if isinstance(failure, EngineError) else f"{type(failure).__name__}: "
        raise EngineError(f"{name}{failure}") from failure
    if engine.errors:
        raise EngineError("\n".join(engine.errors))
    if code != 0:
        raise EngineError(f"The program exited with status {code}:\n{output.strip()}")


@contextlib.contextmanager
def _server(monitor: Monitor, engine: Engine) -> Generator[str]:
    with ThreadPoolExecutor(_SERVER_THREADS) as threads:
        server = grpc.server(threads, options=MESSAGE_OPTIONS)
        serve(server, monitor, engine)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(grace=None).wait()


def _settings(project: Project, address: str, dry_run: bool, references: bool) -> dict[str, Any]:
    """The runner's argument."""
    return {
        "monitor": address,
        "engine": address,
        "process": os.getpid(),
        "project": project.name,
        "stack": project.stack,
        "organization": "organization",  # as with Pulumi's file backend
        "root": str(project.root),
        "program": str(project.program),
        "parallel": PARALLEL,
        "dry_run": dry_run,
        "references": references,
    }


def _run(interpreter: Path, settings: Mapping[str, Any], variables: Mapping[str, str]) -> tuple[int, str]:
    # -P keeps the runner's folder, which has modules of this package, off the program's import path.
    command = [str(interpreter), "-P", str(_RUNNER), json.dumps(settings)]
    with contextlib.ExitStack() as stack:
        with deferred_signals():
            try:
                process = subprocess.Popen(  # noqa: S603 the caller chooses the interpreter
                    command,
                    env={**os.environ, **variables},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
            except OSError as error:
                raise EngineError(f"The interpreter {interpreter} cannot be started: {error.strerror}.") from error
            stack.callback(_end, process)
        output, _ = process.communicate()
    return process.returncode, output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    process.kill()


def _variables(project: Project, address: str, dry_run: bool) -> dict[str, Any]:
    """The variables that Pulumi's language host sets."""
    return {
        "PULUMI_PROJECT": project.name,
        "PULUMI_STACK": project.stack,
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_CONFIG": json.dumps(dict(project.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(project.secret_keys)),
        "PULUMI_DRY_RUN": "true" if dry_run else "false",
        "PULUMI_PARALLEL": str(PARALLEL),
        "PULUMI_MONITOR": address,
        "PULUMI_ENGINE": address,
        "no_grpc_proxy": "127.0.0.1",  # otherwise gRPC uses http_proxy even for this machine
        "PYTHONUNBUFFERED": "1",
    }
