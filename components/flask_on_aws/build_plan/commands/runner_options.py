"""The package managers that run commands, and what their options mean where the command runs without them."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple


class Option(Enum):
    """What an option of a runner means for the command."""

    IGNORED = auto()
    """It takes a value, which means nothing without the runner."""
    PROJECT = auto()
    """The folder of the project, whose packages are installed."""
    FOLDER = auto()
    """The working directory."""
    VARIABLE = auto()
    """A variable, NAME=value."""
    MODULE = auto()
    """Python runs a module."""
    ENVIRONMENT = auto()
    """The name of an environment of Hatch."""
    OTHER_PYTHON = "chooses a Python when the command runs; set python_version"
    OTHER_ENVIRONMENT = "chooses an environment, and an image contains one; remove the option"
    FILE = "reads variables from a file, which an image does not contain; set them in env and secret_values"
    PACKAGES = "installs packages when the command runs; add them to the app's dependencies, and remove the option"
    GROUP = "needs packages that are not installed; add them to the app's dependencies, and remove the option"
    SCRIPT = "installs the packages that a script names; add them to the app's dependencies, and run it with python"


class Runner(NamedTuple):
    """A package manager that runs commands."""

    options: Mapping[str, Option]
    """All options that take a value or change what runs; others are ignored."""
    installs: frozenset[str] = frozenset()
    """Subcommands that change the environment, which a command line must not do where the app runs."""


def _names(option: Option, names: str) -> dict[str, Option]:
    return dict.fromkeys(names.split(), option)


_POETRY = _names(Option.PROJECT, "-C --directory -P --project")
_PIPENV = _names(Option.IGNORED, "--python --pypi-mirror")
_PDM = {
    **_names(Option.PROJECT, "-p --project"),
    **_names(Option.OTHER_ENVIRONMENT, "--venv"),
    **_names(Option.IGNORED, "-c --config -S --skip"),
}
# https://docs.astral.sh/uv/reference/cli/#uv-run
_UV = {
    **_names(Option.PROJECT, "--project"),
    **_names(Option.FOLDER, "--directory"),
    **_names(Option.MODULE, "-m --module"),
    **_names(Option.OTHER_PYTHON, "-p --python"),
    **_names(Option.FILE, "--env-file"),
    **_names(Option.PACKAGES, "-w --with --with-editable --with-requirements"),
    **_names(Option.GROUP, "--extra --all-extras --group --all-groups --only-group --only-dev"),
    **_names(Option.SCRIPT, "-s --script --gui-script"),
    **_names(
        Option.IGNORED, "--no-extra --no-group --package --index --default-index -i --index-url --extra-index-url -f"
    ),
    **_names(
        Option.IGNORED, "--find-links --index-strategy --keyring-provider --resolution --prerelease --fork-strategy"
    ),
    **_names(Option.IGNORED, "--exclude-newer --link-mode -C --config-setting --cache-dir --config-file --color"),
    **_names(Option.IGNORED, "--python-platform --refresh-package --reinstall-package -P --upgrade-package"),
    **_names(Option.IGNORED, "--no-binary-package --no-build-package --no-build-isolation-package"),
    **_names(Option.IGNORED, "--allow-insecure-host --python-preference"),
}
_HATCH = {
    **_names(Option.ENVIRONMENT, "-e --env"),
    **_names(Option.IGNORED, "-p --project --data-dir --cache-dir --config"),
}
_RYE = _names(Option.PROJECT, "--pyproject")
_CONDA = {
    **_names(Option.FOLDER, "--cwd"),
    **_names(Option.IGNORED, "-n --name -p --prefix --label -a --attach -r --root-prefix --rc-file"),
}
_MICROMAMBA = {**_CONDA, **_names(Option.VARIABLE, "-e --env")}
RUNNERS: Mapping[str, Runner] = {
    "poetry": Runner(_POETRY, frozenset({"install", "sync", "update", "lock", "shell"})),
    "pipenv": Runner(_PIPENV, frozenset({"install", "sync", "update", "lock", "shell"})),
    "pdm": Runner(_PDM, frozenset({"install", "sync", "update", "lock", "venv"})),
    "uv": Runner(_UV, frozenset({"sync", "lock", "pip", "venv"})),
    "hatch": Runner(_HATCH, frozenset({"env", "shell"})),
    "rye": Runner(_RYE, frozenset({"sync", "lock", "install"})),
    "conda": Runner(_CONDA, frozenset({"activate", "install", "env", "create", "update"})),
    "mamba": Runner(_CONDA, frozenset({"activate", "install", "env", "create", "update"})),
    "micromamba": Runner(_MICROMAMBA, frozenset({"activate", "install", "env", "create", "update"})),
    "uvx": Runner({}),
    "pipx": Runner({}, frozenset({"install"})),
}
