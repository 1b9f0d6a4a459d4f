"""A built app and its database as processes of this machine, until the block ends."""

import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from flask_on_aws.build_plan.plan import BuildPlan

from ...build.run import BuildError, make_environment
from ...local_project.ports import port_for
from ...postgres_server.binaries import NoPostgresError
from ...postgres_server.server import ServerError
from ...task_model.environment_images import python_here
from ..check import Check, failed, not_checked, passed
from ..examine import Given
from ..prepare import ARCHITECTURE, BUILD, CERTIFICATES, NO_PORT, NOWHERE, USER, StopHere, Tell, build_failed, plan
from ..settings import AppSettings, release_command
from .database import database_facts, throw_away_database
from .process_place import ProcessPlace, make_read_only, make_writable, remove
from .system_account import unprivileged_prefix

_NO_IMAGE = "a process has no image"


@contextmanager
def as_process(settings: AppSettings, tell: Tell) -> Generator[Given]:
    """The app as processes of this machine.

    Raises:
        StopHere: if it cannot be built.
    """
    made = plan(settings, "", tell)
    folder = Path(tempfile.mkdtemp(prefix="preflight-app-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(remove, folder)
        writable = _make(settings, made, folder / "built", tell)
        tell(not_checked(ARCHITECTURE, f"{_NO_IMAGE}; it runs on this machine's processor"))
        tell(_user())
        tell(not_checked(CERTIFICATES, _NO_IMAGE))
        place = ProcessPlace(
            code=folder / "built" / "app",
            venv=folder / "built" / "venv",
            command=made.start_command,
            # The stack's own port, so that an app with a fixed one is at home; on every address, as apps listen.
            port=port_for(settings.port, host=""),
            scratch=folder,
            ca=None,
            writable=writable,
        )
        given = Given(settings, place, made.start_command, release_command(settings, made.release_command))
        yield _with_database(given, place, stack) if settings.database else given


def _with_database(given: Given, place: ProcessPlace, stack: ExitStack) -> Given:
    try:
        database = stack.enter_context(throw_away_database(given.settings))
    except (NoPostgresError, ServerError) as error:
        return replace(given, database=database_facts(given.settings, NOWHERE, NO_PORT), no_database=str(error))
    return replace(given, place=replace(place, ca=database.ca), database=database.facts, password=database.password)


def _make(settings: AppSettings, made: BuildPlan, target: Path, tell: Tell) -> list[Path]:
    """Build the environment; the folders of the code in which the app may write."""
    began, version = time.monotonic(), python_here(made.python_version)
    try:
        make_environment(replace(made, python_version=version), settings.folder, target, settings.build_env)
    except BuildError as error:
        tell(failed(BUILD, build_failed(str(error))))
        raise StopHere from error
    make_read_only(target / "app")
    writable = make_writable(target / "app", settings.writable_paths)
    other = "" if version == made.python_version else f", which this machine has in place of {made.python_version}"
    seconds = time.monotonic() - began
    tell(passed(BUILD, f"an environment with Python {version}{other}, in {seconds:.0f} s", seconds))
    return writable


def _user() -> Check:
    prefix = unprivileged_prefix()
    if prefix is None:
        return not_checked(USER, "it runs as root here, since setpriv cannot take that away")
    return passed(USER, "runs as nobody" if prefix else "runs as you, who are not root")
