"""Apps by others, from the package index: fetched when a test runs, pinned by their hashes, none of them copied."""

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple


class Source(NamedTuple):
    """A source distribution."""

    requirement: str
    sha256: str


FLASK = Source("flask==3.1.3", "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb")
"""Has the documentation's tutorial, examples/tutorial: SQLite in the instance folder, no server among its packages."""
FITTRACKEE = Source("fittrackee==0.9.3", "446c8a977b8561692abbf490c0d5206787f43661d1ee4a93dc2737fa85560f2d")
"""A workout tracker by Poetry, with PostgreSQL. From 0.10 on it needs PostGIS."""
HTTPBIN = Source("httpbin==0.10.4", "6023a5a2e8fb8e91abdd6d34d1f1f455092f97d567c25600e1b48ee1178aa738")
"""Tells of each request what the app saw of it."""
OIDC = Source("oidc-provider-mock==0.3.4", "86f53c3cd170618a3109b45d912708e294d65d9fb139d14a7ff388d8d004db6c")
"""An identity provider with uv's lock, served by uvicorn."""


def fetch(source: Source, folder: Path) -> Path:
    """The unpacked distribution, in a folder that is made."""
    folder.mkdir()
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes"]
    done = subprocess.run(
        [*pip, "--dest", str(folder), "--requirement", str(wanted)], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return unpacked


def change(file: Path, old: str, new: str) -> None:
    """One of the changes that a user has to make."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file}"
    file.write_text(text.replace(old, new))
