"""Builds FerretDB from its Go module: the last series with a server of its own, which keeps its data in SQLite.

No package registry has its program, and `go install` builds one that ends at its start, for want of a file that its
releases generate.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

MODULE, VERSION, SERIES = "github.com/FerretDB/FerretDB", "v1.24.2", "1.24"
# Drivers connect to the address that a member of a replica set reports, which is that without TLS, off here.
# https://github.com/FerretDB/FerretDB/issues/3936
_MAIN = Path("cmd/ferretdb/main.go")
_REPORTED, _CORRECTED = "TCPHost:       cli.Listen.Addr,", "TCPHost:       cli.Listen.TLS,"
FOLDERS = "/usr/local/go/bin:/opt/homebrew/bin"
"""Where Go is, if not on the PATH."""
_SECONDS = 1800  # of a slow machine that also downloads the modules; a fast one needs a minute


class BuildError(Exception):
    """FerretDB could not be built; the message is part of a sentence."""


def build(cache: Path, platform: Mapping[str, str] | None = None) -> Path:
    """The program, which is built if the cache lacks it.

    Args:
        cache: the folder in which it is kept.
        platform: Go's variables of another platform, GOOS and GOARCH. Default: this machine's.

    Raises:
        BuildError: if Go is not installed, or fails.
    """
    folder = cache / "ferretdb" / "-".join([VERSION, *(platform or {}).values()])
    program = folder / "ferretdb"
    if program.exists():
        return program
    go = shutil.which("go") or shutil.which("go", path=FOLDERS)
    if go is None:
        raise BuildError("Go is not installed; install it, for example with `apt-get install golang-go`")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "build.lock"):
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                _build(go, Path(temporary), platform or {}).rename(program)
    return program


def _build(go: str, folder: Path, platform: Mapping[str, str]) -> Path:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    described = _run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"], folder, environment)
    module: dict[str, Any] = json.loads(described)
    source, program = folder / "source", folder / "ferretdb"
    # Go's own copy is read-only.
    shutil.copytree(module["Dir"], source, copy_function=shutil.copyfile)
    for path in (source, *source.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (source / "build/version/version.txt").write_text(f"{VERSION}\n")
    main = (source / _MAIN).read_text()
    if _REPORTED not in main:
        raise BuildError(f"{_MAIN} is not that of {VERSION}")
    (source / _MAIN).write_text(main.replace(_REPORTED, _CORRECTED))
    command = [go, "build", "-trimpath", "-buildvcs=false", "-o", str(program), "./cmd/ferretdb"]
    _run(command, source, {**environment, **platform})
    return program


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    try:
        result = subprocess.run(  # noqa: S603 Go's own command
            command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildError(f"`go {command[1]}` does not end well: {error}") from error
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise BuildError(f"`go {command[1]}` fails: {lines[-1] if lines else result.returncode}")
    return result.stdout
