"""Addresses and schemes that a visitor claims."""

import pytest
from flask_on_aws_cli.preflight.app_checks.proxy_trust import (
    FORGED_ADDRESSES,
    Forgery,
    forge_address,
    forged_headers,
    judge_address,
    judge_scheme,
)
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.running import Answer

VISITOR = "203.0.113.7"
FIRST, REAL, STANDARD = FORGED_ADDRESSES.values()
HTTP = {"Host": "shop.example.com", "X-Forwarded-For": VISITOR, "X-Forwarded-Proto": "http"}
HTTPS = {**HTTP, "X-Forwarded-Proto": "https"}
LINK = Answer(200, {}, '<a href="http://shop.example.com/a">')
LINKS = Answer(200, {}, '<a href="https://shop.example.com/a">')


def address(*lines, body="home", command="", source=""):
    return judge_address(Forgery(Answer(200, {}, body), lines), VISITOR, command, source)


def test_forged_values_are_in_each_header_that_the_load_balancer_keeps_and_the_visitor_is_where_it_appends():
    assert forged_headers(HTTPS)["X-Forwarded-For"] == f"{FIRST}, {VISITOR}"
    # Without a domain, CloudFront is the second proxy: TRUST_PROXY_DEPTH is 2.
    assert forged_headers(HTTP)["X-Forwarded-For"].split(", ")[-2] == VISITOR
    forged = forged_headers(HTTPS)
    assert (forged["X-Forwarded-Proto"], forged["X-Scheme"]) == ("https", "http")
    assert (forged["X-Real-IP"], forged["Forwarded"]) == (REAL, f"for={STANDARD};proto=http")


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (f'INFO: {FIRST}:0 - "GET / HTTP/1.1" 200 OK', "X-Forwarded-For"),
        (f"200 GET / ({REAL}) 1.01ms", "X-Real-IP"),
        (f"client={STANDARD}", "Forwarded"),
    ],
)
def test_a_forged_address_in_the_log_is_reported_with_its_header(line, header):
    check = address("started", line)
    assert (check.status, check.cause, check.evidence) == (Status.WARNING, Cause.TRUSTS_ADDRESS, (line,))
    assert f"sends in {header}: its log has" in check.message


def test_a_forged_address_in_the_response_is_reported():
    check = address(body=f"You are {FIRST}")
    assert (check.status, check.evidence) == (Status.WARNING, ())
    assert "its response has" in check.message


@pytest.mark.parametrize(
    "line",
    [
        f"x-forwarded-for: {FIRST}, {VISITOR}",
        f"X-Real-Ip: {REAL}",
        f'10.0.0.9 "GET /" "{FIRST}, {VISITOR}"',
        f"1{FIRST} and {FIRST}1",
        "10.0.0.9 GET /",
    ],
)
def test_a_header_that_is_printed_is_not_trust(line):
    assert address(line).status in (Status.PASSED, Status.NOT_CHECKED)


def test_only_what_was_seen_passes():
    assert address(f"GET / from {VISITOR}").status is Status.PASSED
    assert address(body=f"You are {VISITOR}").status is Status.PASSED
    assert address("GET /").status is Status.NOT_CHECKED
    assert judge_address(Forgery(Answer(error="reset"), []), VISITOR, "").status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("command", "source", "fix"),
    [
        ("python main.py", "uvicorn.run(app)", 'forwarded_allow_ips=os.environ["UVICORN_FORWARDED_ALLOW_IPS"]'),
        ("python main.py", "app.listen(port, xheaders=True)", "remove xheaders=True"),
        ("python main.py", "waitress.serve(app, trusted_proxy='*')", "trusted_proxy_count"),
        ("gunicorn -k uvicorn_worker.UvicornWorker app:app", "", "--forwarded-allow-ips"),
        ("gunicorn app:app", "", "ProxyFix"),
        ("uvicorn --forwarded-allow-ips '*' app:app", "", "remove --forwarded-allow-ips"),
        ("fastapi run main.py", "", "start uvicorn"),
        ("daphne --proxy-headers app:app", "", "remove --proxy-headers"),
        ("litestar run", "", "instead of litestar run"),
        ("sanic main:app", "", "PROXIES_COUNT"),
        ("./serve", "", "ProxyFix"),
    ],
)
def test_each_server_that_trusts_an_address_gets_the_line_to_change(command, source, fix):
    assert fix in address(f"visit by {FIRST}", command=command, source=source).fix


def test_a_scheme_that_changes_with_forged_headers_is_reported():
    check = judge_scheme(LINKS, LINK, HTTPS, "python main.py", "app.listen(port, xheaders=True)")
    assert (check.status, check.cause) == (Status.WARNING, Cause.TRUSTS_SCHEME)
    assert "remove xheaders=True" in check.fix
    check = judge_scheme(Answer(302, {"location": "/a"}), Answer(302, {"location": LINKS.body[9:]}), HTTP, "")
    assert check.cause is Cause.TRUSTS_SCHEME


def test_links_without_the_load_balancer_s_scheme_are_reported():
    check = judge_scheme(LINK, LINK, HTTPS, "")
    assert (check.status, check.cause) == (Status.WARNING, Cause.IGNORES_SCHEME)
    assert "x_proto=1" in check.fix


@pytest.mark.parametrize(
    ("answer", "headers", "status"),
    [
        (LINKS, HTTPS, Status.PASSED),
        (LINK, HTTP, Status.PASSED),  # CloudFront's hop is HTTP
        (LINKS, HTTP, Status.PASSED),  # built from EXTERNAL_URL
        (Answer(200, {}, "http://shop.example.com.evil.example/"), HTTPS, Status.NOT_CHECKED),
        (Answer(200, {}, "home"), HTTPS, Status.NOT_CHECKED),
        (Answer(error="reset"), HTTPS, Status.NOT_CHECKED),
    ],
)
def test_a_scheme_that_is_right_or_not_shown_is_not_reported(answer, headers, status):
    assert judge_scheme(answer, answer, headers, "").status is status


def test_a_line_that_is_printed_after_the_response_is_seen():
    class App:
        reads = 0

        def lines(self):
            self.reads += 1
            return ["started"] if self.reads < 3 else ["started", f"GET / {FIRST}"]

        def ask(self, path, headers):
            return Answer(200, {}, path + headers["X-Real-IP"])

    assert forge_address(App(), "/", HTTP) == Forgery(Answer(200, {}, f"/{REAL}"), [f"GET / {FIRST}"])
