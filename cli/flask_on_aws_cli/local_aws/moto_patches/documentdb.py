"""DocumentDB's API, which is a part of RDS's: moto has the calls, and not the engine."""

from collections.abc import Callable
from typing import Any

from flask_on_aws.database.engines import DOCUMENT_ENGINES
from moto.rds.models import DBCluster, DBInstance
from moto.rds.utils import ClusterEngine, DbInstanceEngine

from ._patch import patch

_PROFILE = DOCUMENT_ENGINES["documentdb"]
_ENGINE = _PROFILE.engine


def _with_engine(original: Any, *_: Any) -> list[str]:
    """The engine of DocumentDB is one that AWS accepts, but moto rejects it."""
    return [*original(), _ENGINE]


def _or_of_engine(value: Any) -> Callable[..., Any]:
    def patched(original: Any, engine: str, *args: Any, **kwargs: Any) -> Any:
        return value if engine == _ENGINE else original(engine, *args, **kwargs)

    return patched


def patch_documentdb() -> None:
    """Apply these patches."""
    patch(ClusterEngine, "list_cluster_engines")(_with_engine)
    patch(DbInstanceEngine, "valid_db_instance_engine", reason="The same for instances.")(_with_engine)
    for owner in (DBCluster, DBInstance):
        patch(owner, "default_port", reason="moto has no port for DocumentDB, and fails.")(_or_of_engine(_PROFILE.port))
        # AWS reports a storage of 1 GiB for clusters, whose storage grows by itself.
        patch(owner, "default_allocated_storage", reason="moto has no storage for DocumentDB, and fails.")(
            _or_of_engine(1)
        )
