"""`flask-on-aws dev`: the stack on this machine, whose tasks run what is being written."""

import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import click
from flask_on_aws.build_plan.plan import LEFT_OUT, BuildPlan, BuildPlanError, plan_build
from watchfiles import DefaultFilter, watch

from ...build.run import BuildError
from ...local_project.clients import control_request
from ...local_project.daemon_control import DaemonError
from ...local_project.location import Location
from ...local_project.project import LocalAws, local_provider_settings
from ...operations.log_lines import LogLines, LogSource
from ...pulumi_engine import EngineError
from ..ecs.development import PREFIX
from ..faults import Faults
from .app_request import ask
from .stack import Stack
from .typed import typed

# A save of several files (a branch that is checked out, a formatter) is one change when they come within it.
_TOGETHER_MS = 200
# How often watchfiles looks meanwhile, and new lines of the log are shown.
_STEP_MS, _LOOK_MS = 50, 100
_LINES_SECONDS = 0.3
# An app that does not answer by then has most likely a mistake, which its log tells.
_ANSWER_SECONDS = 10.0
# What a load balancer says for a target that does not answer.
_NO_TARGET = (502, 503, 504)
_SAVE_AGAIN = "Save the file again."
# Besides what the package manager reads, these decide the environment or the commands.
_DECIDING = ("Procfile", ".python-version")
# What no Node build reads, so that a change needs none.
_OF_PYTHON = (".py", ".html", ".jinja", ".jinja2", ".j2")


class Development:
    """The tasks of a place run from a copy of the app's folder that follows it."""

    def __init__(self, local: LocalAws, stack: Stack) -> None:
        """Follow the folder of a stack that was applied; raises `LookupError` unless its program builds one app."""
        self._local, self._stack, self._app = local, stack, stack.app
        self._copy = local.location.folder / "dev"
        logs = local_provider_settings(local).client("logs")
        groups = [LogSource(group["logGroupName"]) for group in logs.describe_log_groups()["logGroups"]]
        self._lines = LogLines(logs, groups, since=time.time())
        self._faults = Faults(self._copy, click.echo)
        self._shown = 0.0
        self._changed = 0.0
        """Time of a change after which the app has not answered yet; 0 when it has."""

    def run(self) -> None:
        """Follow the folder until Ctrl-C."""
        self._begin()
        click.echo(f"{self._app} runs from now on; every save is there at once. End with Ctrl-C.")
        self._changed = time.monotonic()
        changes = watch(
            self._app,
            watch_filter=_Filter(),
            debounce=_TOGETHER_MS,
            step=_STEP_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
        )
        try:
            for changed in changes:
                if changed:
                    self._changed = time.monotonic()
                    with self._faults.kept("taking over what was saved", fix=_SAVE_AGAIN):
                        self._take_over({Path(path) for _, path in changed})
                with self._faults.kept("showing the app's log"):
                    self._look()
        except KeyboardInterrupt:
            click.echo(f"\nWhat was deployed last runs again; deploy what you wrote with: {typed('up')}")
        finally:
            run_from(self._local.location, None)

    def _begin(self) -> None:
        """The deployed code, with the assets that its build made, is where the changes go."""
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._stack.deployed_code, self._copy, symlinks=True)
        run_from(self._local.location, self._copy)

    def _take_over(self, changed: Iterable[Path]) -> None:
        names = [PurePosixPath(path.relative_to(self._app).as_posix()) for path in changed]
        click.echo(f"changed: {', '.join(sorted(map(str, names)))}")
        try:
            plan = plan_build(self._app, dockerfile="")
            for name in names:  # before a deployment, whose tasks start from the copy as well
                take_over(self._app / name, self._copy / name)
            if needs_build(plan, names):
                self._stack.apply()
                self._begin()
            else:
                run_from(self._local.location, self._copy)
        except (BuildPlanError, BuildError, EngineError, DaemonError) as error:
            click.echo(f"{error}\nSave a correction, and it is tried again.")
            self._changed = 0

    def _look(self) -> None:
        """Say how the app answers after a change, and what it has printed."""
        seconds = time.monotonic() - self._changed
        if self._changed:
            seen = ask(self._local)
            if seconds > _ANSWER_SECONDS or (isinstance(seen, int) and seen not in _NO_TARGET):
                click.echo(f"{self._local.url} answers {seen} after {seconds:.1f} s")
                self._changed = 0
        if time.monotonic() - self._shown > _LINES_SECONDS:
            self._shown = time.monotonic()
            for line in self._lines.new():
                click.echo(line)


class _Filter(DefaultFilter):
    """What editors, Python and version control leave in a folder is no change, nor is what no image gets."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, *LEFT_OUT, ".local-aws")


def needs_build(plan: BuildPlan, names: Iterable[PurePosixPath]) -> bool:
    """Whether a change needs more than the new files in place of the old ones: pure.

    Args:
        plan: of the app as it is now.
        names: the changed files, from the app's folder on.
    """
    if plan.installs_project or plan.code_first:
        return True  # the code that runs is in the environment
    deciding = {*plan.dependency_files, *_DECIDING}
    return any(str(name) in deciding or (plan.node is not None and name.suffix not in _OF_PYTHON) for name in names)


def take_over(source: Path, copy: Path) -> None:
    """Make a file or folder of the copy what it is at the source, or delete it."""
    if source.is_dir():
        shutil.copytree(source, copy, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    elif source.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    elif copy.is_dir():
        shutil.rmtree(copy)
    else:
        copy.unlink(missing_ok=True)


def run_from(place: Location, folder: Path | None) -> None:
    """Have the tasks run from a folder, anew if they do already; None: from what is deployed."""
    query = f"?{urllib.parse.urlencode({'folder': str(folder)})}" if folder else ""
    request = control_request(f"{place.endpoint}{PREFIX}{query}", place.access_key, place.region, "POST")
    with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS):  # noqa: S310 loopback
        return
