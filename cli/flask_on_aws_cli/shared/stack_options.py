"""The app's folder and the settings of its build plan, from command-line options or a stack's configuration."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, PlanSettings
from flask_on_aws.build_plan.plan_values import DOCKERFILE
from flask_on_aws.validation.setting_texts import is_set

from .app_plan import plan_app
from .failure import fail

# In the order in which --help shows them; the names are those of the Pulumi program's settings.
_OPTIONS = (
    click.option(
        "--dockerfile",
        default=DOCKERFILE,
        show_default=True,
        metavar="PATH",
        help="The app's own Dockerfile, relative to DIR.",
    ),
    click.option(
        "--dockerfile-target", default="", metavar="STAGE", help="Stage of the Dockerfile. Default: the last one."
    ),
    click.option("--python-version", default="", metavar="X.Y", help="Python version. Default: from the app's files."),
    click.option(
        "--system-package",
        "system_packages",
        multiple=True,
        metavar="NAME",
        help="Debian package to install. Repeatable.",
    ),
    click.option(
        "--build-command", default="", metavar="LINE", help="Command of the build, after dependencies and code."
    ),
    click.option(
        "--assets-folder",
        default="",
        metavar="PATH",
        help="Folder of the package.json that builds assets; none: no assets. Default: from the app's files.",
    ),
    click.option("--start-command", default="", metavar="LINE", help="Start command. Default: from the app's files."),
    click.option(
        "--entry-point",
        type=click.Choice(["auto", "keep", "replace"]),
        default="auto",
        show_default=True,
        help="What becomes of a Dockerfile's ENTRYPOINT where a command runs.",
    ),
)


_Default = TypeVar("_Default", str, str | None)


def setting(config: Mapping[str, str], project: str, key: str, default: _Default = "") -> str | _Default:
    """The text of a setting in a stack's configuration (`namespace:key` → text), or the default if it is not set."""
    value = config.get(f"{project}:{key}")
    return value.strip() if value is not None and is_set(key, value) else default


def json_setting(config: Mapping[str, str], project: str, key: str, kind: type[Any]) -> Any:
    """A list or an object; an empty one if the text is neither, such as that of a secret that was not decrypted."""
    try:
        value = json.loads(setting(config, project, key))
    except json.JSONDecodeError:
        return kind()
    return value if isinstance(value, kind) else kind()


def plan_settings(config: Mapping[str, str], project: str) -> PlanSettings:
    """The settings of a build plan, read as the Pulumi program reads them."""
    packages = json_setting(config, project, "systemPackages", list)
    release = setting(config, project, "releaseCommand")
    workers = json_setting(config, project, "workers", dict)
    return PlanSettings(
        setting(config, project, "pythonVersion"),
        tuple(map(str, packages)),
        setting(config, project, "startCommand"),
        entry_point=setting(config, project, "entryPoint", "auto"),
        dockerfile=setting(config, project, "dockerfile", DOCKERFILE),
        dockerfile_target=setting(config, project, "dockerfileTarget"),
        build_command=setting(config, project, "buildCommand"),
        assets_folder=setting(config, project, "assetsFolder"),
        other_commands=tuple(str(line) for line in (release, *workers.values()) if line not in ("", "none", None)),
    )


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument for the app's folder and the options for the settings of its build plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))(command)


def options_settings(
    python_version: str,
    system_packages: Sequence[str],
    start_command: str,
    build_command: str = "",
    assets_folder: str = "",
    entry_point: str = "auto",
    dockerfile: str = DOCKERFILE,
    dockerfile_target: str = "",
) -> PlanSettings:
    """The settings of a build plan from the options."""
    return PlanSettings(
        python_version,
        tuple(system_packages),
        start_command,
        entry_point=entry_point,
        build_command=build_command,
        assets_folder=assets_folder,
        dockerfile=dockerfile,
        dockerfile_target=dockerfile_target,
    )


def plan_or_fail(folder: Path, as_processes: bool = False, **options: Any) -> BuildPlan:
    """The build plan of a folder; if there is none, print every problem and end the command.

    Args:
        folder: the app's folder.
        as_processes: whether a Dockerfile is ignored, except for the start command.
        options: the values of the options.
    """
    try:
        return plan_app(folder, options_settings(**options), as_processes)
    except BuildPlanError as error:
        fail(*error.problems)
