"""The password of a distribution: CloudFront's function is executed by Node, and neither state nor code contains it."""

import base64
import json
import shutil
import subprocess

import pulumi
import pytest
from flask_on_aws import BasicAuth
from flask_on_aws.ingress.basic_auth import function_code, problems

from tests.unit.library.flask_app.test_flask_app import DOMAIN, app  # noqa: F401 the fixture

PASSWORD, SALT = "s3cretPassw0rdOf24Letters", "0f" * 16
# Reads events, and writes what the function returns for each.
RUN = """
;console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(function (event) {
    return handler(event);
})));
"""


def basic(text, encoding="utf-8", scheme="Basic"):
    return f"{scheme} {base64.b64encode(text.encode(encoding)).decode()}"


RIGHT = basic(f"staging:{PASSWORD}")
# The header of a request, or None for no header.
REJECTED = {
    "no header": None,
    "an empty header": "",
    "another password": basic("staging:wrong"),
    "another username": basic(f"production:{PASSWORD}"),
    "a password that starts right": basic(f"staging:{PASSWORD[:-1]}"),
    "a password that goes on": basic(f"staging:{PASSWORD}x"),
    "no password": basic("staging:"),
    "no colon": basic(f"staging{PASSWORD}"),
    "no credentials": "Basic",
    "a scheme alone": "Basic ",
    "another scheme": basic(f"staging:{PASSWORD}", scheme="Bearer"),
    "a scheme that starts so": RIGHT.replace("Basic ", "Basically "),
    "no scheme": RIGHT.removeprefix("Basic "),
    "malformed base64": "Basic ====%%%",
    "base64 with garbage": f"{RIGHT}!",
    "the password unencoded": f"Basic staging:{PASSWORD}",
    "letters outside ASCII": basic("staging:pässwörd"),
    "another encoding of them": basic("staging:pässwörd", "latin-1"),
    "a header outside ASCII": "Basic pässwörd\u2603",
    "a null character": "Basic \x00",
    "the digest": "Basic DIGEST",
}
ACCEPTED = {"the password": RIGHT, "the scheme in lower case": RIGHT.replace("Basic", "basic"), "spaces": f"{RIGHT}  "}


@pytest.fixture(scope="module")
def run():
    """Run the function in Node for some requests; returns its results."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine, which executes the function as CloudFront does")
    code = function_code("shop", "staging", PASSWORD, SALT, ["/up"])
    digest = json.loads(code.partition("var SETTINGS = ")[2].partition(";\n")[0])["digest"]

    def execute(*requests):
        events = [{"version": "1.0", "context": {"eventType": "viewer-request"}, "request": r} for r in requests]
        data = json.dumps(events).replace("DIGEST", digest)
        done = subprocess.run(
            [node, "-e", code + RUN], input=data, capture_output=True, text=True, check=True, timeout=30
        )
        return json.loads(done.stdout)

    return execute


def request(authorization, uri="/", method="GET"):
    headers = {"host": {"value": "d1.cloudfront.net"}, "accept": {"value": "*/*"}}
    if authorization is not None:
        headers["authorization"] = {"value": authorization}
    return {"method": method, "uri": uri, "querystring": {"a": {"value": "1"}}, "headers": headers, "cookies": {}}


def test_only_the_right_password_passes_and_the_app_does_not_see_it(run):
    results = run(*(request(value) for value in [*REJECTED.values(), *ACCEPTED.values()]))
    for name, result in zip(REJECTED, results, strict=False):
        assert result.get("statusCode") == 401, name
        assert result["headers"]["www-authenticate"]["value"] == 'Basic realm="shop", charset="UTF-8"'
        assert result["headers"]["cache-control"]["value"] == "no-store"
    assert results[len(REJECTED) :] == [request(None)] * len(ACCEPTED)


def test_only_the_health_path_itself_is_open(run):
    paths = ["/up", "/up/", "/upx", "/up/databases", "/Up", "//up", "/%75p", "/up;x", "/up/../admin", "/"]
    results = run(*(request(None, path) for path in paths), request(RIGHT, "/up"), request("Bearer t", "/up"))
    assert [result.get("statusCode") for result in results[:-2]] == [None] + [401] * 9
    assert results[0] == request(None, "/up")
    assert results[-2:] == [request(None, "/up"), request("Bearer t", "/up")]


def test_the_function_has_a_salted_digest_alone():
    code = function_code("shop", "staging", PASSWORD, SALT, [])
    for readable in (PASSWORD, RIGHT.removeprefix("Basic "), "staging"):
        assert readable not in code
    assert function_code("shop", "staging", PASSWORD, "1f" * 16, []) != code
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-functions
    assert len(code.encode()) < 10_240


def test_a_path_with_quotes_is_data_and_not_code():
    code = function_code("shop", "staging", PASSWORD, SALT, ['/a"];throw 1;//'])
    assert json.loads(code.partition("var SETTINGS = ")[2].partition("};\n")[0] + "}")["openPaths"] == [
        '/a"];throw 1;//'
    ]


def test_code_and_password_are_secrets_of_the_state(deploy, mocks):
    mocks.computed |= {"RandomPassword": lambda args: {"result": PASSWORD}, "RandomId": lambda args: {"hex": SALT}}
    deployed = deploy(lambda: BasicAuth("auth", {"username": "staging"}))
    function = deployed.named("auth")
    assert (function["runtime"], function["publish"]) == ("cloudfront-js-2.0", True)
    assert pulumi.runtime.rpc._special_secret_sig in function["code"].values()
    password = deployed.named("auth-password")
    assert (password["length"], password["special"], password["keepers"]) == (24, False, {"username": "staging"})
    assert deployed.outputs["function_arn"] == "arn:aws:mock:us-east-1:123456789012:auth"


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({"username": ""}, "username", "'' must be up to 64 letters, digits"),
        ({"username": "a:b"}, "username", "'a:b' must be up to 64 letters, digits"),
        ({"username": "jürgen"}, "username", "must be up to 64 letters, digits"),
        ({"username": "a" * 65}, "username", "must be up to 64 letters, digits"),
        ({"username": "a\n"}, "username", "must be up to 64 letters, digits"),
        ({"username": "a", "open_paths": ["up"]}, "open_paths", "'up' must be a path as it is sent"),
        ({"username": "a", "open_paths": ["/ü"]}, "open_paths", "'/ü' must be a path as it is sent"),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


@pytest.mark.parametrize(
    ("health", "open_paths"), [({}, ["/up"]), ({"health_check_path": "/ok"}, ["/ok"]), ({"health_check_path": "/"}, [])]
)
def test_the_distribution_of_an_app_asks_for_it_except_on_the_health_path(app, mocks, health, open_paths):  # noqa: F811
    deployed = app(basic_auth_username="staging", **health)
    assert deployed.named("app-cdn")["defaultCacheBehavior"]["functionAssociations"] == [
        {"eventType": "viewer-request", "functionArn": "arn:aws:mock:us-east-1:123456789012:app-basic-auth"}
    ]
    code = deployed.named("app-basic-auth")["code"]["value"]
    assert f'"openPaths": {json.dumps(open_paths)}' in code
    assert deployed.outputs["basic_auth_password"] == "p/w@app-basic-auth-password"


def test_without_a_username_everybody_may_visit(app):  # noqa: F811
    for args in ({}, DOMAIN):
        deployed = app(**args)
        assert not deployed.of_type("cloudfront/function:Function")
        assert deployed.outputs["basic_auth_password"] == ""
        for cdn in deployed.of_type("distribution:Distribution").values():
            assert "functionAssociations" not in cdn["defaultCacheBehavior"]
