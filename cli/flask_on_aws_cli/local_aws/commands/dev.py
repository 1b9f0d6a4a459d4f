"""`flask-on-aws dev`: runs the stack on this machine, with tasks that run the code as it is edited."""

import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import click
from flask_on_aws.build_plan.left_out import ignored_in, is_left_out
from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError
from watchfiles import Change, DefaultFilter, watch

from ...build.run import BuildError
from ...local_project.clients import control_request
from ...local_project.daemon_control import DaemonError
from ...local_project.location import Location
from ...local_project.project import DEVELOPMENT, LocalAws, local_provider_settings
from ...operations.log_lines import LogLines, LogSource
from ...pulumi_engine import EngineError
from ...shared.app_plan import plan_app
from ..faults import Faults
from .app_request import request_app
from .command_line import command_line
from .stack import Stack

# Several files that are saved within this time (a branch that is checked out, a formatter) count as one change.
_DEBOUNCE_MS = 200
# How often watchfiles looks for changes, and how often it returns without one so that new log lines are shown.
_WATCH_STEP_MS, _WATCH_TIMEOUT_MS = 50, 100
_LOG_SECONDS = 0.3
# An app that does not respond within this time most likely has a mistake, which its log shows.
_RESPONSE_SECONDS = 10.0
# Statuses with which a load balancer responds for a target that does not respond.
_NO_TARGET = (502, 503, 504)
_SAVE_AGAIN = "Save the file again."
# Besides the files that the package manager reads, these determine the environment or the commands.
_BUILD_FILES = ("Procfile", ".python-version")
# Files that no Node build reads, so a change to them needs no build.
_PYTHON_SUFFIXES = (".py", ".html", ".jinja", ".jinja2", ".j2")


class Development:
    """Runs the tasks of a local AWS from a copy of the app's folder, and keeps the copy up to date."""

    def __init__(self, local: LocalAws, stack: Stack) -> None:
        """Follow the app's folder of a stack that was applied; raises `LookupError` unless it builds exactly one."""
        self._local, self._stack, self._app = local, stack, stack.app
        self._copy = local.location.folder / "dev"
        logs = local_provider_settings(local).client("logs")
        groups = [LogSource(group["logGroupName"]) for group in logs.describe_log_groups()["logGroups"]]
        self._lines = LogLines(logs, groups, since=time.time())
        self._faults = Faults(self._copy, click.echo)
        self._log_shown_at = 0.0
        self._changed_at = 0.0
        """Time of a change after which the app has not responded yet; 0 once it has."""

    def run(self) -> None:
        """Follow the folder until Ctrl-C."""
        self._copy_deployed_code()
        click.echo(f"{self._app} is now followed: every save takes effect at once. Press Ctrl-C to stop.")
        self._changed_at = time.monotonic()
        changes = watch(
            self._app,
            watch_filter=ChangeFilter(self._app),
            debounce=_DEBOUNCE_MS,
            step=_WATCH_STEP_MS,
            rust_timeout=_WATCH_TIMEOUT_MS,
            yield_on_timeout=True,
        )
        try:
            for changed in changes:
                if changed:
                    self._changed_at = time.monotonic()
                    with self._faults.capture("applying saved files", fix=_SAVE_AGAIN):
                        self._apply({Path(path) for _, path in changed})
                with self._faults.capture("showing the app's log"):
                    self._report()
        except KeyboardInterrupt:
            click.echo(f"\nThe last deployed code runs again; deploy your changes with: {command_line('up')}")
        finally:
            run_code_from(self._local.location, None)

    def _copy_deployed_code(self) -> None:
        """Run the tasks from a copy of the deployed code, which includes the assets that its build generated."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._stack.deployed_code, self._copy, symlinks=True)
        run_code_from(self._local.location, self._copy)

    def _apply(self, changed: Iterable[Path]) -> None:
        names = [PurePosixPath(path.relative_to(self._app).as_posix()) for path in changed]
        click.echo(f"changed: {', '.join(sorted(map(str, names)))}")
        try:
            plan = plan_app(self._app, as_processes=True)
            for name in names:  # before a deployment, since its tasks also start from the copy
                update_copy(self._app / name, self._copy / name, self._app)
            if needs_build(plan, names):
                self._stack.apply()
                self._copy_deployed_code()
            else:
                run_code_from(self._local.location, self._copy)
        except (BuildPlanError, BuildError, EngineError, DaemonError) as error:
            click.echo(f"{error}\nCorrect it and save; the change is then applied again.")
            self._changed_at = 0

    def _report(self) -> None:
        """Print the app's response after a change, and its new log lines."""
        seconds = time.monotonic() - self._changed_at
        if self._changed_at:
            response = request_app(self._local)
            if seconds > _RESPONSE_SECONDS or (isinstance(response, int) and response not in _NO_TARGET):
                click.echo(f"{self._local.url} answers {response} after {seconds:.1f} s")
                self._changed_at = 0
        if time.monotonic() - self._log_shown_at > _LOG_SECONDS:
            self._log_shown_at = time.monotonic()
            for line in self._lines.new():
                click.echo(line)


class ChangeFilter(DefaultFilter):
    """Ignores the files that editors, Python and version control write, and those that no image contains."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, ".local-aws")

    def __init__(self, app: Path) -> None:
        """Filter the changes in an app's folder."""
        super().__init__()
        self._app = app

    def __call__(self, change: Change, path: str) -> bool:
        """Whether a change counts."""
        return super().__call__(change, path) and not is_left_out(self._app, Path(path))


def needs_build(plan: BuildPlan, names: Iterable[PurePosixPath]) -> bool:
    """Whether a change needs a build, and not only the new files in place of the old ones: a pure function.

    Args:
        plan: the app's build plan after the change.
        names: the changed files, relative to the app's folder.
    """
    if plan.installs_project or plan.code_first:
        return True  # the code that runs is in the environment
    build_files = {*plan.dependency_files, *_BUILD_FILES}
    return any(
        str(name) in build_files or (plan.node is not None and name.suffix not in _PYTHON_SUFFIXES) for name in names
    )


def update_copy(source: Path, copy: Path, app: Path | None = None) -> None:
    """Copy a file or folder, or delete the copy if the source no longer exists.

    Args:
        source: the file or folder.
        copy: its copy, which may not exist yet.
        app: the app's folder, which has names that an image leaves out. Default: the source.
    """
    if source.is_dir():
        shutil.copytree(source, copy, dirs_exist_ok=True, symlinks=True, ignore=ignored_in(app or source))
    elif source.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    elif copy.is_dir():
        shutil.rmtree(copy)
    else:
        copy.unlink(missing_ok=True)


def run_code_from(location: Location, folder: Path | None) -> None:
    """Run the tasks' code from a folder, restarting it where it already runs; None: from the deployed images."""
    query = f"?{urllib.parse.urlencode({'folder': str(folder)})}" if folder else ""
    request = control_request(f"{location.endpoint}{DEVELOPMENT}{query}", location.access_key, location.region, "POST")
    with urllib.request.urlopen(request, timeout=_RESPONSE_SECONDS):  # noqa: S310 loopback
        return
