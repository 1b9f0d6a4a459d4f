"""Prints a release's section of the changelog, once tag and distributions agree on its version; for release.yml.

python .github/release_notes.py v0.2.0
python .github/release_notes.py Unreleased     what the next release would have, without a check of versions
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


class ReleaseError(Exception):
    """The release cannot be made; the sentence names what to change."""


def notes(name: str, root: Path = ROOT) -> str:
    """The section of the changelog for a tag such as v0.2.0, or for Unreleased."""
    version = name.removeprefix("v")
    if version != "Unreleased":
        check_versions(version, root)
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(rf"^## \[{re.escape(version)}\].*\n((?:(?!## \[).*\n?)*)", changelog, re.MULTILINE)
    if not section or not section[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no section [{version}]; rename [Unreleased] to it, with the date")
    return section[1].strip() + "\n"


def check_versions(version: str, root: Path) -> None:
    """Both distributions have the version, and the command requires exactly this library."""
    for folder in ("components", "cli"):
        project = tomllib.loads((root / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["version"] != version:
            raise ReleaseError(f"{folder}/pyproject.toml has the version {project['version']}; set it to {version}")
        pins = [line for line in project["dependencies"] if line.startswith("flask-on-aws=")]
        if folder == "cli" and pins != [f"flask-on-aws=={version}"]:
            found = ", ".join(pins) or "no exact version of flask-on-aws"
            raise ReleaseError(f"cli/pyproject.toml requires {found}; set it to flask-on-aws=={version}")


if __name__ == "__main__":
    try:
        sys.stdout.write(notes(sys.argv[1]))
    except ReleaseError as error:
        sys.exit(str(error))
