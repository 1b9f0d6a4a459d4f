"""A request to a place's app, as a browser that trusts its certificate makes it."""

import ssl
import urllib.error
import urllib.request

from ...local_project.project import LocalAws

_SECONDS = 10  # an app that takes longer for its first page is asked again


def ask(local: LocalAws) -> int | str:
    """The status of the app's page, or why there is no answer."""
    context = ssl.create_default_context(cafile=str(local.location.certificate))
    try:
        with urllib.request.urlopen(local.url, context=context, timeout=_SECONDS) as answer:  # noqa: S310 https
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)
