"""The values of secret variables in responses → the verdict: pure, and no value is ever reported."""

import html
import json
from urllib.parse import quote

import pytest
from flask_on_aws_cli.preflight.app_checks.secrets_shown import judge_secrets
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.environment import contract_environment, secret_environment
from flask_on_aws_cli.preflight.running import Answer
from flask_on_aws_cli.preflight.settings import AppSettings

PASSWORD = "s3cr&t/p<ss'w\"rd+é"
SECRETS = {"DATABASE_URL": f"postgresql://app:{quote(PASSWORD, safe='')}@db/app", "PGPASSWORD": PASSWORD, "PIN": "12"}


def judged(answer, path="/"):
    return judge_secrets([(path, answer)], SECRETS)


@pytest.mark.parametrize("form", [str, html.escape, lambda value: quote(value, safe=""), quote, json.dumps])
def test_a_value_is_found_as_pages_contain_it(form):
    check = judged(Answer(200, body=f"<p>DB: {form(PASSWORD)}</p>"), "/debug")
    assert (check.status, check.cause) == (Status.WARNING, Cause.SHOWS_SECRET)
    assert check.message == "/debug shows every visitor the value of PGPASSWORD"
    assert check.evidence == ("/debug: PGPASSWORD",)
    assert PASSWORD not in str(check)
    assert quote(PASSWORD, safe="") not in str(check)


def test_headers_and_redirects_count_and_every_name_is_listed():
    check = judge_secrets(
        [
            ("/", Answer(302, {"location": f"/a?u={quote(SECRETS['DATABASE_URL'])}"})),
            ("/a", Answer(200, body=PASSWORD)),
        ],
        SECRETS,
    )
    assert check.message == "/ and /a show every visitor the value of DATABASE_URL, PGPASSWORD"


def test_a_value_that_is_short_is_not_found_by_chance():
    assert judged(Answer(200, body="12 posts")).status is Status.PASSED
    assert judged(Answer(200, body="hello")).message == "no value of a secret variable is in /"
    assert judge_secrets([("/", Answer(200))], {}).status is Status.NOT_CHECKED


def test_the_secrets_are_those_of_the_contract_the_presets_and_the_app(tmp_path):
    settings = AppSettings(
        tmp_path, compat=("gunicorn-tutorial",), secret_names=("STRIPE_KEY",), services=frozenset({"database"})
    )
    environment = {**contract_environment(settings, 8080, None, "pw"), "DB_CONNECTION_STRING": "postgresql://x"}
    assert set(secret_environment(settings, environment)) == {"SECRET_KEY", "DB_CONNECTION_STRING", "STRIPE_KEY"}
