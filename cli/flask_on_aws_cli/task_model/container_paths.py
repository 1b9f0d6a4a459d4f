"""Where the paths of a container are on this machine when it runs as a process.

A process shares the machine's root, where a path of a container means something else. So its command and variables get
other paths: those of the task's volumes, of files that the image contains, and, for a container of an image that was
not built here, of a private root.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

# What a foreign image's programs share with the machine: its programs, libraries and the kernel's folders.
_SHARED = ("bin", "sbin", "usr", "lib", "lib64", "dev", "proc", "sys", "nix")
_ABSOLUTE = re.compile(r"(?<![\w./:$}\\-])/(?P<first>[\w.-]+)(?:/[\w.+-]+)*")
_START, _END = r"(?<![\w./-])", r"(?![\w.-])"


class ContainerPaths(NamedTuple):
    """Paths of one container."""

    known: Mapping[str, str]
    """Path in the container → path on this machine."""
    root: Path | None = None
    """The private root of a foreign image; None for an image that was built on this machine."""

    def localize(self, value: str) -> str:
        """A word of a command, or the value of a variable."""
        if self.root is None:
            return localize_paths(value, self.known)
        return _ABSOLUTE.sub(self._in_root, localize_paths(value, self.known)) if "://" not in value else value

    def command(self, words: Sequence[str]) -> list[str]:
        """A command; its program is the machine's."""
        return [*words[:1], *map(self.localize, words[1:])]

    def _in_root(self, match: re.Match[str]) -> str:
        path = match[0]
        if match["first"] in _SHARED or any(path.startswith(local) for local in self.known.values()):
            return path
        assert self.root is not None  # noqa: S101 see localize
        local = self.root / path.lstrip("/")
        local.parent.mkdir(parents=True, exist_ok=True)
        return str(local)


def localize_paths(value: str, files: Mapping[str, str]) -> str:
    """Replace paths in the image by those on this machine in the value of a variable, including those in a URL."""
    if not files:
        return value
    plain = "|".join(re.escape(path) for path in sorted(files, key=len, reverse=True))
    quoted = "|".join(re.escape(quote(path, safe="")) for path in sorted(files, key=len, reverse=True))

    def local(match: re.Match[str]) -> str:
        if match["quoted"]:
            return next(quote(to, safe="") for path, to in files.items() if quote(path, safe="") == match["quoted"])
        to = files[match["plain"]]
        return quote(to) if "://" in value else to

    return re.sub(rf"{_START}(?P<plain>{plain}){_END}|(?P<quoted>{quoted})(?![\w.-])", local, value)
