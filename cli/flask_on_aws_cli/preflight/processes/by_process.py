"""Runs a built app and its database as processes of this machine, until the block ends."""

import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.contract import CacheFacts

from ...build.environment_commands import PROGRAMS
from ...build.local_python import LocalPython, local_python
from ...build.run import BuildError, make_environment
from ...cache_server.server import NoCacheServerError
from ...local_project.ports import reserved_port
from ...local_project.project import CACHE
from ...server_process.process import ServerError
from ..check import Check, failed, not_checked, passed
from ..examine import BuiltApp
from ..prepare import ARCHITECTURE, BUILD, CERTIFICATES, NO_PORT, NOWHERE, USER, Report, StopHere, build_failed, plan
from ..settings import AppSettings, release_command
from .cache import AppCache, temporary_cache
from .database import NO_SERVER, database_facts, temporary_database
from .process_runner import ProcessRunner, make_read_only, make_writable, remove
from .system_account import unprivileged_prefix

_NO_IMAGE = "a process has no image"


@contextmanager
def as_process(settings: AppSettings, report: Report) -> Generator[BuiltApp]:
    """Run the app as processes of this machine.

    Raises:
        StopHere: if it cannot be built.
    """
    build_plan = plan(settings, report, as_processes=True)
    folder = Path(tempfile.mkdtemp(prefix="preflight-app-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(remove, folder)
        python = local_python(build_plan)
        writable = _make(settings, build_plan, python, folder / "built", report)
        report(not_checked(ARCHITECTURE, f"{_NO_IMAGE}; it runs on this machine's processor"))
        report(_user())
        report(not_checked(CERTIFICATES, _NO_IMAGE))
        runner = ProcessRunner(
            code=folder / "built" / "app",
            venv=folder / "built" / "venv",
            command=build_plan.start_command,
            # The stack's port if it is free, for apps with a fixed port; free on every address, as apps listen.
            port=stack.enter_context(reserved_port(settings.port, CACHE / "ports", host="")),
            scratch=folder,
            ca=None,
            writable=writable,
            programs=folder / "built" / PROGRAMS,
        )
        other = f"{python.version} instead of {build_plan.python_version}" if python.difference else ""
        release = release_command(settings, build_plan)
        built = BuiltApp(settings, runner, build_plan.start_command, release, other_python=other)
        if "cache" in settings.services:
            built = replace(built, cache=_cache(settings, stack))
        yield _with_database(built, runner, stack) if "database" in settings.services else built


def _cache(settings: AppSettings, stack: ExitStack) -> AppCache:
    try:
        return stack.enter_context(temporary_cache(settings))
    except (NoCacheServerError, ServerError) as error:
        return AppCache(CacheFacts(NOWHERE, NO_PORT, settings.cache_use), problem=str(error).rstrip("."))


def _with_database(built: BuiltApp, runner: ProcessRunner, stack: ExitStack) -> BuiltApp:
    try:
        database = stack.enter_context(temporary_database(built.settings))
    except NO_SERVER as error:
        return replace(built, database=database_facts(built.settings, NOWHERE, NO_PORT), no_database=str(error))
    return replace(
        built,
        runner=replace(runner, ca=database.ca),
        database=database.facts,
        password=database.password,
        database_paused=database.paused,
    )


def _make(
    settings: AppSettings, build_plan: BuildPlan, python: LocalPython, target: Path, report: Report
) -> list[Path]:
    """Build the environment; returns the folders of the code that the app may write to."""
    began = time.monotonic()
    try:
        make_environment(
            replace(build_plan, python_version=python.version),
            settings.folder,
            target,
            settings.build_env,
            settings.build_secrets,
        )
    except BuildError as error:
        report(failed(BUILD, build_failed(error.on_other_python(python))))
        raise StopHere from error
    make_read_only(target / "app")
    writable = make_writable(target / "app", settings.writable_paths)
    seconds = time.monotonic() - began
    built = f"an environment with Python {python.version}, in {seconds:.0f} s"
    if python.difference:
        report(not_checked(BUILD, f"{built}: {python.difference}"))
    else:
        report(passed(BUILD, built, seconds))
    return writable


def _user() -> Check:
    prefix = unprivileged_prefix()
    if prefix is None:
        return not_checked(USER, "it runs as root here, because setpriv cannot drop its privileges")
    return passed(USER, "runs as nobody" if prefix else "runs as you, not as root")
