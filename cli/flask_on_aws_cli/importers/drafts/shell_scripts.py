"""Turns scripts of several lines into one command, and takes installation of packages out of build scripts: pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Lines that belong together, or that depend on others.
_BLOCK = re.compile(
    r"^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|function|select|trap)\b|[{(]\s*$|^[})]|<<|\w+\(\)|;;",
    re.MULTILINE,
)
_OPTIONS = re.compile(r"set\s+-[a-z]+(?:\s+(?:-[a-z]+|pipefail))*")
# What the build plan does itself, with the packages' lock files: docs/deploy-your-app.md.
_INSTALLS = re.compile(
    r"(?:python3?\s+-m\s+)?pip3?\s+install\b.*"
    r"|(?:poetry|pipenv|uv|pdm)\s+(?:install|sync|lock)\b.*"
    r"|(?:poetry|uv)\s+(?:config|self|venv)\b.*"
    r"|(?:npm|pnpm|yarn|bun)\s+(?:ci|install|i|run\s+build|build)\b[^&|;]*|yarn|n\s+auto.*|corepack\s+enable.*"
    r"|curl\s.*(?:install\.python-poetry\.org|astral\.sh/uv|/nvm/).*"
    r"|export\s+(?:PATH|NVM_DIR|PIP_\w+|POETRY_\w+|UV_\w+)=.*"
)


_SYSTEM = re.compile(r"(?:sudo\s+)?(?:yum|dnf|apt|apt-get|apk)\s.*")
_PIP = re.compile(r"(?:python3?\s+-m\s+)?pip3?\s+install\b(.*)")
# What a build script installs to install the rest, and the files from which the build plan installs packages.
_INSTALLERS = re.compile(r"(?:pip|setuptools|wheel|poetry|pipenv|uv|pdm|build)(?:[=<>~!].*)?|\.|requirements\.txt")


class BuildSteps(NamedTuple):
    """The steps of a build script."""

    installs: tuple[str, ...]
    """Those that the build plan does itself."""
    command: str
    """All others as one command; empty if there is none."""
    packages: tuple[str, ...]
    """Files and packages in `installs` that the build plan does not know of."""
    has_system_packages: bool
    """Whether it installs packages of the system, which are not in `command`."""
    is_complex: bool
    """Whether the script has control structures, so that it is not taken apart."""


def one_command(script: str) -> str:
    """A script as one command that ends at the first line that fails."""
    if _is_complex(script):
        return script.strip()
    return " && ".join(_lines(script))


def build_steps(script: str) -> BuildSteps:
    """The steps of a build script."""
    if _is_complex(script):
        return BuildSteps((), script.strip(), (), False, True)
    installs, others, has_system_packages = list[str](), list[str](), False
    for line in _lines(script):
        rest = list[str]()
        for step in (step.strip() for step in line.split("&&")):
            if _SYSTEM.fullmatch(step):
                has_system_packages = True
            elif _INSTALLS.fullmatch(step):
                installs.append(step)
            else:
                rest.append(step)
        others += [" && ".join(rest)] if rest else []
    command, packages = " && ".join(others), tuple(_packages(installs))
    return BuildSteps(tuple(installs), command, packages, has_system_packages, False)


def _packages(installs: Sequence[str]) -> Iterator[str]:
    for line in installs:
        if match := _PIP.fullmatch(line):
            words = (word.strip("'\"") for word in match[1].split())
            yield from (word for word in words if not word.startswith("-") and not _INSTALLERS.fullmatch(word))


def _is_complex(script: str) -> bool:
    lines = "\n".join(line.strip() for line in script.splitlines())
    return bool(_BLOCK.search(lines))


def _lines(script: str) -> list[str]:
    """The commands of a script, without comments and options of the shell."""
    joined = re.sub(r"\s*\\\n\s*", " ", script)
    # A `#` before a quotation mark may be part of a text.
    lines = (re.sub(r"^\s*#.*|\s#[^'\"]*$", "", line).strip().rstrip(";").strip() for line in joined.splitlines())
    return [line for line in lines if line and not _OPTIONS.fullmatch(line)]
