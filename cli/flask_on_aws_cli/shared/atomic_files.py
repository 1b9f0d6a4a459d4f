"""Atomic writes: a reader sees the old file or the new one, whatever happens to the process that writes."""

import os
import tempfile
from collections.abc import Callable
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
        if prepare:
            prepare(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
