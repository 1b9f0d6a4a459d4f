"""botocore's service models, each read once per process: otherwise every session reads its own, 30 MB in all.

moto adds to the models of some services. This process is not a client of any of these.
"""

import threading
from typing import Any

from botocore.loaders import JSONFileLoader

from ._patch import patch

_lock = threading.Lock()
_models: dict[str, Any] = {}


def _load_file(original: Any, self: Any, file_path: str) -> Any:
    """botocore reads the service models again for every session, 30 MB in all.

    A missing file, for which the original returns None, is looked for again.
    """
    with _lock:
        if _models.get(file_path) is None:
            _models[file_path] = original(self, file_path)
        return _models[file_path]


def patch_service_models() -> None:
    """Apply this patch."""
    patch(JSONFileLoader, "load_file")(_load_file)
