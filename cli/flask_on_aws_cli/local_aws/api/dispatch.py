"""Dispatches authenticated requests to moto: each to the service that it was signed for, and to no other."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from ...local_project.location import HOST
from ..authentication.authentication import bucket_by_host
from ..authentication.origin_check import S3

_CORS_PREFIX = "access-control-"
_S3_CONTROL_PREFIX = "/v20180820/"  # of all paths of the service s3control


class UnknownServiceError(Exception):
    """moto has no such service of AWS; the message is its host name."""


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher without its heuristics.

    moto's own also considers paths (`/moto-api/` is its administration, `/ecs_us-east-1/` a service) and the bodies of
    unsigned requests, and so may choose another service than the one that was authenticated.
    """

    def __init__(self) -> None:
        super().__init__(create_backend_app)

    def get_application(self, environ: dict[str, Any]) -> Any:
        """The application of the service that the Authorization header names; S3's if there is none.

        Raises:
            UnknownServiceError: if moto has no such service.
        """
        if "HTTP_AUTHORIZATION" in environ:
            host = self.infer_service_region_host(environ, str(environ["PATH_INFO"]))
        else:
            host = f"{S3}.amazonaws.com"
        with self.lock:
            backend = self.get_backend_for_host(host)
            if backend is None or backend == "moto_api":
                raise UnknownServiceError(host)
            if backend not in self.app_instances:
                self.app_instances[backend] = self.create_app(backend)
            return self.app_instances[backend]


def address_bucket_by_path(environ: dict[str, Any]) -> None:
    """Rewrite a request to S3 to path style on this host, the only form that cannot be mistaken for another bucket."""
    bucket = bucket_by_host(str(environ.get("HTTP_HOST", "")))
    if bucket and not str(environ["PATH_INFO"]).startswith(_S3_CONTROL_PREFIX):  # there the host names the account
        environ["RAW_URI"] = environ["REQUEST_URI"] = f"/{bucket}{environ['RAW_URI']}"
        environ["PATH_INFO"] = f"/{bucket}{environ['PATH_INFO']}"
    environ["HTTP_HOST"] = f"{HOST}:{environ['SERVER_PORT']}"


def restrict_cors_headers(
    headers: Iterable[tuple[str, str]], environ: Mapping[str, Any], service: str
) -> list[tuple[str, str]]:
    """A response's header fields, with CORS fields only for the project's own pages.

    moto's CORS fields allow every page everything. The origin has been checked before.
    """
    origin = environ.get("HTTP_ORIGIN") if service == S3 else None
    allowed = [(name, value) for name, value in headers if origin or not name.lower().startswith(_CORS_PREFIX)]
    return [(name, str(origin) if name.lower() == "access-control-allow-origin" else value) for name, value in allowed]
