"""Atomic writes: a reader sees the old file or the new one, whatever happens to the process that writes."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path


def write_atomically(
    path: Path,
    content: str | bytes,
    mode: int = 0o600,
    *,
    prepare: Callable[[Path], None] | None = None,
    durable: bool = False,
) -> None:
    """Replace a file, or create it, in a folder that exists.

    Args:
        path: the file.
        content: its new content; text is encoded as UTF-8.
        mode: its permissions; they are never wider while it is written.
        prepare: called with the new file before it replaces the old one, for example to change its owner.
        durable: whether it must also survive a power failure, which costs one sync of the disk.

    Raises:
        OSError: if it cannot be written; the old file is then unchanged, and the partial one is deleted.
    """
    temporary = _written(path, content, mode, durable=durable)
    try:
        if prepare:
            prepare(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_all(contents: Mapping[Path, str], modes: Mapping[Path, int]) -> None:
    """Replace or create several files, in folders that exist: all of them, or none.

    Args:
        contents: the new content of each file.
        modes: the permissions of each file.

    Raises:
        OSError: if one of them cannot be written; its `filename` is that file. All files are then unchanged.
    """
    temporaries, former = dict[Path, Path](), dict[Path, bytes | None]()
    current = Path()
    try:
        for path, content in contents.items():
            current = path
            temporaries[path] = _written(path, content, modes[path])
        for path, temporary in temporaries.items():
            current = path
            before = path.read_bytes() if path.exists() else None
            temporary.replace(path)
            former[path] = before
    except OSError as error:
        for path, before in former.items():
            if before is None:
                path.unlink()
            else:
                write_atomically(path, before, modes[path])
        raise OSError(error.errno, error.strerror, str(current)) from None
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def _written(path: Path, content: str | bytes, mode: int, *, durable: bool = False) -> Path:
    """A new file next to another, with a content for it."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # created with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(mode)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
