"""Whether Django accepts a form that a visitor sends, as the load balancer passes it on."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..running import Answer, App

FORMS = "forms"
# Where a form is if the front page has none: Django's admin, and its own login view.
_PAGES = ("/admin/login/", "/accounts/login/", "/login/")
_TOKEN = re.compile(r"name=[\"']csrfmiddlewaretoken[\"'] value=[\"'](?P<token>\w+)[\"']")
_COOKIE = re.compile(r"(?:^|, )([^=;,\s]+=[^;,]*)")


def forms_check(app: App, front: str, headers: Mapping[str, str], url: str) -> Check:
    """Send a form with nothing but its token, twice if it is rejected: from the public URL, and from that with http.

    Args:
        app: the running app.
        front: the path of the front page.
        headers: those of a visitor's request.
        url: the app's public URL, without a path.
    """
    for path in dict.fromkeys((front, *_PAGES)):
        page = app.ask(path, headers)
        token = _TOKEN.search(page.body) if page.status == 200 else None
        if not token:
            continue
        cookies = "; ".join(_COOKIE.findall(page.headers.get("set-cookie", "")))
        body = urlencode({"csrfmiddlewaretoken": token["token"]})
        answer = _send(app, path, {**headers, "Cookie": cookies}, url, body)
        if answer.status != 403:
            return passed(FORMS, f"{path} accepts a form from {url}: {answer.status}")
        http_url = url.replace("https://", "http://", 1)
        if _send(app, path, {**headers, "Cookie": cookies}, http_url, body).status == 403:
            return not_checked(FORMS, f"{path} answers 403 to a form, whatever its Origin is")
        finding = Finding(
            Cause.CSRF_ORIGIN,
            f"{path} answers 403 to every form that a visitor sends: the browser's Origin is {url}, and Django expects "
            f"{http_url}, since the request comes from the load balancer over HTTP",
            'CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]',
            (f"POST {path} with Origin: {url}: HTTP {answer.status}",),
        )
        return failed(FORMS, finding)
    return not_checked(FORMS, f"no form is on {', '.join(dict.fromkeys((front, *_PAGES)))}")


def _send(app: App, path: str, headers: Mapping[str, str], url: str, body: str) -> Answer:
    form = {"Origin": url, "Referer": f"{url}{path}", "Content-Type": "application/x-www-form-urlencoded"}
    return app.ask(path, {**headers, **form}, body=body)
