"""The edge to files and processes: environments, ejected files, images."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask_on_aws.build_plan.plan import LEFT_OUT, BuildPlan
from flask_on_aws.image.dockerfile import CA_CONTEXT, CA_FILE, CA_FOLDER, DOCKERIGNORE, render_dockerfile
from uv import find_uv_bin

from ..plan.report import as_json
from .environment_commands import PLAN, Step, local_steps, start_script

# Enough of a failed command's output to hold its cause.
_LAST_LINES = 30
_EJECTED_CA = f"certs/{CA_FILE}"


class BuildError(Exception):
    """A build that failed, as a sentence, with the command's last lines."""


def make_environment(plan: BuildPlan, folder: Path, target: Path, build_env: Mapping[str, str]) -> None:
    """Make the environment of a plan in a folder that is new or holds an older one.

    Raises:
        BuildError: if the folder is taken, a program is missing, or a command fails.
    """
    target = target.absolute()
    if target.exists() and not (target / PLAN).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise BuildError(f"{str(target)!r} is taken by something else; name a folder that is new or empty.")
    if target.resolve().is_relative_to(folder.resolve()):
        raise BuildError(f"{str(target)!r} is in the app's own folder; name a folder beside it.")
    for part in ("app", "venv", "tools"):
        shutil.rmtree(target / part, ignore_errors=True)
    (target / PLAN).unlink(missing_ok=True)
    shutil.copytree(folder, target / "app", symlinks=True, ignore=_left_out(folder))
    # The mark that the folder is ours comes first: a build that fails can be tried again.
    (target / PLAN).write_text(as_json(plan), encoding="utf-8")
    for step in local_steps(plan, target, find_uv_bin()):
        _run(step, target / "app", build_env)
    start = target / "start"
    start.write_text(start_script(plan), encoding="utf-8")
    start.chmod(0o755)


def eject(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> list[str]:
    """Write the plan's Dockerfile and what it needs into the app's folder; the names of the files.

    Raises:
        BuildError: if a file of that name is there already.
    """
    text = render_dockerfile(plan, build_env, build_secrets, _EJECTED_CA)
    files = {"Dockerfile": text, _EJECTED_CA: (CA_FOLDER / CA_FILE).read_text(encoding="ascii")}
    for name in files:
        if (folder / name).exists():
            raise BuildError(f"{str(folder / name)!r} is there already; move it away to have it written anew.")
    if not (folder / ".dockerignore").exists():
        files[".dockerignore"] = DOCKERIGNORE
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return list(files)


def build_image(
    plan: BuildPlan,
    folder: Path,
    tag: str,
    build_env: Mapping[str, str],
    build_secrets: Sequence[str],
    quietly: bool = False,
    builder: str = "",
) -> None:
    """Build the image with this machine's Docker engine, whose output goes to this process's unless `quietly`.

    Args:
        plan: how.
        folder: the app's.
        tag: the image's name.
        build_env: variables of the build.
        build_secrets: names of this process's variables that are its secrets.
        quietly: whether its output is seen only when it fails.
        builder: one of `docker buildx`; empty for the engine's own.

    Raises:
        BuildError: if there is no Docker, or the build fails.
    """
    if shutil.which("docker") is None:
        raise BuildError("there is no docker command here; install Docker, or build an environment with --venv.")
    file = str(folder / plan.dockerfile) if plan.dockerfile else "-"
    text = "" if plan.dockerfile else render_dockerfile(plan, build_env, build_secrets)
    command = ["docker", "build", "--tag", tag, "--file", file, "--build-context", f"{CA_CONTEXT}={CA_FOLDER}"]
    # Without --load the image would stay with a builder that is not the engine's own.
    command += ["--load", *(["--builder", builder] if builder else [])]
    for name, value in build_env.items():
        command += ["--build-arg", f"{name}={value}"]
    for name in build_secrets:
        command += ["--secret", f"id={name},env={name}"]
    out, errors = (subprocess.PIPE, subprocess.STDOUT) if quietly else (None, None)
    done = subprocess.run(  # noqa: S603 no shell
        [*command, str(folder)], input=text, text=True, check=False, stdout=out, stderr=errors
    )
    if done.returncode and quietly:
        last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise BuildError(f"docker build ended with {done.returncode}; its last lines are:\n{last}")
    if done.returncode:
        raise BuildError(f"docker build ended with {done.returncode}; its last lines say why.")


def _left_out(folder: Path):  # noqa: ANN202 the type is shutil's own
    def ignore(path: str, names: list[str]) -> list[str]:
        return [name for name in names if name in LEFT_OUT] if Path(path) == folder else []

    return ignore


def _run(step: Step, folder: Path, build_env: Mapping[str, str]) -> None:
    if step.needs and shutil.which(step.needs) is None:
        raise BuildError(f"{step.needs!r} is not on this machine, and `{step.command}` needs it; install it.")
    path = os.environ.get("PATH", os.defpath)
    environment = {**os.environ, **build_env, **step.environment}
    environment["PATH"] = f"{step.environment['PATH']}:{path}" if "PATH" in step.environment else path
    done = subprocess.run(  # noqa: S603 the command is the plan's
        ["/bin/sh", "-c", step.command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise BuildError(f"`{step.command}` ended with {done.returncode}; its last lines are:\n{last}")
