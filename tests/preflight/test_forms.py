"""Whether Django accepts forms, its commands, and what is noted: with responses as Django sends them."""

import pytest
from flask_on_aws.build_plan.app_code.django_project import DjangoProject
from flask_on_aws_cli.preflight.app_checks.api_docs import judge_api_docs
from flask_on_aws_cli.preflight.app_checks.django_commands import deploy_check, migrations_check
from flask_on_aws_cli.preflight.app_checks.forms import forms_check
from flask_on_aws_cli.preflight.app_checks.health import Answers, judge_answer
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.output import Context, Output
from flask_on_aws_cli.preflight.running import Answer, Outcome

URL = "https://shop.example.com"
FORM = Answer(
    200,
    {"set-cookie": "csrftoken=abc; expires=Sun, 28 Nov 2027 23:00:00 GMT; Path=/; Secure, session=s; HttpOnly"},
    '<input type="hidden" name="csrfmiddlewaretoken" value="T0ken">',
)
PROJECT = DjangoProject("manage.py", "shop.settings", "shop/wsgi.py", "shop.settings", ())


class Site:
    """An app with a form on some paths, which accepts some origins."""

    def __init__(self, *origins, paths=("/",), status=200):
        self.origins, self.paths, self.status, self.sent = origins, paths, status, []

    def ask(self, path, headers, seconds=5.0, body=""):
        if path not in self.paths:
            return Answer(404)
        if not body:
            return FORM
        self.sent.append((path, headers, body))
        return Answer(self.status if headers["Origin"] in self.origins else 403)


def check(site):
    return forms_check(site, "/", {"Host": "shop.example.com"}, URL)


def test_a_form_is_sent_as_a_browser_sends_it():
    site = Site(URL)
    assert check(site).status is Status.PASSED
    ((path, headers, body),) = site.sent
    assert (path, body) == ("/", "csrfmiddlewaretoken=T0ken")
    assert headers["Cookie"] == "csrftoken=abc; session=s"
    assert (headers["Origin"], headers["Referer"]) == (URL, f"{URL}/")


@pytest.mark.parametrize("status", [200, 302, 400, 405])
def test_any_status_but_403_shows_that_the_form_is_accepted(status):
    assert check(Site(URL, status=status)).status is Status.PASSED


def test_an_app_that_expects_http_rejects_every_form():
    found = check(Site("http://shop.example.com", paths=("/admin/login/",)))
    assert (found.status, found.cause) == (Status.FAILED, Cause.CSRF_ORIGIN)
    assert found.message.startswith("/admin/login/ answers 403 to every form")
    assert found.fix == 'CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]'


@pytest.mark.parametrize("site", [Site(), Site(paths=())])
def test_another_reason_and_no_form_are_not_blamed_on_the_origin(site):
    assert check(site).status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("outcome", "release", "status", "part"),
    [
        (Outcome(0, []), "", Status.PASSED, "none is pending"),
        (Outcome(1, []), "", Status.WARNING, "no release command"),
        (Outcome(1, []), "true", Status.WARNING, "although the release command `true` ended with 0"),
        (
            Outcome(1, ["Traceback (most recent call last):", "OperationalError: x"]),
            "",
            Status.NOT_CHECKED,
            "x",
        ),
        (Outcome(127, ["sh: 1: python: not found"]), "", Status.NOT_CHECKED, "not found"),
    ],
)
def test_pending_migrations(outcome, release, status, part):
    found = migrations_check(PROJECT, lambda _: outcome, release)
    assert (found.status, part in found.message) == (status, True)


def test_findings_of_django_are_notes():
    lines = [
        "?: (security.W008) Your SECURE_SSL_REDIRECT setting is not set to True.",
        "?: (security.W016) You have 'django.middleware.csrf.CsrfViewMiddleware' in your MIDDLEWARE, but you have not "
        "set CSRF_COOKIE_SECURE to True.",
        "shop.Order.total: (fields.W340) null has no effect on ManyToManyField.",
        "shop.Cart.total: (fields.W340) null has no effect on ManyToManyField.",
    ]
    found = deploy_check(PROJECT, lambda _: Outcome(0, lines))
    assert found.status is Status.PASSED
    assert found.message.endswith("notes security.W016 (CSRF_COOKIE_SECURE), fields.W340")
    assert deploy_check(PROJECT, lambda _: Outcome(1, ["no"])).status is Status.NOT_CHECKED


def test_a_public_description_of_an_api_is_a_note():
    assert "FastAPI(openapi_url=None)" in judge_api_docs(Answer(200, {}, '{"openapi":"3.1.0"}')).message
    for answer in (Answer(404), Answer(200, {}, "<html>")):
        assert judge_api_docs(answer).message == "/openapi.json is not public"


@pytest.mark.parametrize(
    ("packages", "fix"),
    [
        (("django",), 'SECURE_REDIRECT_EXEMPT = [r"^up$"]'),
        (("fastapi", "starlette"), "HTTPSRedirectMiddleware"),
        (("flask", "starlette"), "Talisman"),
    ],
)
def test_a_redirect_of_the_health_path_is_fixed_as_the_framework_does_it(packages, fix):
    probe = Answer(301, {"location": "https://10.0.0.1/up"})
    output = Output([], context=Context(dict.fromkeys(packages, "1")))
    found = judge_answer(Answers(probe, Answer(200), "shop.example.com"), "/up", output, 1)
    assert (found.cause, fix in found.fix) == (Cause.REDIRECTS_TO_HTTPS, True)


def test_a_redirect_loop_is_fixed_as_the_framework_does_it():
    probe, visit = Answer(301, {"location": "https://10.0.0.1/up"}), Answer(301, {"location": f"{URL}/up"})
    output = Output([], context=Context({"django": "5.2"}))
    found = judge_answer(Answers(probe, visit, "shop.example.com"), "/up", output, 1)
    assert (found.cause, "SECURE_SSL_REDIRECT = False" in found.fix) == (Cause.REDIRECT_LOOP, True)
