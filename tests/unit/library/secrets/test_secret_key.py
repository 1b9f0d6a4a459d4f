"""The key that signs sessions: never in an id, and the one of an older stack goes on as the setting says."""

import base64
import json

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.secrets.secret_key import choose, key_in, key_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, containers

OLD = "b2xkIGtleSBvZiB0aGUgc3RhY2ssIDMyIGJ5dGVzISE="
VERSIONS = "aws:secretsmanager/getSecretVersions:getSecretVersions"
CONTENT = "aws:secretsmanager/getSecretVersion:getSecretVersion"
SECRET = "4dabf18193072939515e22adb298388d"  # how Pulumi marks one


@pytest.fixture
def app(deploy, mocks):
    """Deploy the app on a stack whose secret has this SECRET_KEY; with None the stack is new."""
    mocks.computed |= COMPUTED

    def run(old: str | None, **args):
        mocks.answers[VERSIONS] = {"versions": [{"versionId": "v0"}] if old is not None else []}
        mocks.answers[CONTENT] = {"secretString": json.dumps({"SECRET_KEY": old})}
        return deploy(lambda: FlaskApp("app", {"app": APP, **args}))

    return run


def content(deployed) -> dict[str, str]:
    return json.loads(deployed.named("app-secret-content")["secretString"]["value"])


def references(deployed, definition="app-web") -> dict[str, str]:
    return {secret["name"]: secret["valueFrom"] for secret in containers(deployed, definition)[0]["secrets"]}


def test_a_new_stack_has_a_key_of_256_bits_and_no_earlier_one(app):
    deployed = app(None)
    key = deployed.of_type(":RandomPassword")["app-key"]
    assert (key["length"], key["special"]) == (43, False)
    assert content(deployed)["SECRET_KEY"] == key_of("p/w@app-key")
    assert len(base64.b64decode(content(deployed)["SECRET_KEY"], validate=True)) == 32
    assert "SECRET_KEY_FALLBACKS" not in content(deployed)
    assert "SECRET_KEY_FALLBACKS" not in references(deployed)
    (stash,) = deployed.of_type(":Stash").values()
    assert stash["input"]["value"] == ""


def test_no_random_value_has_an_id_that_is_the_value(app):
    """Ids are in clear in the state, in `pulumi stack --show-ids` and in every diff."""
    deployed = app(
        None,
        database_host="h",
        database_server_security_group_id="sg-1",
        database_server_secret_arn="arn:aws:secretsmanager:us-east-1:123456789012:secret:server-abcdef",
    )
    kinds = {resource.typ for resource in deployed.resources if resource.typ.startswith("random:")}
    assert kinds <= {"random:index/randomPassword:RandomPassword", "random:index/randomId:RandomId"}
    assert set(deployed.of_type(":RandomId")) <= {"app-db-final", "app-db-identifier"}  # parts of names


def test_the_key_of_an_older_stack_stays_valid_beside_the_new_one(app):
    deployed = app(OLD, workers={"mail": "python -m mail"})
    found = content(deployed)
    assert found["SECRET_KEY_FALLBACKS"] == OLD
    assert found["SECRET_KEY"] not in ("", OLD)
    for definition in ("app-web", "app-mail"):
        assert references(deployed, definition)["SECRET_KEY_FALLBACKS"].endswith(":app-secret:SECRET_KEY_FALLBACKS::")


def test_the_old_key_can_go_on_signing(app):
    deployed = app(OLD, previous_secret_key="keep", compat=["upsun"])
    assert content(deployed)["SECRET_KEY"] == content(deployed)["PLATFORM_PROJECT_ENTROPY"] == OLD
    assert "SECRET_KEY_FALLBACKS" not in {*content(deployed), *references(deployed)}


def test_the_old_key_can_end(app):
    deployed = app(OLD, previous_secret_key="drop")
    assert OLD not in content(deployed).values()
    assert "SECRET_KEY_FALLBACKS" not in {*content(deployed), *references(deployed)}


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize("place", ["env", "secret_values"])
def test_an_app_with_keys_of_its_own_gets_no_fallback_of_ours(app, name, place):
    deployed = app(OLD, **{place: {name: "x" * 40}, "override_env": ["SECRET_KEY"]})
    if place == "env":
        assert "SECRET_KEY_FALLBACKS" not in references(deployed)
    else:
        assert content(deployed)[name] == "x" * 40
        assert ("SECRET_KEY_FALLBACKS" in references(deployed)) == (name == "SECRET_KEY_FALLBACKS")


def test_everything_of_the_old_key_is_marked_secret(app):
    deployed = app(OLD)
    for resource in deployed.resources:
        assert OLD not in json.dumps(unmarked(resource.inputs), default=str), resource.name


def unmarked(value):
    """A value without what is under Pulumi's mark of secrets."""
    if isinstance(value, dict):
        return None if SECRET in value else {key: unmarked(item) for key, item in value.items()}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def test_a_preview_reads_no_secret_and_shows_that_there_will_be_a_fallback(mocks, deploy):
    """The role of pull requests may list a secret's versions, and read none of them."""
    pulumi.runtime.set_mocks(mocks, project="flask-on-aws", stack="test", preview=True)
    mocks.computed |= COMPUTED
    mocks.answers[VERSIONS] = {"versions": [{"versionId": "v0"}]}

    def read(args):
        raise AssertionError("a preview read the secret")

    mocks.answers[CONTENT] = read
    deployed = deploy(lambda: FlaskApp("app", {"app": APP}))
    assert "SECRET_KEY_FALLBACKS" in references(deployed)


@pytest.mark.parametrize(
    ("policy", "previous", "expected"),
    [
        ("fallback", "old", ("new", "old")),
        ("fallback", "", ("new", "")),
        ("fallback", "new", ("new", "")),  # a Stash that was lost has found the key of now
        ("keep", "old", ("old", "")),
        ("keep", "", ("new", "")),
        ("drop", "old", ("new", "")),
    ],
)
def test_what_a_policy_makes_of_the_previous_key(policy, previous, expected):
    assert choose(policy, "new", previous) == expected


@given(
    st.one_of(
        st.none(), st.text(), st.dictionaries(st.text(), st.text()).map(json.dumps), st.lists(st.text()).map(json.dumps)
    )
)
def test_any_content_of_the_secret_can_be_read(text):
    assert isinstance(key_in(text), str)


def test_the_key_is_found_in_the_secret():
    assert key_in(json.dumps({"A": "b", "SECRET_KEY": OLD})) == OLD


def test_another_policy_is_rejected(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="previous_secret_key: 'forget' is not one of"):
        FlaskApp("app", {"app": APP, "previous_secret_key": "forget"})
    assert mocks.resources == []
