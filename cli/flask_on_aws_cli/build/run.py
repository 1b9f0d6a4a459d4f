"""Builds with files and processes: environments, ejected Dockerfiles and images."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask_on_aws.build_plan.context_files import ignore_lines
from flask_on_aws.build_plan.left_out import IGNORE_FILE, ignore_file, ignored_in
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.image.dockerfile import CA_CONTEXT, CA_FILE, CA_FOLDER, DOCKERIGNORE, render_dockerfile
from uv import find_uv_bin

from ..plan.report import as_json
from .build_causes import BuildCause, build_cause
from .environment_commands import PLAN, PROGRAMS, Step, local_steps, start_script
from .machine_programs import link_programs, machine_path
from .step_environment import step_environment

# Enough of a failed command's output to include the cause.
_LAST_LINES = 30
_EJECTED_CA = f"certs/{CA_FILE}"


class BuildError(Exception):
    """A build that failed; the message is a sentence, followed by lines of the command's output."""

    def __init__(self, sentence: str, cause: BuildCause | None = None, lines: Sequence[str] = ()) -> None:
        """Describe a failure.

        Args:
            sentence: what failed.
            cause: why, if the output shows a cause that is known.
            lines: the last lines of the output, where it shows none.
        """
        self.sentence, self.cause, self.lines = sentence, cause, lines
        if cause:
            sentence = f"{sentence}: {cause.sentence}; {cause.fix}. The lines that show it:"
        elif lines:
            sentence += "; its last lines are:"
        super().__init__("\n".join((sentence, *(cause.evidence if cause else lines))))


def check_target(folder: Path, target: Path) -> Path:
    """The absolute path of the folder that an environment is built in.

    Raises:
        BuildError: if it contains anything but an older environment, or is in the app's folder.
    """
    target = target.absolute()
    if target.exists() and not (target / PLAN).is_file() and (not target.is_dir() or any(target.iterdir())):
        raise BuildError(
            f"{str(target)!r} exists and was not built by this command; choose a folder that is new or empty."
        )
    if target.resolve().is_relative_to(folder.resolve()):
        raise BuildError(f"{str(target)!r} is inside the app's folder; choose a folder outside it.")
    return target


def make_environment(plan: BuildPlan, folder: Path, target: Path, build_env: Mapping[str, str]) -> None:
    """Build the environment of a plan in a folder that is new, empty or contains an older environment.

    Raises:
        BuildError: if the folder contains anything else, a program is missing, or a command fails.
    """
    target = check_target(folder, target)
    for folder_name in ("app", "venv", "tools", PROGRAMS):
        shutil.rmtree(target / folder_name, ignore_errors=True)
    (target / PLAN).unlink(missing_ok=True)
    shutil.copytree(folder, target / "app", symlinks=True, ignore=ignored_in(folder))
    # This file marks the folder as an environment; it is written first so that a failed build can be repeated.
    (target / PLAN).write_text(as_json(plan), encoding="utf-8")
    with _temporary_folder() as temporary:
        for step in local_steps(plan, target, find_uv_bin()):
            environment = _step_environment(step, plan.build_packages, {**build_env, **temporary})
            _run(step, target / "app", environment)
    link_programs(target / PROGRAMS, plan.run_packages)
    start = target / "start"
    start.write_text(start_script(plan), encoding="utf-8")
    start.chmod(0o755)


def eject(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> list[str]:
    """Write the plan's Dockerfile and the files that it needs to the app's folder; return their names.

    Raises:
        BuildError: if one of the files already exists.
    """
    text = render_dockerfile(plan, build_env, build_secrets, _EJECTED_CA)
    files = {"Dockerfile": text, _EJECTED_CA: (CA_FOLDER / CA_FILE).read_text(encoding="ascii")}
    for name in files:
        if (folder / name).exists():
            raise BuildError(f"{str(folder / name)!r} already exists; move or delete it, then try again.")
    if not (folder / ".dockerignore").exists():
        files[".dockerignore"] = DOCKERIGNORE + ignore_lines(plan.environments)
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
    """Build the image with this machine's Docker engine.

    Args:
        plan: the build plan.
        folder: the app's folder.
        tag: name of the image.
        build_env: build arguments and their values.
        build_secrets: names of this process's variables that the build gets as secrets.
        quietly: whether the output is shown only if the build fails; otherwise this process prints it.
        builder: name of a builder of `docker buildx`; empty for the selected one.

    Raises:
        BuildError: if there is no docker command, or the build fails.
    """
    if shutil.which("docker") is None:
        raise BuildError(
            "there is no docker command on this machine; install Docker, or build an environment with --venv."
        )
    command = ["docker", "build", "--tag", tag, "--build-context", f"{CA_CONTEXT}={CA_FOLDER}"]
    # Without --load, a builder that runs in a container would keep the image to itself.
    command += ["--load", *(["--builder", builder] if builder else [])]
    for name, value in build_env.items():
        command += ["--build-arg", f"{name}={value}"]
    for name in build_secrets:
        command += ["--secret", f"id={name},env={name}"]
    out, errors = (subprocess.PIPE, subprocess.STDOUT) if quietly else (None, None)
    with _temporary_folder() as temporary:
        file = folder / plan.dockerfile
        if not plan.dockerfile:
            # In a file, since only next to one there can be a .dockerignore other than the app's.
            file = Path(temporary["TMPDIR"], "Dockerfile")
            file.write_text(render_dockerfile(plan, build_env, build_secrets), encoding="utf-8")
            ignored = ignore_file(folder, plan.environments)
            file.with_name(IGNORE_FILE).write_text(ignored, encoding="utf-8", errors="surrogateescape")
        result = subprocess.run(  # noqa: S603 no shell
            [*command, "--file", str(file), str(folder)],
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            stdout=out,
            stderr=errors,
            env={**os.environ, **temporary},
        )
    if result.returncode and quietly:
        raise _failure("docker build", result)
    if result.returncode:
        raise BuildError(f"docker build exited with code {result.returncode}; its last lines give the reason.")


@contextmanager
def _temporary_folder() -> Generator[dict[str, str]]:
    """Variables that give a build a temporary folder until the block ends, since uv and buildx leave files there."""
    with tempfile.TemporaryDirectory(prefix="flask-on-aws-build-", ignore_cleanup_errors=True) as folder:
        yield {"TMPDIR": folder}


def _step_environment(step: Step, packages: Sequence[str], build_env: Mapping[str, str]) -> dict[str, str]:
    """The variables of a step: those of an image's build, with the program that it needs."""
    if step.uses_machine:
        return {**os.environ, **build_env, "PATH": machine_path(), "UV_PYTHON_DOWNLOADS": "never"}
    temporary = Path(build_env["TMPDIR"])
    home = temporary / "home"
    home.mkdir(exist_ok=True)
    programs = link_programs(temporary / f"bin-{step.needs}", packages, [step.needs] if step.needs else [])
    path = os.pathsep.join(filter(None, (step.environment.get("PATH", ""), str(programs))))
    return {**step_environment(home, os.environ), **build_env, **step.environment, "PATH": path}


def _run(step: Step, folder: Path, environment: Mapping[str, str]) -> None:
    if step.needs and shutil.which(step.needs, path=environment["PATH"]) is None:
        raise BuildError(f"{step.needs!r} is not installed on this machine, and `{step.command}` needs it; install it.")
    result = subprocess.run(  # noqa: S603 the command is the plan's
        ["/bin/sh", "-c", step.command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        raise _failure(f"`{step.command}`", result)


def _failure(command: str, result: "subprocess.CompletedProcess[str]") -> BuildError:
    lines = result.stdout.splitlines()
    return BuildError(f"{command} exited with code {result.returncode}", build_cause(lines), lines[-_LAST_LINES:])
