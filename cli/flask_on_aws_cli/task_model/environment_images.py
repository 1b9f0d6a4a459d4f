"""Images as environments on this machine: what a build would have put into an image, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from flask_on_aws.build_plan.plan import PlanSettings, plan_build
from flask_on_aws.runtime_contract.contract import CA_PATH
from uv import find_uv_bin

from ..build.environment_commands import PLAN
from ..build.run import make_environment
from .process_containers import ImagePlan

# Releases that are kept for tasks that still run and for a way back; ECS keeps two at a time.
_KEPT = 5


class Wanted(NamedTuple):
    """An image to be built."""

    digest: str
    app: Path
    """Folder of the app."""
    recipe: Mapping[str, Any]
    """Inputs of the program's image resource, of one of Pulumi's two providers for Docker."""
    root: Path
    """Folder of the program, where the recipe's paths begin."""
    settings: PlanSettings


class Images(Protocol):
    """The images of one place, by digest."""

    def build(self, wanted: Wanted) -> str | None:
        """Make an image; what is different here, empty if nothing, None if it was there.

        Raises:
            BuildPlanError: if there is no plan for the folder.
            BuildError: if a command fails.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether an image is here."""
        ...

    def clear(self) -> None:
        """Forget all images."""
        ...


class ProcessImages:
    """Images as environments in a folder."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self._folder, self._certificates = folder, certificates

    def build(self, wanted: Wanted) -> str | None:
        """Make the environment of an app's content."""
        target = self._path(wanted.digest)
        if self.has(wanted.digest):
            os.utime(target)
            return None
        planned = plan_build(wanted.app, wanted.settings, dockerfile="")
        plan = replace(planned, python_version=python_here(planned.python_version))
        make_environment(plan, wanted.app, target, wanted.recipe.get("buildArgs") or {})
        self._forget_old()
        if plan.python_version == planned.python_version:
            return ""
        return f"runs on Python {plan.python_version} here, not {planned.python_version}: that is what this machine has"

    def image_plan(self, uri: str) -> ImagePlan | None:
        """How an image runs here; None for images that were not built here."""
        plan, target = self._plan(uri), self._path(_digest(uri))
        if not plan:
            return None
        os.utime(target)  # a release that was gone back to is in use, however old its image
        path = f"{target / 'venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        environment = {"PATH": path, "VIRTUAL_ENV": str(target / "venv"), "PYTHONUNBUFFERED": "1"}
        files = {CA_PATH: str(self._certificates)}
        return ImagePlan(target / "app", str(plan["start_command"]), environment, files)

    def has(self, digest: str) -> bool:
        """Whether the environment of an image is here."""
        return (self._path(digest) / "start").is_file()  # written last

    def code(self, digest: str) -> Path:
        """Folder of the app's code in an environment that is here."""
        return self._path(digest) / "app"

    def clear(self) -> None:
        """Delete all environments."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _plan(self, uri: str) -> dict[str, object]:
        file = self._path(_digest(uri)) / PLAN
        return json.loads(file.read_text()) if _digest(uri) and file.is_file() else {}

    def _path(self, digest: str) -> Path:
        return self._folder / digest.rpartition(":")[2][:16]  # 64 bits: a place never has two with the same

    def _forget_old(self) -> None:
        made = sorted(self._folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in made[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def python_here(version: str) -> str:
    """The version if this machine has it or uv can fetch it, else that of the Python that runs this tool."""
    command = [find_uv_bin(), "python", "install", version]
    found = subprocess.run([find_uv_bin(), "python", "find", version], capture_output=True, check=False)  # noqa: S603
    if not found.returncode or not subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603
        return version
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _digest(uri: str) -> str:
    return uri.partition("@")[2]
