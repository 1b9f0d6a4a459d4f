"""The preflight of an image's app before the push: the command line tool runs as a process of the program's Python.

The tool is not a dependency of this library: it contains what runs an app on a developer's machine. A hook before the
build starts it, so an app that fails is neither pushed nor recorded, and the next update retries it.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple, cast

import pulumi

from ..hooks import Say, before_changes, in_thread

_TOOL = "flask_on_aws_cli"
_MISSING = "flask-on-aws-cli is not in the program's Python environment (docs/preflight.md says how to install it)"


class App(NamedTuple):
    """The tool's input."""

    folder: str
    settings: Mapping[str, str]
    """A stack's settings by name, each value as a string."""


class ImagePreflight:
    """The preflight of one image."""

    def __init__(
        self, owner: pulumi.Resource, app: App, required: bool, build_secrets: Mapping[str, pulumi.Input[str]]
    ) -> None:
        self._owner, self._app, self._required = owner, app, required
        # Passed in the process's environment, which process listings do not show.
        self._secrets = pulumi.Output.from_input(dict(build_secrets))

    def binding(self, name: str) -> pulumi.ResourceHookBinding:
        """The hook for the build of the image with this name; a preview runs nothing."""
        return before_changes(f"{name}-preflight", self._run)

    async def _run(self, args: pulumi.ResourceHookArgs) -> None:
        secrets = cast(Mapping[str, str], await self._secrets.future() or {})
        await in_thread(self._owner, self._check, secrets)

    def _check(self, say: Say, secrets: Mapping[str, str]) -> None:
        checks, reason = run_tool(self._app, secrets, say)
        if checks is None and self._required:
            raise RuntimeError(
                f"the app cannot be tried before its image is pushed: {reason}. `preflight` is always; auto would push it "
                "untried."
            )
        if checks is None:
            say(f"The app is pushed without a preflight: {reason}.")
        elif failure := judge(self._app.folder, checks):
            raise RuntimeError(failure)


def preflight_hooks(owner: pulumi.Resource, name: str, args: Mapping[str, Any]) -> pulumi.ResourceHookBinding | None:
    """The hooks of a build, according to the image's arguments."""
    if args["preflight"] == "never":
        return None
    app = App(args["context"], {**args["preflight_settings"], **build_settings(args)})
    return ImagePreflight(owner, app, args["preflight"] == "always", args["build_secrets"]).binding(name)


def build_settings(args: Mapping[str, Any]) -> dict[str, str]:
    """The image's arguments that determine a build, as settings of a stack; of its secrets only the names."""
    return {
        "builder": args["builder"],
        "dockerfile": args["dockerfile"],
        "dockerfileTarget": args["dockerfile_target"],
        "architecture": args["architecture"],
        "pythonVersion": args["python_version"],
        "systemPackages": json.dumps(list(args["system_packages"])),
        "buildCommand": args["build_command"],
        "assetsFolder": args["assets_folder"],
        "startCommand": args["start_command"],
        "buildEnv": json.dumps(dict(args["build_args"])),
        "buildSecrets": json.dumps(dict.fromkeys(args["build_secrets"], "")),
    }


def run_tool(app: App, secrets: Mapping[str, str], say: Say) -> tuple[Sequence[Mapping[str, Any]] | None, str]:
    """The tool's checks, or None and the reason.

    Args:
        app: the app to run.
        secrets: the build's secrets.
        say: receives a line for each check.
    """
    if importlib.util.find_spec(_TOOL) is None:
        return None, _MISSING
    with tempfile.TemporaryFile("w+", encoding="utf-8") as report:
        last, code = _follow(app, secrets, say, report)
        report.seek(0)
        reason = last.removeprefix("Error: ").rstrip(".")
        return _read(report.read()), reason or f"flask-on-aws preflight ended with {code}"


def _follow(app: App, secrets: Mapping[str, str], say: Say, report: IO[str]) -> tuple[str, int]:
    """Run the tool, which writes its report into a file; returns its last line on standard error and its exit code."""
    # -P: imports must not come from the program's folder.
    command = [sys.executable, "-P", "-m", _TOOL, "preflight", app.folder, "--settings", "-"]
    command += ["--runner", "container", "--before-push", "--json"]
    last = ""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as settings:
        json.dump(dict(app.settings), settings)
        settings.seek(0)
        with subprocess.Popen(  # noqa: S603 our own tool, without a shell
            command,
            stdin=settings,
            stdout=report,
            stderr=subprocess.PIPE,
            env={**os.environ, **secrets, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,  # killing the engine kills its process group, and the tool has containers to remove
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stderr or ():
                last = line.rstrip() or last
                say(line.rstrip())
    return last, process.returncode


def _read(text: str) -> Sequence[Mapping[str, Any]] | None:
    """The checks; None if the tool did not get that far."""
    try:
        return json.loads(text)["checks"]
    except ValueError:
        return None


def judge(folder: str, checks: Sequence[Mapping[str, Any]]) -> str:
    """Why the app must not be pushed, in the tool's words; empty if nothing failed. Pure."""
    failed = [str(check["text"]) for check in checks if check["status"] == "failed"]
    if not failed:
        return ""
    return "\n".join(
        (
            f"the app in {folder!r} would not run on AWS, so its image is not pushed:",
            *failed,
            "Correct it and run the update again, or set `preflight` to never to push it untried.",
        )
    )
