"""Files that are there whole, old or new, whatever happens to the process that writes them."""

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
        content: what it shall contain; text is encoded as UTF-8.
        mode: its permissions, never exceeded while it is written.
        prepare: changes the new file before it takes the old one's place, such as its owner.
        durable: whether it must also survive a power failure, which takes one sync of the disk.

    Raises:
        OSError: if it cannot be written; then the old file is unchanged, and the half-written one is deleted.
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
