"""The paths of media files on CloudFront, which `up` writes and the local load balancer serves from the bucket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..shared.atomic_files import write_atomically

_FILE = "media-paths.json"


@dataclass(frozen=True)
class MediaPath:
    """A path of which a distribution reads the files from a bucket."""

    path: str
    """From the slash to the slash, such as `/media/`."""
    bucket: str
    public_keys: Mapping[str, str] | None = None
    """The keys that may have signed a request, in PEM form, by their id; None: everybody may read the files."""


def write_media_paths(folder: Path, paths: Sequence[MediaPath]) -> None:
    """Write the paths into the folder of a local AWS."""
    write_atomically(folder / _FILE, json.dumps([asdict(path) for path in paths]))


@dataclass
class MediaPaths:
    """Reads the paths, again after each change of the file."""

    folder: Path
    _changed: int = 0
    _paths: tuple[MediaPath, ...] = field(default=())

    def of(self, request_path: str) -> MediaPath | None:
        """The path that a request is for; None if CloudFront would pass it to the load balancer."""
        file = self.folder / _FILE
        try:
            changed = file.stat().st_mtime_ns
            if changed != self._changed:
                self._paths = tuple(MediaPath(**each) for each in json.loads(file.read_text()))
                self._changed = changed
        except (OSError, ValueError):
            return None
        return next((each for each in self._paths if request_path.startswith(each.path)), None)
