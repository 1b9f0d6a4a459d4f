"""Builds with files and processes: environments, ejected Dockerfiles and images."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask_on_aws.build_plan.dockerignore import ignore_lines
from flask_on_aws.build_plan.left_out import IGNORE_FILE, ignore_file
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.image.dockerfile import CA_CONTEXT, CA_FILE, CA_FOLDER, DOCKERIGNORE, render_dockerfile
from uv import find_uv_bin

from ..plan.report import as_json
from .app_copy import copy_code, copy_dependency_files
from .build_causes import BuildCause, build_cause
from .environment_commands import PLAN, PROGRAMS, Step, local_steps, start_script
from .local_python import LocalPython, python_path
from .machine_programs import link_programs, node_folders
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

    def on_other_python(self, python: LocalPython) -> "BuildError":
        """The same, where the build used another Python than the plan's, which is the first thing to correct."""
        if not python.difference:
            return self
        sentence = f"{self.sentence} on Python {python.version} ({python.difference}, and try again)"
        return BuildError(sentence, self.cause, self.lines)


def check_target(folder: Path, target: Path) -> Path:
    """The absolute path of the folder that an environment is built in.

    Args:
        folder: the app's folder.
        target: the folder of the environment.

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


def make_environment(
    plan: BuildPlan,
    folder: Path,
    target: Path,
    build_env: Mapping[str, str],
    build_secrets: Collection[str] = (),
) -> None:
    """Build the environment of a plan in a folder that is new, empty or contains an older environment.

    Args:
        plan: a plan with a package manager.
        folder: the app's folder.
        target: the folder of the environment.
        build_env: variables of the build.
        build_secrets: names of this process's variables that the build gets, except for its own build command. Default:
            none.

    Raises:
        BuildError: if the folder contains anything else, a program is missing, or a command fails.
    """
    target = check_target(folder, target)
    for folder_name in ("app", "venv", "tools", "node", PROGRAMS):
        shutil.rmtree(target / folder_name, ignore_errors=True)
    (target / PLAN).unlink(missing_ok=True)
    copy_dependency_files(plan, folder, target / "app")
    # This file marks the folder as an environment; it is written first so that a failed build can be repeated.
    (target / PLAN).write_text(as_json(plan), encoding="utf-8")
    with _temporary_folder() as temporary:
        variables, has_code = {**build_env, **temporary}, False
        for step in local_steps(plan, target, find_uv_bin(), _node_folder(plan)):
            if step.after_code and not has_code:
                copy_code(plan, folder, target / "app")
                has_code = True
            environment = _step_environment(step, plan, variables, build_secrets)
            _run(step, target / "app", environment)
        if not has_code:
            copy_code(plan, folder, target / "app")
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
        quietly: whether the output is shown only if the build fails; otherwise it is printed as it comes.
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
    if plan.dockerfile_target:
        command += ["--target", plan.dockerfile_target]
    for name, value in build_env.items():
        command += ["--build-arg", f"{name}={value}"]
    for name in build_secrets:
        command += ["--secret", f"id={name},env={name}"]
    with _temporary_folder() as temporary:
        file = folder / plan.dockerfile
        if not plan.dockerfile:
            # In a file, since only next to one there can be a .dockerignore other than the app's.
            file = Path(temporary["TMPDIR"], "Dockerfile")
            file.write_text(render_dockerfile(plan, build_env, build_secrets), encoding="utf-8")
            ignored = ignore_file(folder, plan.environments)
            file.with_name(IGNORE_FILE).write_text(ignored, encoding="utf-8", errors="surrogateescape")
        with subprocess.Popen(  # noqa: S603 no shell
            [*command, "--file", str(file), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **temporary},
        ) as process:
            lines: list[str] = []
            for line in process.stdout or ():
                lines.append(line.rstrip("\n"))
                if not quietly:
                    print(line, end="", file=sys.stderr, flush=True)
    if process.returncode:
        cause, failure = build_cause(lines), f"docker build exited with code {process.returncode}"
        if not quietly and not cause:
            failure += "; its last lines give the reason."
        raise BuildError(failure, cause, lines[-_LAST_LINES:] if quietly else ())


@contextmanager
def _temporary_folder() -> Generator[dict[str, str]]:
    """Variables that give a build a temporary folder until the block ends, since uv and buildx leave files there."""
    with tempfile.TemporaryDirectory(prefix="flask-on-aws-build-", ignore_cleanup_errors=True) as folder:
        yield {"TMPDIR": folder}


def _node_folder(plan: BuildPlan) -> str:
    """The folder of this machine's own Node, if it is of the plan's version and has npm."""
    if plan.node is None:
        return ""
    for folder in node_folders():
        if all(shutil.which(name, path=folder) for name in ("node", "npm", "npx")):
            node = str(Path(folder, "node"))
            result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 no shell
            is_same = f"{result.stdout.strip()}.".startswith(f"v{plan.node.version}.")
            return folder if is_same else ""
    return ""


def _step_environment(
    step: Step, plan: BuildPlan, build_env: Mapping[str, str], build_secrets: Collection[str]
) -> dict[str, str]:
    """The variables of a step: those of an image's build, with the program that it needs."""
    temporary = Path(build_env["TMPDIR"])
    if step.uses_machine:
        variables = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
        programs = python_path(plan.python_version, os.environ)
    else:
        home = temporary / "home"
        home.mkdir(exist_ok=True)
        variables = step_environment(home, os.environ)
        needs = [step.needs] if step.needs else []
        programs = str(link_programs(temporary / f"bin-{step.needs}", plan.build_packages, needs))
    secrets = {name: os.environ[name] for name in build_secrets if name in os.environ}
    variables |= {**build_env, **secrets, **step.environment}
    if step.without_secrets:
        variables = {name: value for name, value in variables.items() if name not in secrets}
    return {**variables, "PATH": os.pathsep.join(filter(None, (step.environment.get("PATH", ""), programs)))}


def _run(step: Step, folder: Path, environment: Mapping[str, str]) -> None:
    if step.needs and shutil.which(step.needs, path=environment["PATH"]) is None:
        raise BuildError(f"{step.needs!r} is not installed on this machine, and `{step.command}` needs it; install it.")
    result = subprocess.run(  # noqa: S603 the command is the plan's
        ["/bin/sh", "-ec", step.command],
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
        if step.advice:
            raise BuildError(step.advice, lines=result.stdout.splitlines()[-_LAST_LINES:])
        raise _failure(step.name or f"`{step.command}`", result)


def _failure(command: str, result: "subprocess.CompletedProcess[str]") -> BuildError:
    lines = result.stdout.splitlines()
    return BuildError(f"{command} exited with code {result.returncode}", build_cause(lines), lines[-_LAST_LINES:])
