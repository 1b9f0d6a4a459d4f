"""The responses on the health path → the verdict: pure, with responses as the frameworks send them."""

import pytest
from flask_on_aws_cli.preflight.app_checks.health import Answers, judge_answer
from flask_on_aws_cli.preflight.app_checks.page import Visit, page_checks
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.output import Context, Output
from flask_on_aws_cli.preflight.running import Answer

HOST = "shop.example.com"
FLASK = "<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n<p>Host &#39;10.0.0.7:8080&#39; is not trusted.</p>"
DJANGO = "<title>Bad Request (400)</title>\n</head>\n<body>\n  <h1>Bad Request (400)</h1><p></p>"
STARLETTE = "Invalid host header"


def health(probe, visit, path="/up", lines=(), packages=()):
    output = Output(lines, "gunicorn", None, Context(dict.fromkeys(packages, "1")))
    return judge_answer(Answers(probe, visit, HOST), path, output, 1.0)


def to(location):
    return Answer(308, {"location": location})


@pytest.mark.parametrize(
    ("path", "probe", "visit", "target"),
    [
        ("/up", "/up/", "/up/", "/up/"),  # Django
        ("/up", "http://10.0.0.7:8080/up/", f"http://{HOST}/up/", "/up/"),  # Flask, Starlette
        ("/up", f"http://{HOST}/up/", f"http://{HOST}/up/", "/up/"),  # SERVER_NAME
        ("/up", f"https://{HOST}/up/", f"https://{HOST}/up/", "/up/"),
        ("/up", "https://10.0.0.7:8080/up/", f"https://{HOST}/up/", "/up/"),
        ("/up/", "http://10.0.0.7:8080/up", f"http://{HOST}/up", "/up"),  # Starlette removes it as well
        ("/a/up", "//10.0.0.7:8080/a/up/", f"//{HOST}/a/up/", "/a/up/"),
    ],
)
def test_a_redirect_that_only_changes_the_slash_is_not_blamed_on_the_host(path, probe, visit, target):
    check = health(to(probe), to(visit), path)
    assert check.cause is Cause.REDIRECTS
    assert ("adds a slash" if target.endswith("/") else "removes the slash") in check.message
    assert check.fix.startswith(f"set healthCheckPath to {target}, which the app has")
    assert ("plain HTTP" in check.fix) == probe.startswith("https")


def test_other_redirects_keep_their_causes():
    assert health(to(f"https://{HOST}/up"), Answer(200)).cause is Cause.REDIRECTS_TO_HOST
    assert health(to(f"https://{HOST}/up/"), Answer(200), "/up/").cause is Cause.REDIRECTS_TO_HOST
    assert health(to("https://10.0.0.7:8080/up"), Answer(200)).cause is Cause.REDIRECTS_TO_HTTPS
    assert health(to("/login"), to("/login")).cause is Cause.REDIRECTS
    assert health(to(f"http://{HOST}/up/"), Answer(200)).cause is Cause.REDIRECTS_TO_HOST  # a visitor is not redirected


@pytest.mark.parametrize(
    ("body", "lines", "packages", "name", "advice"),
    [
        (FLASK, [], [], "TRUSTED_HOSTS", "wrap app.wsgi_app"),
        (DJANGO, [], [], "ALLOWED_HOSTS", "first in MIDDLEWARE"),
        ("", ["Invalid HTTP_HOST header: '10.0.0.7:8080'. You may need to add '10.0.0.7' to ALLOWED_HOSTS."], [],
         "ALLOWED_HOSTS", "first in MIDDLEWARE"),
        (STARLETTE, [], [], "TrustedHostMiddleware", "the one that is added last"),
        ("no", [], ["django", "gunicorn"], "ALLOWED_HOSTS", "first in MIDDLEWARE"),
        ("no", [], ["fastapi", "starlette"], "TrustedHostMiddleware", "the one that is added last"),
        ("no", [], ["flask"], "TRUSTED_HOSTS", "wrap app.wsgi_app"),
    ],
)  # fmt: skip
def test_each_check_of_the_host_has_its_own_advice(body, lines, packages, name, advice):
    check = health(Answer(400, body=body), Answer(200), "/health", lines, packages)
    assert check.cause is Cause.ANSWERS_4XX
    assert check.message == f"answers 400 on /health to a Host that it does not know ({name})"
    assert advice in check.fix
    assert "task's IP address" in check.fix
    assert name == "TRUSTED_HOSTS" or "TRUSTED_HOSTS" not in check.fix
    assert "/health" in check.fix


def test_an_unknown_check_of_the_host_names_no_framework():
    check = health(Answer(400, body="no"), Answer(200))
    assert check.fix.endswith("exempt the health path from the check of the Host")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (FLASK, 'app.config["TRUSTED_HOSTS"] = [os.environ["EXTERNAL_HOSTNAME"]]'),
        (DJANGO, 'ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]'),
        (STARLETTE, 'allowed_hosts=[os.environ["EXTERNAL_HOSTNAME"]]'),
    ],
)
def test_an_app_that_does_not_know_its_public_name_is_told_the_line(body, line):
    rejected = Answer(400, body=body)
    check = health(rejected, rejected)
    assert f"also to its public name {HOST}" in check.message
    assert line in check.fix
    visit = Visit([("/", rejected)], {}, Answer(404))
    front = page_checks(visit, [], Output([], "gunicorn"))[0]
    assert (front.status, front.cause) == (Status.FAILED, Cause.ANSWERS_4XX)
    assert line in front.fix


def test_another_400_is_not_blamed_on_the_host():
    assert "Host" not in health(Answer(400, body="missing token"), Answer(400, body="missing token")).message
    visit = Visit([("/", Answer(400, body="missing token"))], {}, Answer(404))
    assert page_checks(visit, [], Output([], "gunicorn"))[0].status is Status.PASSED
