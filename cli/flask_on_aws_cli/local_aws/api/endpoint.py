"""The AWS endpoint: moto's API, served on loopback by this process, with records saved on disk."""

import io
import logging
import os
import re
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import parse_qs

# moto reads these when it is imported. IAM has AWS's managed policies, and certificates are issued without a wait.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "0")
# No EC2 instances run here, so 30 MB of machine images are left out.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from ...local_project.clients import CONTROL_SERVICE
from ...local_project.engine_runs import PREFIX, Runs
from ...local_project.location import HOST, Location
from ..authentication.authentication import Authentication, denial_response, may_be_signed
from ..authentication.identities import RecordedIdentities
from ..authentication.origin_check import S3
from ..authentication.signing import Denied
from ..error_responses import ErrorResponse, error_response
from ..faults import Faults
from ..moto_patches import apply_patches
from .dispatch import Dispatcher, UnknownServiceError, address_bucket_by_path, restrict_cors_headers
from .records import Records
from .saving import UNSAVED_CODE, UNSAVED_STATUS, RecordSaver

log = logging.getLogger(__name__)

Route = Callable[[str, dict[str, Any]], tuple[str, str, bytes]]
"""Path below the prefix and the WSGI environment → status, content type, body."""

_LOCAL_PREFIX = "/.local/"
"""The prefix of the local AWS's own routes; no bucket's name begins with it."""

# Actions that change nothing worth saving at once; telemetry waits for the next regular save.
_READ_ACTIONS = re.compile(
    r"(Describe|List|Get|Head|Batch(Get|Check)|Lookup|Search|Test|Validate|Filter|Start(Query|LiveTail)|PutLogEvents|PutMetricData)"
)
# Signing names that differ from moto's names, of services with large records.
_MOTO_NAMES = {"monitoring": "cloudwatch"}
_SIGNING_NAME = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class _QuietRequestHandler(MotoRequestHandler):
    """Does not print requests, since the terminal shows the app's log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        if type == "error":
            log.warning(message, *args)


class Endpoint:
    """The API of a local AWS: `start` serves it, `stop` ends it and saves all records."""

    def __init__(
        self, location: Location, pages: Callable[[], Collection[str]] = tuple, faults: Faults | None = None
    ) -> None:
        """Prepare the API of a local AWS.

        Args:
            location: the local AWS.
            pages: returns the origins of the project's own pages, which may reach its buckets. Default: none.
            faults: where failures are reported. Default: a new instance.
        """
        self._location = location
        self._routes: dict[str, Route] = {}
        self._open_prefixes: set[str] = set()
        self._thread: threading.Thread | None = None
        self._server: BaseWSGIServer | None = None
        self.faults = faults or Faults(location.folder)
        """Current failures."""
        self.records = Records(location.region, self.faults)
        """The records that the data plane reads and writes."""
        self._saver = RecordSaver(location.folder / "records", self.records, self.faults)
        self._authentication = Authentication(
            location.access_key, location.region, RecordedIdentities(self.records.lock), pages
        )
        self._runs = Runs(self.records.lock)
        self.serve(PREFIX, self._runs.begin)

    def serve(self, prefix: str, route: Route, *, is_open: bool = False) -> None:
        """Serve paths below a prefix, such as `/.local/credentials/`, with a function instead of moto.

        Args:
            prefix: the prefix of the paths.
            route: the function.
            is_open: whether the function itself decides which callers it answers. Default: it is called only for
                requests signed with the local AWS's own key.
        """
        self._routes[prefix] = route
        if is_open:
            self._open_prefixes.add(prefix)

    def is_signed_by_owner(self, environ: dict[str, Any]) -> bool:
        """Whether a request to an open route is signed with the local AWS's own key."""
        try:
            self._authentication.authenticate_control(environ)
        except Denied:
            return False
        return True

    def start(self) -> None:
        """Read the records and serve the API.

        Raises `OSError` if the port is in use and `ValueError` if the records cannot be read.
        """
        apply_patches()
        self._app = Dispatcher()
        self._saver.load()
        self._server = _bind(self._location.port, self._respond)
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoint", daemon=True)
        self._thread.start()
        self._saver.start()

    def stop(self) -> None:
        """Stop serving, and save everything."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None
        self._saver.stop()

    def _respond(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The response to a request, if its caller may call."""
        try:
            _read_body(environ, is_accepted=may_be_signed(environ))  # before the lock: a client may be slow
            path = str(environ.get("PATH_INFO", ""))
            if path.startswith(_LOCAL_PREFIX):
                return _plain_response(start_response, *self._route(path, environ))
            return self._call(self._authentication.authenticate(environ), environ, start_response)
        except Denied as denied:
            return _start(start_response, denial_response(environ, denied))
        except Exception as error:
            return _start(start_response, _failure(environ, error))

    def _route(self, path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The response of one of the local AWS's own routes."""
        self._authentication.check_origin(environ, CONTROL_SERVICE)
        for prefix, route in self._routes.items():
            if path.startswith(prefix):
                if prefix not in self._open_prefixes:
                    self._authentication.authenticate_control(environ)
                return route(path.removeprefix(prefix), environ)
        return "404 Not Found", "text/plain", b"The local AWS has no such route.\n"

    def _call(self, service: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Have moto serve one call at a time, so that the data plane and the files never see half of a change."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, restrict_cors_headers(headers, environ, service), *rest)

        def fail(status: str, code: str, message: str) -> list[bytes]:
            return _start(start, error_response(environ, status, code, message, service_name))

        if service == S3:
            address_bucket_by_path(environ)
        is_change, service_name = _is_change(environ), _moto_service(environ)
        with self.records.lock:
            if self._runs.is_over(environ):
                return fail("409 Conflict", "RunSuperseded", "Another run has started since.")
            self.records.note_call(service_name, is_change)
            if is_change and (obstacle := self._saver.obstacle()):
                return fail(UNSAVED_STATUS, UNSAVED_CODE, obstacle)
            try:
                body = list(self._app(environ, start))
            except UnknownServiceError as error:
                return fail("501 Not Implemented", "NotImplemented", f"The local AWS does not support {error}.")
            if is_change and (failure := self._saver.save(service_name)):
                return fail(UNSAVED_STATUS, UNSAVED_CODE, failure)
        return body


def _failure(environ: dict[str, Any], error: Exception) -> ErrorResponse:
    """The response to a call that failed by a fault of moto or of this package, which is logged."""
    service = _moto_service(environ)
    call = f"{service} {_action(environ) or environ['REQUEST_METHOD'] + ' ' + environ['PATH_INFO']}"
    log.exception("%s failed", call)
    message = (
        f"The local AWS failed at {call} ({type(error).__name__}: {error}). "
        "This is a fault of the local AWS, not of your program; .local-aws/daemon.log has the details."
    )
    return error_response(environ, "500 Internal Server Error", "InternalFailure", message, service)


def _bind(port: int, app: Any) -> BaseWSGIServer:
    """Bind the server; werkzeug exits if the port is in use, and this raises an `OSError` that a caller can handle."""
    try:
        return make_server(HOST, port, app, threaded=True, request_handler=_QuietRequestHandler)
    except SystemExit as in_use:
        raise OSError(f"Port {port} of {HOST} is in use by another program.") from in_use


def _start(start_response: Any, response: ErrorResponse) -> list[bytes]:
    """Send an error, also in place of a response that has been started, as long as nothing of it has been sent."""
    start_response(response.status, response.headers, (OSError, OSError(response.status), None))
    return [response.body]


def _plain_response(start_response: Any, status: str, content_type: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]


def _read_body(environ: dict[str, Any], is_accepted: bool) -> None:
    """Read the body into memory; a request that cannot be signed gets an empty one."""
    stream = environ["wsgi.input"]
    if not is_accepted:
        body = b""
    elif environ.get("wsgi.input_terminated"):  # chunked: the stream ends by itself
        body = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)


def _is_change(environ: dict[str, Any]) -> bool:
    action = _action(environ)
    if action:
        return not _READ_ACTIONS.match(action)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def _action(environ: dict[str, Any]) -> str:
    """The action's name in the JSON and query protocols; empty in the REST protocols."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rsplit(".", 1)[-1]
    if "x-www-form-urlencoded" in str(environ.get("CONTENT_TYPE", "")):
        values = parse_qs(environ["wsgi.input"].getvalue().decode(errors="replace")).get("Action", [""])
        return values[0]
    return ""


def _moto_service(environ: dict[str, Any]) -> str:
    """moto's name of the called service; a request without the header is S3's (a form upload or a presigned URL)."""
    signed = _SIGNING_NAME.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    name = signed[1] if signed else "s3"
    return _MOTO_NAMES.get(name, name)
