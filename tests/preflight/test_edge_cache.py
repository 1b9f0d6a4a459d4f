"""The files of a page and their Cache-Control → whether CloudFront would serve old ones after a release: pure."""

import pytest
from flask_on_aws_cli.preflight.app_checks.edge_cache import edge_cache_check
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.running import Answer

PATHS = ("/static/*",)
YEAR = {"cache-control": "public, max-age=31536000"}


def check(name, headers, status=200):
    return edge_cache_check(PATHS, {name: Answer(status, headers)})


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("/static/style.css", {"cache-control": "no-cache"}),  # Flask
        ("/static/style.css", {"cache-control": "max-age=60, public"}),  # WhiteNoise
        ("/static/style.css", {"cache-control": "max-age=31536000, s-maxage=60"}),
        ("/static/style.css", {"cache-control": "private, max-age=31536000"}),
        ("/static/style.55e7cbb9ba48.css", {"cache-control": "max-age=315360000, public, immutable"}),
        ("/static/index-DbQxkLsa.js", YEAR),  # Vite
        ("/static/jquery-3.7.1.min.js", YEAR),
        ("/static/style.55e7cbb9ba48.css?v=2", YEAR),
    ],
)
def test_files_that_a_release_replaces_pass(name, headers):
    assert check(name, headers).status is Status.PASSED


@pytest.mark.parametrize(
    ("name", "headers", "evidence"),
    [
        ("/static/style.css", YEAR, "31536000 seconds (Cache-Control: public, max-age=31536000)"),
        ("/static/style.css", {}, "86400 seconds (no Cache-Control)"),  # StaticFiles of Starlette
        ("/static/js/application.js", {"cache-control": "public"}, "86400 seconds (Cache-Control: public)"),
        ("/static/style.css?v=2", YEAR, "; CloudFront ignores the query string)"),
    ],
)
def test_files_that_outlive_a_release_are_a_warning_with_their_seconds(name, headers, evidence):
    found = check(name, headers)
    assert (found.status, found.cause) == (Status.WARNING, Cause.STALE_FILES)
    assert found.message == "CloudFront keeps 1 of 1 files after a release, so pages would get old ones"
    assert found.evidence[0].startswith(f"{name}: ")
    assert found.evidence[0].endswith(evidence)
    assert "take their path out of cdnCachedPaths" in found.fix


@pytest.mark.parametrize(("name", "status"), [("/media/photo.jpg", 200), ("/static/style.css", 404)])
def test_what_is_not_cached_is_not_judged(name, status):
    assert check(name, {}, status).status is Status.NOT_CHECKED
