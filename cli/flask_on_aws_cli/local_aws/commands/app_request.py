"""A request to the local app, made as a browser that trusts the local certificate would make it."""

import ssl
import urllib.error
import urllib.request

from ...local_project.project import LocalAws

_TIMEOUT_SECONDS = 10  # the caller repeats the request if the app takes longer, for example for its first page


def request_app(local: LocalAws, path: str = "/") -> int | str:
    """The HTTP status of a page of the app, or the reason why there is no response."""
    context = ssl.create_default_context(cafile=str(local.location.certificate))
    try:
        with urllib.request.urlopen(local.url + path, context=context, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 https
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)
