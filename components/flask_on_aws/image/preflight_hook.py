"""The image's app is tried before the image is pushed: by the command line tool, as a process of the program's Python.

The tool is no dependency of this library: it brings what runs an app on a developer's machine. A hook before the build
starts it, so an app that fails is neither pushed nor recorded, and the next update tries it again.
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

CHOICES = ("auto", "always", "never")
_TOOL = "flask_on_aws_cli"
_MISSING = "flask-on-aws-cli is not in the program's Python environment (docs/preflight.md says how to install it)"


class App(NamedTuple):
    """What the tool is told."""

    folder: str
    settings: Mapping[str, str]
    """A stack's settings: those names, each value as text."""


class ImagePreflight:
    """The preflight of one image."""

    def __init__(
        self, owner: pulumi.Resource, app: App, required: bool, build_secrets: Mapping[str, pulumi.Input[str]]
    ) -> None:
        self._owner, self._app, self._required = owner, app, required
        # In the process's environment, where no list of processes shows them.
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
    """The hooks of a build, as the image's arguments ask for them."""
    if args["preflight"] == "never":
        return None
    app = App(args["context"], {**args["preflight_settings"], **build_settings(args)})
    return ImagePreflight(owner, app, args["preflight"] == "always", args["build_secrets"]).binding(name)


def build_settings(args: Mapping[str, Any]) -> dict[str, str]:
    """The image's arguments that decide a build, as the settings of a stack; of its secrets the names alone."""
    return {
        "builder": args["builder"],
        "dockerfile": args["dockerfile"],
        "architecture": args["architecture"],
        "pythonVersion": args["python_version"],
        "systemPackages": json.dumps(list(args["system_packages"])),
        "startCommand": args["start_command"],
        "buildEnv": json.dumps(dict(args["build_args"])),
        "buildSecrets": json.dumps(dict.fromkeys(args["build_secrets"], "")),
    }


def run_tool(app: App, secrets: Mapping[str, str], say: Say) -> tuple[Sequence[Mapping[str, Any]] | None, str]:
    """The tool's checks, or None and why there are none.

    Args:
        app: what is tried.
        secrets: the build's secrets.
        say: takes a line for each check that was made.
    """
    if importlib.util.find_spec(_TOOL) is None:
        return None, _MISSING
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        last, code = _follow(app, secrets, say, told)
        told.seek(0)
        reason = last.removeprefix("Error: ").rstrip(".")
        return _read(told.read()), reason or f"flask-on-aws preflight ended with {code}"


def _follow(app: App, secrets: Mapping[str, str], say: Say, told: IO[str]) -> tuple[str, int]:
    """Run the tool, which writes its verdict into a file; its last line on standard error, and its exit code."""
    # -P: the program's folder is no place to import from.
    command = [sys.executable, "-P", "-m", _TOOL, "preflight", app.folder, "--settings", "-"]
    command += ["--runner", "container", "--before-push", "--json"]
    last = ""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as given:
        json.dump(dict(app.settings), given)
        given.seek(0)
        with subprocess.Popen(  # noqa: S603 our own tool, without a shell
            command,
            stdin=given,
            stdout=told,
            stderr=subprocess.PIPE,
            env={**os.environ, **secrets, "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,  # an engine that is killed takes its group along, and this has containers to remove
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stderr or ():
                last = line.rstrip() or last
                say(line.rstrip())
    return last, process.returncode


def _read(text: str) -> Sequence[Mapping[str, Any]] | None:
    """The checks; None where the tool did not come so far."""
    try:
        return json.loads(text)["checks"]
    except ValueError:
        return None


def judge(folder: str, checks: Sequence[Mapping[str, Any]]) -> str:
    """Why the app must not be pushed, in the tool's own words; empty if nothing failed. Pure."""
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
