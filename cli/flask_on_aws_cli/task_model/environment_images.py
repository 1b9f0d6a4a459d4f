"""Builds images as environments on this machine: the content of an image in a dedicated folder."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, NamedTuple, Protocol

from flask_on_aws.build_plan.left_out import GENERATED
from flask_on_aws.build_plan.own_image.own_image import read_own_image
from flask_on_aws.build_plan.plan import PlanSettings
from flask_on_aws.runtime_contract.contract import CA_PATH

from ..build.environment_commands import PLAN, PROGRAMS
from ..build.local_python import local_python
from ..build.machine_programs import link_programs
from ..build.run import BuildError, make_environment
from ..shared.app_plan import plan_app
from .process_containers import ImagePlan

# Kept for running tasks, of which ECS has at most two releases at a time, and for rollbacks.
_MAX_ENVIRONMENTS = 5


class ImageBuild(NamedTuple):
    """An image to build."""

    digest: str
    app: Path
    """Folder of the app."""
    recipe: Mapping[str, Any]
    """Inputs of the program's image resource, which belongs to one of Pulumi's two Docker providers."""
    root: Path
    """Folder of the program, to which the paths in the recipe are relative."""
    settings: PlanSettings


class Images(Protocol):
    """The images of a local AWS, by digest."""

    def build(self, image: ImageBuild, /) -> str | None:
        """Build an image; return how it differs from that on AWS, an empty string if it does not, None if it existed.

        Raises:
            BuildPlanError: if the folder has no valid build plan.
            BuildError: if a command fails.
        """
        ...

    def has(self, digest: str) -> bool:
        """Whether an image was built."""
        ...

    def clear(self) -> None:
        """Delete all images."""
        ...


class ProcessImages:
    """Images as environments in a folder."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self._folder, self._certificates = folder, certificates

    def build(self, image: ImageBuild) -> str | None:
        """Build the environment of an image; see `Images.build`."""
        target = self._path(image.digest)
        if self.has(image.digest):
            os.utime(target)
            return None
        aws_plan = replace(plan_app(image.app, image.settings, as_processes=True), image_process=_image_process(image))
        python = local_python(aws_plan)
        plan = replace(aws_plan, python_version=python.version)
        try:
            make_environment(plan, image.app, target, image.recipe.get("buildArgs") or {})
        except BuildError as error:
            raise error.on_other_python(python) from error
        self._delete_old()
        return f"runs on Python {python.version}: {python.difference}" if python.difference else ""

    def image_plan(self, uri: str) -> ImagePlan | None:
        """How an image runs on this machine; None for images that were not built on it."""
        plan, target = self._plan(uri), self._path(_digest(uri))
        if not plan:
            return None
        os.utime(target)  # a rollback may use an old image, which must not be deleted
        programs = target / PROGRAMS
        if not programs.is_dir():  # built before this tool linked programs
            link_programs(programs, plan.get("run_packages", ()))
        path = os.pathsep.join((str(target / "venv" / "bin"), str(programs)))
        environment = {"PATH": path, "VIRTUAL_ENV": str(target / "venv"), "PYTHONUNBUFFERED": "1"}
        files = {CA_PATH: str(self._certificates)}
        process = str(plan.get("image_process", ""))
        return ImagePlan(target / "app", str(plan["start_command"]), environment, files, process)

    def has(self, digest: str) -> bool:
        """Whether the environment of an image was built completely."""
        return (self._path(digest) / "start").is_file()  # written last

    def code(self, digest: str) -> Path:
        """Folder of the app's code in an environment that exists."""
        return self._path(digest) / "app"

    def clear(self) -> None:
        """Delete all environments."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _plan(self, uri: str) -> dict[str, Any]:
        file = self._path(_digest(uri)) / PLAN
        return json.loads(file.read_text()) if _digest(uri) and file.is_file() else {}

    def _path(self, digest: str) -> Path:
        return self._folder / digest.rpartition(":")[2][:16]  # 64 bits: no two images of a local AWS have the same

    def _delete_old(self) -> None:
        environments = sorted(self._folder.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
        for old in environments[_MAX_ENVIRONMENTS:]:
            shutil.rmtree(old, ignore_errors=True)


def _image_process(image: ImageBuild) -> str:
    """What the app's own Dockerfile starts; empty without one."""
    inputs: Mapping[str, Any] = image.recipe.get("build") or image.recipe  # of Pulumi's docker or docker-build provider
    recipe: Any = inputs.get("dockerfile") or ""
    location = recipe if isinstance(recipe, str) else recipe.get("location")
    path = image.root / (location or "")
    is_generated = PurePath(location or "").parts[:1] == (GENERATED,)
    if not location or is_generated or not path.is_file() or not path.is_relative_to(image.app):
        return ""
    dockerfile, arguments = path.relative_to(image.app).as_posix(), inputs.get("buildArgs") or inputs.get("args")
    return read_own_image(image.app, dockerfile, inputs.get("target") or "", arguments).process


def _digest(uri: str) -> str:
    return uri.partition("@")[2]
