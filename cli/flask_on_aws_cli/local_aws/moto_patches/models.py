"""The descriptions of AWS's APIs, each read once for the process: otherwise every session has its own, 30 MB in all.

moto adds to the descriptions of some services. This process is a client of none of these.
"""

import threading
from typing import Any

from botocore.loaders import JSONFileLoader

from ._patch import patch

_lock = threading.Lock()
_read: dict[str, Any] = {}


def _load_file(original: Any, self: Any, file_path: str) -> Any:
    """botocore reads the descriptions of the APIs for every session anew, 30 MB in all.

    A file that is not there, which is answered by None, is looked for again.
    """
    with _lock:
        if _read.get(file_path) is None:
            _read[file_path] = original(self, file_path)
        return _read[file_path]


def patch_models() -> None:
    """Apply these patches."""
    patch(JSONFileLoader, "load_file")(_load_file)
