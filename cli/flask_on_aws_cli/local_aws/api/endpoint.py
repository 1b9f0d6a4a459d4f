"""The AWS endpoint: moto's API, served on loopback by this process, with records that outlive it."""

import io
import logging
import os
import re
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import parse_qs

# Read by moto when it is imported. IAM knows AWS's managed policies, and certificates are valid without a wait.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")
# There are no machines here, so 30 MB of their images are left out.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from ...local_project.clients import CONTROL_SERVICE
from ...local_project.engine_runs import PREFIX, Runs
from ...local_project.location import HOST, Location
from ..authentication.authentication import Authentication, may_be_signed, refusal
from ..authentication.identities import RecordedIdentities
from ..authentication.origin_check import S3
from ..authentication.signing import Denied
from ..faults import Faults
from ..moto_patches import apply_patches
from .dispatch import Dispatcher, UnknownServiceError, address_bucket_by_path, without_grants
from .records import Records
from .saving import Saving, unsaved

log = logging.getLogger(__name__)

Route = Callable[[str, dict[str, Any]], tuple[str, str, bytes]]
"""Path below the prefix and the WSGI environment → status, content type, body."""

_OWN_PATHS = "/.local/"
"""What no bucket's name begins with."""

# Calls whose names start so change nothing that is worth a file; telemetry waits for the next regular save.
_READING = re.compile(
    r"(Describe|List|Get|Head|Batch(Get|Check)|Lookup|Search|Test|Validate|Filter|Start(Query|LiveTail)|PutLogEvents|PutMetricData)"
)
# The names that requests are signed for, where moto's names are others and the records are large.
_MOTO_NAMES = {"monitoring": "cloudwatch"}
_SIGNED_FOR = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class _Quiet(MotoRequestHandler):
    """Requests are not printed: the terminal is the app's."""

    def log(self, type: str, message: str, *args: Any) -> None:
        if type == "error":
            log.warning(message, *args)


class Endpoint:
    """The API of a place: `start` serves it, `stop` ends it with all records on disk."""

    def __init__(
        self, place: Location, pages: Callable[[], Collection[str]] = tuple, faults: Faults | None = None
    ) -> None:
        """Prepare the API of a place.

        Args:
            place: whose.
            pages: origins of the project's own pages, which may reach its buckets. Default: there are none.
            faults: where what fails is reported. Default: a list of the endpoint's own.
        """
        self._place = place
        self._routes: dict[str, Route] = {}
        self._open: set[str] = set()
        self._thread: threading.Thread | None = None
        self._server: BaseWSGIServer | None = None
        self.faults = faults or Faults(place.folder)
        """What fails at the moment."""
        self.records = Records(place.region, self.faults)
        """What the data plane reads and writes."""
        self._saving = Saving(place.folder / "records", self.records, self.faults)
        self._authentication = Authentication(
            place.access_key, place.region, RecordedIdentities(self.records.lock), pages
        )
        self._runs = Runs(self.records.lock)
        self.serve(PREFIX, self._runs.begin)

    def serve(self, prefix: str, route: Route, *, is_open: bool = False) -> None:
        """Answer paths below a prefix, like `/.local/credentials/`, by a function and not by moto.

        Args:
            prefix: of the path.
            route: the function.
            is_open: whether it decides by itself what it says to whom. Default: it is called for requests that bear
                a signature by the place's own key.
        """
        self._routes[prefix] = route
        if is_open:
            self._open.add(prefix)

    def is_owners(self, environ: dict[str, Any]) -> bool:
        """Whether a request to an open route bears a signature by the place's own key."""
        try:
            self._authentication.control(environ)
        except Denied:
            return False
        return True

    def start(self) -> None:
        """Read the records and serve.

        Raises `OSError` when the port is taken and `ValueError` when the records cannot be read.
        """
        apply_patches()
        self._app = Dispatcher()
        self._saving.load()
        self._server = _bind(self._place.port, self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()
        self._saving.start()

    def stop(self) -> None:
        """Answer no more, and save everything."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None
        self._saving.stop()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The answer to a request, for those who may call."""
        try:
            _read_body(environ, is_kept=may_be_signed(environ))  # before the lock: a client may be slow
            path = str(environ.get("PATH_INFO", ""))
            if path.startswith(_OWN_PATHS):
                return _plain(start_response, *self._route(path, environ))
            return self._call(self._authentication.authenticate(environ), environ, start_response)
        except Denied as denied:
            return _plain(start_response, *refusal(environ, denied))
        except UnknownServiceError as unknown:
            told = f"The local AWS lacks {unknown}.\n".encode()
            return _plain(start_response, "501 Not Implemented", "text/plain", told)

    def _route(self, path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The answer of the local AWS itself."""
        self._authentication.check_origin(environ, CONTROL_SERVICE)
        for prefix, route in self._routes.items():
            if path.startswith(prefix):
                if prefix not in self._open:
                    self._authentication.control(environ)
                return route(path.removeprefix(prefix), environ)
        return "404 Not Found", "text/plain", b"The local AWS has no such route.\n"

    def _call(self, service: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One call at a time, so that the data plane and the files never see half of a change."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, without_grants(headers, environ, service), *rest)

        if service == S3:
            address_bucket_by_path(environ)
        with self.records.lock:
            if self._runs.is_over(environ):
                return _plain(start_response, "409 Conflict", "text/plain", b"Another run has begun since.")
            changes, stored_by = _changes(environ), _service(environ)
            self.records.called(changes)
            if changes and (obstacle := self._saving.obstacle()):
                return unsaved(environ, start, stored_by, obstacle)
            answer = list(self._app(environ, start))
            if changes and (failure := self._saving.save(stored_by)):
                return unsaved(environ, start, stored_by, failure)
        return answer


def _bind(port: int, app: Any) -> BaseWSGIServer:
    """werkzeug ends the process when a port is taken; a caller can do better with an OSError."""
    try:
        return make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
    except SystemExit as taken:
        raise OSError(f"Port {port} of {HOST} is taken by another program.") from taken


def _plain(start_response: Any, status: str, kind: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _read_body(environ: dict[str, Any], is_kept: bool) -> None:
    """Have the body in memory; nothing of it where nobody could have a right to send one."""
    stream = environ["wsgi.input"]
    if not is_kept:
        body = b""
    elif environ.get("wsgi.input_terminated"):  # chunked: it ends by itself
        body = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)


def _changes(environ: dict[str, Any]) -> bool:
    action = _action(environ)
    if action:
        return not _READING.match(action)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def _action(environ: dict[str, Any]) -> str:
    """The name of the call in the JSON and query protocols; empty in the REST ones."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rsplit(".", 1)[-1]
    if "x-www-form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        found = parse_qs(environ["wsgi.input"].getvalue().decode(errors="replace")).get("Action", [""])
        return found[0]
    return ""


def _service(environ: dict[str, Any]) -> str:
    """moto's name of the called service; what nobody signed is S3's (a form upload, or a presigned URL)."""
    signed = _SIGNED_FOR.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    name = signed[1] if signed else "s3"
    return _MOTO_NAMES.get(name, name)
