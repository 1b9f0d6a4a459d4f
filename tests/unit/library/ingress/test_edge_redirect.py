"""The redirects of a distribution's names: CloudFront's function is executed by Node."""

import json
import shutil
import subprocess

import pytest
from flask_on_aws import EdgeRedirect
from flask_on_aws.ingress.edge_redirect import function_code, problems

from tests.unit.library.flask_app.test_cdn_on_domain import CDN, acm  # noqa: F401 the fixture
from tests.unit.library.flask_app.test_flask_app import app  # noqa: F401 the fixture

HOSTS = ["www.example.com", "*.example.net"]
# Reads events with their raw query strings, and writes what the function returns for each.
RUN = """
;console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(function (event) {
    event.request.rawQueryString = function () { return event.raw; };
    return handler(event);
})));
"""


@pytest.fixture(scope="module")
def locations():
    """Run the function in Node for some requests; returns the address that each is redirected to, or None."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine, which executes the function as CloudFront does")

    def run(*requests):
        events = [
            {"request": {"uri": uri, "headers": {"host": {"value": host}} if host else {}}, "raw": raw}
            for host, uri, raw in requests
        ]
        done = subprocess.run(
            [node, "-e", function_code(HOSTS, "shop.example.com") + RUN],
            input=json.dumps(events),
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        results = json.loads(done.stdout)
        assert {result.get("statusCode") for result in results} <= {301, None}
        return [result["headers"]["location"]["value"] if "statusCode" in result else None for result in results]

    return run


def test_a_redirect_keeps_path_and_query_as_they_were_sent(locations):
    home = "https://shop.example.com"
    assert locations(
        ("www.example.com", "/", None),
        ("WWW.example.com", "/a%20b/", "x=%26&x=2&y"),
        ("eu.example.net", "/static/a.css", ""),
        ("a.b.example.net", "//evil.example/", None),
    ) == [f"{home}/", f"{home}/a%20b/?x=%26&x=2&y", f"{home}/static/a.css", f"{home}//evil.example/"]


def test_other_names_reach_the_app(locations):
    names = ["shop.example.com", "example.net", "notexample.net", "www.example.com.evil.test", "example.com", ""]
    assert locations(*((name, "/", None) for name in names)) == [None] * len(names)


def test_the_function_is_published_in_the_current_runtime(deploy):
    deployed = deploy(lambda: EdgeRedirect("r", {"hosts": HOSTS, "target_host": "shop.example.com"}))
    function = deployed.named("r")
    assert (function["runtime"], function["publish"]) == ("cloudfront-js-2.0", True)
    assert function["comment"] == "Redirects to shop.example.com"


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        (["shop.example.com"], "is the domain that requests are redirected to"),
        (["*.example.com"], "which would be redirected to itself"),
        (["www.example.com"] * 2, "www.example.com"),
        ([f"{'a' * 60}{number}.{'b' * 50}.example" for number in range(99)], "CloudFront allows 10240"),
    ],
)
def test_wrong_arguments_are_rejected(hosts, sentence):
    (problem,) = problems({"hosts": hosts, "target_host": "shop.example.com"})
    assert problem.argument == "hosts"
    assert sentence in problem.reason


def test_an_app_on_cloudfront_redirects_its_other_names_before_the_cache(app, acm):  # noqa: F811
    """Names of a distribution share its cache, so a redirect from behind it would be served on the domain itself."""
    deployed = app(**CDN, domain_redirects=["www.example.com"], cdn_cached_paths=["/static/*"])
    distribution = deployed.named("app-cdn")
    assert distribution["aliases"] == ["app.example.com", "www.example.com"]
    behaviors = [distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]]
    functions = [[function["eventType"] for function in behavior["functionAssociations"]] for behavior in behaviors]
    assert functions == [["viewer-request"]] * 2
    assert "www.example.com" in deployed.named("app-edge-redirects")["code"]
    assert not [rule for rule in deployed.of_type("ListenerRule").values() if rule["actions"][0]["type"] == "redirect"]
    records = {record["name"] for record in deployed.of_type("route53/record:Record").values() if "aliases" in record}
    assert records == {"app.example.com", "www.example.com"}
