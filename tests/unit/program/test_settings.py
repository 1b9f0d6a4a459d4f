"""The configuration: every mistake at once, each in one sentence that names the setting, and nothing registered."""

import re
from pathlib import Path

import pytest
import yaml
from flask_on_aws import FlaskApp
from flask_on_aws.flask_app.flask_app_args import COMMON, PROFILES, with_processes, with_profile
from flask_on_aws.flask_app.planned_commands import with_direct_commands
from flask_on_aws.validation.setting_texts import AUTO, EMPTY_IS_A_VALUE
from hypothesis import given
from hypothesis import strategies as st

import settings
from tests.reference import generate
from tests.setting_values import EXISTING, LICENSED, OWN, PLANNED, SHARED, UNSET, as_text

ROOT = Path(__file__).parents[3]


def test_without_a_setting_the_library_s_defaults_count(configured):
    loaded = configured()
    assert loaded.name == "app"
    assert {key: value for key, value in loaded.app.items() if value} == {"repository_name": "flask-on-aws-dev"}


def test_no_setting_has_a_default_in_pulumi_s_own_file():
    """With a default there it would never be unset, and without one Pulumi would require it."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert [key for key in declared if ":" not in key] == []


def words(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def documented(profiles):
    """How a docstring states a default that depends on the environment."""
    production, staging, development = (words(profiles[name]) for name in ("production", "staging", "development"))
    if staging != development:
        return f"{production} in production, {staging} in staging, {development} in development"
    if {production, development} == {"true", "false"}:
        return "true in production" if production == "true" else "true except in production"
    return f"{production} in production, else {development}"


SETTINGS = {row.name: row for group in generate.settings_by_section().values() for row in group}


def test_every_setting_is_in_the_reference():
    assert {*SETTINGS} == settings.NAMES
    assert all(row.default and row.meaning for row in SETTINGS.values())


@pytest.mark.parametrize("argument", sorted(PROFILES["production"]))
def test_the_reference_states_the_default_of_each_environment(argument):
    values = {environment: profile[argument] for environment, profile in PROFILES.items()}
    assert SETTINGS[settings.camel_case(argument)].default == documented(values)


# Their text says more than the value: what an empty one stands for, or where the real default comes from.
EXPLAINED = {"workers", "git_branch"}


@pytest.mark.parametrize("argument", sorted(set(COMMON) - EXPLAINED))
def test_the_reference_states_each_other_default(argument):
    value, stated = COMMON[argument], SETTINGS[settings.camel_case(argument)].default
    if value in ([], {}):
        assert stated == "none"
    elif isinstance(value, list):
        assert stated == ", ".join(value)
    else:
        assert stated == words(value)


EXPECTED = {
    # What has another form as an argument than in a stack's file.
    "own": {
        "buildEnv": {"TEXT": "a", "NUMBER": "3", "FLAG": "true"},
        "tags": {"team": "shop", "cost center": "4711"},
        "env": {"GREETING": "hello", "LIMIT": "3", "RATIO": "0.5", "LOG_LEVEL": "warning"},
        "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "min_tasks": 0, "max_tasks": 1}],
    },
    "planned": {},
    "shared": {
        "publicSubnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "privateSubnetIds": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
        "listenerPriority": 200,
        "listenerPaths": ["/shop/*"],
        "listenerHasCertificate": False,
        "databasePort": 5433,
        "minTasks": 1,
        "maxTasks": 3,
        "flowLogs": False,
        "env": {"GREETING": "hello"},
    },
    "existing": {},
    "licensed": {},
}


@pytest.mark.parametrize(
    ("stack", "values"),
    [("own", OWN), ("planned", PLANNED), ("shared", SHARED), ("existing", EXISTING), ("licensed", LICENSED)],
)
def test_every_value_is_read_as_its_type(configured, mocks, stack, values):
    loaded = configured(**values)
    expected = {
        key: value for key, value in (values | EXPECTED[stack]).items() if key not in (*settings.SECRETS, "name")
    }
    assert {key: loaded.app.get(settings.snake_case(key)) for key in expected} == expected
    assert loaded.name == values.get("name", "app")


def test_the_stacks_set_every_setting():
    missing = settings.NAMES - {*OWN, *PLANNED, *SHARED, *EXISTING, *LICENSED}
    assert not missing, f"Add a right value of {sorted(missing)} to a stack in tests/setting_values.py."
    assert {*OWN, *PLANNED, *SHARED, *EXISTING, *LICENSED} == settings.NAMES
    assert {key for key in SHARED if as_text(SHARED[key]) in ("", "[]", "{}")} <= EMPTY_IS_A_VALUE


def test_what_is_there_without_being_set_is_as_if_it_were_left_out(configured):
    assert configured(**UNSET) == configured()


@pytest.mark.parametrize("key", sorted(settings.READERS))
def test_auto_is_as_if_a_setting_were_left_out(configured, key):
    assert configured(**{key: AUTO}) == configured()


@pytest.mark.parametrize(
    ("key", "empty"), [("databaseUrlQuery", ""), ("workers", {}), ("writablePaths", [])], ids=lambda value: str(value)
)
def test_empty_is_not_the_default(configured, tmp_path, key, empty):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Procfile").write_text("web: gunicorn app\nmail: python -m mail\n")
    argument = settings.snake_case(key)
    assert configured(app=str(tmp_path), **{key: empty}).app[argument] == empty
    assert with_profile(with_processes(configured(app=str(tmp_path)).app)).get(argument) != empty


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("allowedCidrs", "allowedCidrs: An empty list allows no connections"),
        ("outboundPorts", r"outboundPorts: \[\] lacks 443"),
        ("listenerPaths", "listenerPaths: An empty list forwards nothing to the app"),
    ],
)
def test_an_empty_list_that_cannot_work_is_not_taken_for_everything(configured, key, part):
    with pytest.raises(settings.SettingsError, match=part):
        configured(domain="shop.example.com", **{key: []})


def test_every_setting_whose_default_is_not_empty_can_be_empty():
    """An empty list, object or text of another setting is its default anyway, or no value at all."""
    with_default = {row.name for row in SETTINGS.values() if row.type in ("array", "object") and row.default != "none"}
    assert with_default | {"databaseUrlQuery"} == EMPTY_IS_A_VALUE


def test_an_existing_network_needs_nothing_else_than_itself(configured):
    network = {"vpcId": "vpc-0123456789abcdef0", "publicSubnetIds": ["subnet-0", "subnet-1"]}
    network |= {"privateSubnetIds": ["subnet-2", "subnet-3"]}
    assert "vpc_cidr" not in configured(**network).app
    with pytest.raises(settings.SettingsError, match=r"vpcCidr: '10.0.0.0/16' has no effect on an existing VPC"):
        configured(**network, vpcCidr="10.0.0.0/16")


@pytest.mark.parametrize("key", sorted(key for key, read in settings.READERS.items() if read is settings.text))
@pytest.mark.parametrize("value", [["gunicorn", "app"], {"a": "b"}], ids=["list", "object"])
def test_a_text_is_neither_a_list_nor_an_object(configured, key, value):
    with pytest.raises(settings.SettingsError, match=f"{key}: .* must be a text"):
        configured(**{key: value})


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
        (
            "database",
            "oracle",
            "'oracle' is not one of postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb, "
            "none",
        ),
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
def test_a_wrong_value_is_named_with_its_fix(configured, mocks, key, value, part):
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


def test_debug_is_rejected_in_production(configured):
    with pytest.raises(settings.SettingsError, match="must not be true in production"):
        configured(environment="production", debug=True)


@pytest.mark.parametrize(
    ("given", "release", "workers"),
    [
        ({}, "true", {"mail": "python -m mail"}),
        ({"releaseCommand": "none"}, "", {"mail": "python -m mail"}),
        ({"releaseCommand": "flask up", "workers": {"other": "run"}}, "flask up", {"other": "run"}),
        ({"image": "registry.example.com/shop:1"}, "", {}),
        ({"image": "registry.example.com/shop:1", "releaseCommand": "none"}, "", {}),
    ],
)
def test_the_procfile_fills_in_what_is_not_set(configured, tmp_path, given, release, workers):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Procfile").write_text("web: gunicorn app\nrelease: true\nmail: python -m mail\n")
    found = with_processes(configured(app=str(tmp_path), **given).app)
    assert (found.get("release_command", ""), found.get("workers", {})) == (release, workers)


@pytest.mark.parametrize(
    ("workers", "services"),
    [
        ({"celery-worker": ""}, {"mail": "python -m mail"}),
        ({"celery_worker": ""}, {"mail": "python -m mail"}),
        ({"celery-worker": None}, {"mail": "python -m mail"}),
        ({"celery-worker": " ", "mail": None}, {}),
        ({"mail": "", "other": "run"}, {"celery-worker": "celery worker", "other": "run"}),
        ({"mail": "run", "celery-worker": ""}, {"mail": "run"}),
        ({"other": "run"}, {"other": "run"}),
        ({"console": "flask shell"}, {"console": "flask shell"}),
        ({}, {}),
    ],
)
def test_an_empty_command_switches_off_a_process_type(configured, tmp_path, workers, services):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "Procfile").write_text(
        "web: gunicorn app\ncelery_worker: celery worker\nmail: python -m mail\nconsole: flask shell\n"
    )
    assert with_processes(configured(app=str(tmp_path), workers=workers).app)["workers"] == services
    assert with_processes({"app": str(tmp_path), "workers": workers})["workers"] == services


def test_commands_of_a_planned_image_run_without_the_package_manager(configured, tmp_path):
    (tmp_path / "requirements.txt").write_text("gunicorn\n")
    (tmp_path / "Procfile").write_text("web: poetry run gunicorn app\nrelease: poetry run flask db upgrade\n")
    given = configured(app=str(tmp_path), workers={"mail": "uv run rq worker"}, startCommand="pipenv run serve").app
    args = with_direct_commands(with_profile(with_processes(given)))
    assert args["start_command"] == "serve"
    assert args["release_command"] == "flask db upgrade"
    assert args["workers"] == {"mail": "rq worker"}
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    args = with_direct_commands(with_profile(with_processes(given)))
    assert args["workers"] == {"mail": "uv run rq worker"}, "an own image may contain uv"


def test_a_start_command_with_uvicorn_s_worker_trusts_the_load_balancer_alone(configured, tmp_path):
    (tmp_path / "requirements.txt").write_text("gunicorn==27.0.1\n")
    given = configured(
        app=str(tmp_path), startCommand="poetry run gunicorn -k uvicorn_worker.UvicornWorker app:app"
    ).app
    start = with_direct_commands(with_profile(with_processes(given)))["start_command"]
    trust = '--forwarded-allow-ips "$UVICORN_FORWARDED_ALLOW_IPS"'
    assert start == f"gunicorn {trust} -k uvicorn_worker.UvicornWorker app:app"


def test_commands_that_need_a_package_manager_are_reported_by_their_settings(configured, tmp_path):
    (tmp_path / "requirements.txt").write_text("gunicorn\n")
    with pytest.raises(settings.SettingsError) as error:
        configured(
            app=str(tmp_path),
            startCommand="uvx gunicorn",
            releaseCommand="poetry install && x",
            workers={"mail": "uv run --with rq rq worker"},
        )
    lines = [line.strip(" -") for line in str(error.value).splitlines()[1:]]
    assert [line.partition(": ")[0] for line in lines] == ["startCommand", "releaseCommand", "workers.mail"]
    assert "does not run: the image does not contain poetry" in lines[1]


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


def test_what_a_component_rejects_later_has_the_settings_names(mocks):
    with pytest.raises(settings.SettingsError, match=r"listenerArn: 'arn' is not the ARN") as error, settings.named():
        FlaskApp("app", {"app": str(ROOT / "app_template"), "listener_arn": "arn", "domain": "shop.example.com"})
    assert "loadBalancerArnSuffix: must be given with listenerArn" in str(error.value)
    assert mocks.resources == []
