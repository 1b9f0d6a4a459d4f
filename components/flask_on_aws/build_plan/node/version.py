"""The version of Node that an app's files ask for, as the tag of its image: https://hub.docker.com/_/node."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from semantic_version import NpmSpec, Version

from ..project_files import FileError, ProjectFiles, table

# Major versions with long-term support, those that get fixes first, with the month in which that ends or ended:
# https://nodejs.org/en/about/previous-releases on 2026-11-21. Images of all of them exist.
_SUPPORTED = {"22": "2027-04", "24": "2028-04", "26": "2029-04"}
_OLD = {"20": "2026-04", "18": "2025-04", "16": "2023-09", "14": "2023-04"}
_MAJORS = (*_SUPPORTED, *_OLD)
_DEFAULT = "22"
# The names by which nvm and fnm know releases: https://github.com/nodejs/Release/blob/main/CODENAMES.md
_CODENAMES = {"fermium": "14", "gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
_LATEST = ("lts/*", "lts", "--lts", "node", "current", "latest", "stable", "lts-latest")
_LAST = 999_999  # higher than any minor version or patch
_PINS = (".nvmrc", ".node-version", ".tool-versions")


def choose_node(files: ProjectFiles, folder: str, package: dict[str, Any]) -> tuple[str, str]:
    """The image's tag, such as 22, and why.

    Args:
        files: the app's files.
        folder: the folder of package.json, relative to the app's; empty for the app's own.
        package: its content.

    Raises:
        FileError: if no image has a version that the first file with one asks for.
    """
    wanted = list(_wanted(files, folder, package))
    for place, text in wanted:
        if tag := _tag(text):
            major = tag.split(".")[0]
            ended = f", which gets no fixes since {_OLD[major]}" if major in _OLD else ""
            others = [f"{other!r} in {other_place}" for other_place, other in wanted[1:] if not _allows(other, major)]
            against = f"; that contradicts {' and '.join(others)}, which has no effect" if others else ""
            return tag, f"{text!r} in {place}{ended}{against}"
        majors = ", ".join(sorted(_MAJORS))
        raise FileError(f"{place}: {text!r} allows none of Node {majors}; allow one of them, such as {_DEFAULT}.")
    return _DEFAULT, "the default"


def _wanted(files: ProjectFiles, folder: str, package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The versions that files name, each with its place, the decisive one first."""
    for prefix in dict.fromkeys((f"{folder}/" if folder else "", "")):
        for name in _PINS:
            for number, raw in enumerate(files.text(prefix + name).splitlines(), 1):
                text = re.sub(r"#.*", "", raw).strip()
                if name == ".tool-versions":
                    match = re.fullmatch(r"node(?:js)?\s+(\S+).*", text)
                    text = match[1] if match else ""
                if text:
                    yield f"{prefix}{name}, line {number}", text
                    break
    path = f"{folder}/package.json" if folder else "package.json"
    runtime = table(package, "devEngines", "runtime")
    declared = (
        ("volta", table(package, "volta").get("node")),
        ("devEngines", runtime.get("version") if runtime.get("name") == "node" else None),
        ("engines", table(package, "engines").get("node")),
    )
    for key, text in declared:
        if isinstance(text, str):
            yield key_place(files, path, key), text.strip()


def key_place(files: ProjectFiles, path: str, key: str) -> str:
    """File and line of a key in a package.json."""
    line = files.line_of(path, f'.*"{key}"')
    return f"{path}, line {line}"


def _tag(wanted: str) -> str:
    """The tag of the image that has the newest release of a version, an alias or a range; empty if there is none."""
    name = wanted.lower()
    if name in _LATEST:
        return max(_SUPPORTED)
    if codename := _CODENAMES.get(name.removeprefix("lts/").removeprefix("lts-")):
        return codename
    if version := re.fullmatch(r"v?(\d+)(?:\.\d+){0,2}", name):
        return version[1] if version[1] in _MAJORS else ""
    return next((tag for major in _MAJORS if (tag := _newest(wanted, int(major)))), "")


def _allows(wanted: str, major: str) -> bool:
    """Whether some release of a major version is what a version, an alias or a range means."""
    return _tag(wanted).split(".")[0] == major or bool(_newest(wanted, int(major)))


def _newest(wanted: str, major: int) -> str:
    """The tag of the newest release of a major version that a range takes; empty if it takes none."""
    if _takes(wanted, [Version(f"{major}.{_LAST}.{_LAST}")]):
        return str(major)
    releases = sorted(_releases(wanted, major), reverse=True)
    for minor, _ in releases:
        if _takes(wanted, [Version(f"{major}.{minor}.{_LAST}")]):
            return f"{major}.{minor}"
    texts = [f"{major}.{minor}.{patch}" for minor, patch in releases]
    return next((text for text in texts if _takes(wanted, [Version(text)])), "")


def _takes(wanted: str, releases: Sequence[Version]) -> bool:
    """Whether a range takes one of these releases. A part that npm does not understand takes none."""
    return any(_part_takes(part, releases) for part in wanted.split("||"))


def _part_takes(part: str, releases: Sequence[Version]) -> bool:
    # npm allows what the library rejects: a space after an operator, `~>` for `~`, and a `v` before the number.
    written = re.sub(r"([<>=~^])\s+", r"\1", part.strip()).replace("~>", "~")
    written = re.sub(r"(?<![\w.-])v(?=\d)", "", written)
    try:
        spec = NpmSpec(written)
    except ValueError:
        return False
    return any(release in spec for release in releases)


def _releases(wanted: str, major: int) -> set[tuple[int, int]]:
    """Minor version and patch of the first release of a major version and of those at the range's bounds: a range that takes
    any release takes one of these."""
    releases = {(0, 0)}
    for bound in re.finditer(rf"(?<![\w.])v?{major}\.(\d{{1,6}})(?:\.(\d{{1,6}}))?", wanted):
        minor, patch = int(bound[1]), int(bound[2] or 0)
        releases |= {
            (max(minor - 1, 0), 0),
            (minor, max(patch - 1, 0)),
            (minor, patch),
            (minor, patch + 1),
            (minor + 1, 0),
        }
    return releases
