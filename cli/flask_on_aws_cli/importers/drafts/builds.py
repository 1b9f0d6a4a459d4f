"""Python versions and build scripts of other platforms as settings of the build plan."""

import re

from flask_on_aws.build_plan.packages.python_version import SUPPORTED

from ..reading.source import Place, Value
from .credentials import has_credential
from .draft import Draft
from .shell_scripts import build_steps


def put_python_version(draft: Draft, version: str, place: Place) -> None:
    """Set the version of Python; one that is not maintained any more becomes the oldest that is."""
    short = ".".join(version.split(".")[:2])
    if has_dockerfile(draft):
        draft.carry(place, "pythonVersion", "is that of the Dockerfile")
    elif short in SUPPORTED:
        draft.put("pythonVersion", short, place)
    elif re.fullmatch(r"[23](?:\.[0-9])?|3\.10", short):
        oldest = next(iter(SUPPORTED))
        draft.put("pythonVersion", oldest, place, f"the oldest version that is maintained; the source has {short}")
    else:
        text = f"the version is not one of {', '.join(SUPPORTED)}; set one of them."
        draft.need(place, "pythonVersion", text, draft.command("pythonVersion", list(SUPPORTED)[-1]))


def put_build(draft: Draft, build: Value) -> None:
    """Set the build command to what a build script does besides installing packages."""
    if has_dockerfile(draft):
        draft.lose(build, "the Dockerfile builds the image; do these steps there.")
        return
    steps = build_steps(build.text())
    if steps.is_complex:
        text = "has control structures; set what is left besides installing packages, or `true` if nothing is."
        draft.need(build.place, "buildCommand", text, draft.command("buildCommand", "'COMMAND'"))
        return
    if steps.installs:
        draft.carry(build.place, build.path, "packages and assets are installed by the build plan")
    if steps.has_system_packages:
        draft.lose(build, "packages of the system belong in systemPackages, with Debian's names.")
    if steps.packages:
        named = ", ".join(steps.packages)
        named = "the packages that the script names" if has_credential(named) else named
        draft.lose(build, f"the build plan installs what requirements.txt or a lock file has; add {named} to it.")
    if steps.command:
        draft.put("buildCommand", steps.command, build.place)


def has_dockerfile(draft: Draft) -> bool:
    """Whether the app's folder has a Dockerfile, which then builds the image."""
    return (draft.app / "Dockerfile").is_file()
