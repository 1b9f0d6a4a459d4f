"""The AWS endpoint: moto's API, served on loopback by this process, with records that outlive it."""

import io
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

# Read by moto when it is imported. IAM knows AWS's managed policies, and certificates are valid without a wait.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")
# There are no machines here, so 30 MB of their images are left out.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from .callers import is_foreign
from .faults import Faults
from .mends import mend
from .parts import HOST, Place
from .records import Records
from .runs import PREFIX, Runs
from .saving import Saving, unsaved

log = logging.getLogger(__name__)

Route = Callable[[str, dict[str, Any]], tuple[str, str, bytes]]
"""Path below the prefix and the WSGI environment → status, content type, body."""

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

    def __init__(self, place: Place, faults: Faults | None = None) -> None:
        self._place = place
        self._routes: dict[str, Route] = {}
        self._thread: threading.Thread | None = None
        self._server: BaseWSGIServer | None = None
        self.faults = faults or Faults(place.folder)
        """What fails at the moment."""
        self.records = Records(place.region, self.faults)
        """What the data plane reads and writes."""
        self._saving = Saving(place.folder / "records", self.records, self.faults)
        self._runs = Runs(self.records.lock)
        self.serve(PREFIX, self._runs.begin)

    def serve(self, prefix: str, route: Route) -> None:
        """Answer paths below a prefix, like `/.local/credentials/`, by a function and not by moto."""
        self._routes[prefix] = route

    def start(self) -> None:
        """Read the records and serve.

        Raises `OSError` when the port is taken and `ValueError` when the records cannot be read.
        """
        mend()
        self._app = DomainDispatcherApplication(create_backend_app)
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
        """One call at a time, so that the data plane and the files never see half of a change."""
        if is_foreign(environ):
            return _plain(
                start_response, "403 Forbidden", "text/plain", b"The local AWS answers no other site's page.\n"
            )
        path = str(environ.get("PATH_INFO", ""))
        for prefix, route in self._routes.items():
            if path.startswith(prefix):
                return _plain(start_response, *route(path.removeprefix(prefix), environ))
        _read_body(environ)  # before the lock: a client may be slow
        with self.records.lock:
            if self._runs.is_over(environ):
                return _plain(start_response, "409 Conflict", "text/plain", b"Another run has begun since.")
            changes, service = _changes(environ), _service(environ)
            self.records.called(changes)
            if changes and (obstacle := self._saving.obstacle()):
                return unsaved(environ, start_response, service, obstacle)
            answer = list(self._app(environ, start_response))
            if changes and (failure := self._saving.save(service)):
                return unsaved(environ, start_response, service, failure)
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


def _read_body(environ: dict[str, Any]) -> None:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):  # chunked: it ends by itself
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
