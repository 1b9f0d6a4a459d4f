"""The configuration: every mistake at once, each in one sentence that names the setting, and nothing registered."""

import ast
import itertools
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import settings
from components import FlaskApp, FlaskAppArgs

ROOT = Path(__file__).parents[2]
DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]


def test_the_defaults_need_nothing_but_give_the_template_a_place(configured):
    loaded = configured()
    assert loaded.name == "app"
    assert loaded.app["app"] == "app_template"
    assert loaded.app["environment"] == "development"
    assert loaded.app["repository_name"] == "flask-on-aws-dev"
    assert "min_tasks" not in loaded.app  # the environment decides


def test_every_setting_is_declared_read_and_an_argument():
    assert {key for key in DECLARED if ":" not in key} == {*settings.READERS, *settings.SECRETS, "name"}
    arguments = {settings.camel_case(name) for name in FlaskAppArgs.__annotations__}
    assert {*settings.READERS, *settings.SECRETS} == arguments


def test_the_declared_defaults_are_those_of_the_library():
    """`auto` where the environment decides, nothing where the library says none, else the same value."""
    source = ast.parse((ROOT / "components" / "flask_app_args.py").read_text())
    (body,) = (node.body for node in source.body if isinstance(node, ast.ClassDef))
    documented = {
        settings.camel_case(field.target.id): text.value.value.rpartition("Default: ")[2]
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
    }
    for key, text in documented.items():
        declared = DECLARED[key]["default"]
        if text.endswith("*"):
            assert declared == "auto", key
        elif declared not in ("", [], {}):
            plain = "true" if declared is True else "false" if declared is False else declared
            assert text.rstrip(".") == str(plain[0] if isinstance(plain, list) else plain), key


def test_all_mistakes_are_reported_at_once(configured):
    with pytest.raises(settings.SettingsError) as error:
        configured(cpu="many", dnsReady="perhaps", workers="[1]")
    lines = str(error.value).splitlines()[1:]
    assert [line.split(":")[0].strip(" -") for line in lines] == ["dnsReady", "cpu", "workers"]
    assert "'many' must be a whole number." in lines[1]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("environment", "live", "'live' is not one of development, staging, production"),
        ("memory", "700", "memory"),
        ("egress", "wlan", "'wlan'"),
        ("database", "mysql", "'mysql' is not one of postgres, none"),
        ("databaseBackupDays", "99", "99"),
        ("architecture", "sparc", "'sparc'"),
        ("app", "no/such/folder", "no/such/folder"),
        ("env", '{"PORT": "1"}', "'PORT' is set by the stack"),
        ("env", '{"1X": "1"}', "'1X'"),
        ("domain", "not a domain", "not a domain"),
        ("domainAliases", '["www.example.com"]', "has no effect without domain"),
        ("maxTasks", "0", "max"),
        ("spotShare", "101", "101"),
        ("alarmEmail", "nobody", "nobody"),
        ("logRetentionDays", "17", "17"),
        ("name", "a-name-far-too-long-for-a-load-balancer", "characters"),
        ("zones", "9", "9"),
        ("listenerArn", "arn:aws:x", "domain: must be given with listenerArn"),
    ],
)
def test_a_wrong_value_is_named_with_its_way_out(configured, mocks, key, value, part):
    with pytest.raises(settings.SettingsError) as error:
        configured(**{key: value})
    assert part in str(error.value)
    assert mocks.resources == []


def test_a_misspelt_setting_is_not_silent(configured):
    with pytest.raises(settings.SettingsError, match="minTask: is not a setting"):
        configured(minTask="3")


def test_a_secret_is_not_repeated_in_the_error(configured):
    with pytest.raises(settings.SettingsError) as error:
        configured(secretValues="hunter2")
    assert "hunter2" not in str(error.value)
    assert "secretValues" in str(error.value)


def test_debug_is_refused_in_production(configured):
    with pytest.raises(settings.SettingsError, match="must not be true in production"):
        configured(environment="production", debug=True)


def test_the_procfile_s_other_lines_are_workers(configured, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Procfile").write_text("web: gunicorn app\nrelease: true\nmail: python -m mail\n")
    assert configured(app=str(tmp_path)).app["workers"] == {"mail": "python -m mail"}


def test_a_procfile_that_does_not_parse_is_named_with_its_line(configured, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Procfile").write_text("web: gunicorn app\nno colon here\n")
    with pytest.raises(settings.SettingsError, match=r"Procfile, line 2: 'no colon here'"):
        configured(app=str(tmp_path))


@given(st.sampled_from(sorted(settings.READERS)), st.text(max_size=30))
def test_any_text_is_read_or_refused_in_one_line(key, value):
    try:
        settings.READERS[key](value)
        sentence = "read"
    except ValueError as error:
        sentence = str(error)
    assert len(sentence.splitlines()) == 1


@given(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_names_go_there_and_back(name):
    assert settings.snake_case(settings.camel_case(name)) == name


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_the_repository_s_name_is_one_that_ecr_accepts(project, stack):
    name = settings._repository_name(f"p{project}", stack)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)


def test_what_a_component_refuses_later_has_the_settings_names(mocks):
    with pytest.raises(settings.SettingsError, match=r"listenerArn: 'arn' is not the ARN") as error, settings.named():
        FlaskApp("app", {"app": str(ROOT / "app_template"), "listener_arn": "arn", "domain": "shop.example.com"})
    assert "loadBalancerArnSuffix: must be given with listenerArn" in str(error.value)
    assert mocks.resources == []
