"""moto's API behind the authentication: a request goes to the service that it was signed for, and to no other."""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from ...local_project.location import HOST
from ..authentication.authentication import bucket_by_host
from ..authentication.origin_check import S3

_GRANTS = "access-control-"
_S3_CONTROL = "/v20180820/"  # what all paths of the service s3control begin with


class UnknownServiceError(Exception):
    """A service of AWS that there is not, by the name of its host."""


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher without its guesses.

    By itself it also looks at paths (`/moto-api/` is its administration, `/ecs_us-east-1/` a service) and at the bodies
    of what is not signed, and so finds another service than the authentication did.
    """

    def __init__(self) -> None:
        super().__init__(create_backend_app)

    def get_application(self, environ: dict[str, Any]) -> Any:
        """The application of the service that the Authorization field names; S3's without one.

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
    """Write a request to S3 in the one form in which nobody can read another bucket: on this host, by the path."""
    bucket = bucket_by_host(str(environ.get("HTTP_HOST", "")))
    if bucket and not str(environ["PATH_INFO"]).startswith(_S3_CONTROL):  # of which the host names the account
        environ["RAW_URI"] = environ["REQUEST_URI"] = f"/{bucket}{environ['RAW_URI']}"
        environ["PATH_INFO"] = f"/{bucket}{environ['PATH_INFO']}"
    environ["HTTP_HOST"] = f"{HOST}:{environ['SERVER_PORT']}"


def without_grants(
    headers: Iterable[tuple[str, str]], environ: Mapping[str, Any], service: str
) -> list[tuple[str, str]]:
    """Header fields of an answer, of which what allows pages to read it is for the project's own pages alone.

    moto allows every page everything.
    """
    origin = environ.get("HTTP_ORIGIN") if service == S3 else None
    kept = [(name, value) for name, value in headers if origin or not name.lower().startswith(_GRANTS)]
    return [(name, str(origin) if name.lower() == "access-control-allow-origin" else value) for name, value in kept]
