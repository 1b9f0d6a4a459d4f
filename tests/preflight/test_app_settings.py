"""From a stack's configuration to how an app is tried, and the environment that it gets."""

import json
from pathlib import Path

import pulumi
import pytest
from flask_on_aws.build_plan.plan import BuildPlan, PlanSettings
from flask_on_aws.flask_app.flask_app_args import with_profile
from flask_on_aws.runtime_contract.contract import SERVICES, DatabaseFacts, plain_names, secret_names
from flask_on_aws_cli.preflight.app_checks.startup_probe import visitor_headers
from flask_on_aws_cli.preflight.environment import contract_environment
from flask_on_aws_cli.preflight.settings import AppSettings, from_config, release_command
from flask_on_aws_cli.pulumi_engine.program.project import read_project

import settings
from tests.setting_values import OWN, SHARED, UNSET, as_text

ROOT = Path(__file__).parents[2]


def config(**values):
    return {f"shop:{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def test_the_project_s_defaults_are_the_contract_s():
    project = read_project(ROOT, "none", decrypts=False)
    found = from_config(project.config, project.name, ROOT)
    assert found == AppSettings(ROOT / "app_template")


def test_every_setting_that_is_read_exists():
    asked = []

    class Recording(dict):
        def get(self, key, default=None):
            asked.append(key)
            return super().get(key, default)

    from_config(Recording(), "shop", ROOT)
    names = {key.removeprefix("shop:") for key in asked if key.startswith("shop:")}
    assert len(names) > 15
    assert names <= settings.NAMES


def test_a_stack_s_settings_are_read():
    given = config(
        app="../shop",
        port="5000",
        healthCheckPath="/health",
        startupSeconds="120",
        startCommand="python serve.py",
        pythonVersion="3.12",
        databaseVersion="16.4",
        bucket="none",
        env={"COLOUR": "red", "LIMIT": 3},
        secretValues={"STRIPE_KEY": {"secure": "v1:x:y"}},
        writablePaths=["/tmp", "/cache"],
    )
    found = from_config(given, "shop", Path("/srv/infra"))
    assert (found.folder, found.port, found.health_path) == (Path("/srv/infra/../shop"), 5000, "/health")
    assert found.startup_seconds == 120
    assert found.plan == PlanSettings("3.12", (), "python serve.py")
    assert (found.database_version, found.services, found.writable_paths) == ("16.4", {"database"}, ("/tmp", "/cache"))
    assert (found.env, found.secret_names) == ({"COLOUR": "red", "LIMIT": "3"}, ("STRIPE_KEY",))


# The program's argument and what the command calls it.
READ_ALIKE = {
    "port": "port",
    "health_check_path": "health_path",
    "startup_seconds": "startup_seconds",
    "environment": "environment",
    "architecture": "architecture",
    "cpu": "cpu",
    "memory": "memory",
    "read_only_root": "read_only_root",
    "writable_paths": "writable_paths",
    "database_url_scheme": "database_scheme",
    "database_url_query": "database_query",
    "domain": "domain",
    "cdn": "cdn",
    "cdn_cached_paths": "cached_paths",
    "compat": "compat",
    "env": "env",
    "build_env": "build_env",
    "builder": "builder",
    "release_seconds": "release_seconds",
}


@pytest.mark.parametrize("values", [OWN, SHARED, UNSET, {}], ids=["own", "shared", "unset", "defaults"])
def test_the_command_reads_a_stack_as_the_program_does(monkeypatch, values):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(settings, "lookup_problems", lambda _args: [])  # asks AWS; what it reads of a stack is the same
    given = {f"flask-on-aws:{key}": as_text(value) for key, value in values.items()}
    pulumi.runtime.set_all_config(given)
    args = with_profile(settings.load(pulumi.Config("flask-on-aws"), "flask-on-aws", "dev").app)
    found = from_config(given, "flask-on-aws", ROOT)
    defaults = AppSettings(ROOT)
    expected = {ours: args.get(argument, getattr(defaults, ours)) for argument, ours in READ_ALIKE.items()}
    listed = {ours: tuple(value) if isinstance(value, list) else value for ours, value in expected.items()}
    assert {ours: getattr(found, ours) for ours in READ_ALIKE.values()} == listed
    assert found.plan.dockerfile == args["dockerfile"]
    assert found.plan.dockerfile_target == args.get("dockerfile_target", "")
    assert found.services == {service for service in SERVICES if args[service] != "none"}
    assert {*found.secret_names} == {*args["secrets"], *args["secret_values"]}


def test_the_app_gets_all_of_the_contract_and_made_up_secrets(tmp_path):
    settings = AppSettings(tmp_path, env={"COLOUR": "red"}, secret_names=("STRIPE_KEY",), domain="shop.example.com")
    found = contract_environment(settings, 8080, DatabaseFacts("database", 5432, "app", "app"), "p@ss")
    assert {*plain_names(settings.services, ()), *secret_names(settings.services, ())} <= set(found)
    assert (found["PORT"], found["FLASK_DEBUG"], found["COLOUR"]) == ("8080", "0", "red")
    assert found["EXTERNAL_URL"] == "https://shop.example.com"
    assert found["DATABASE_URL"].startswith("postgresql://app:p%40ss@database:5432/app?sslmode=verify-full")
    assert found["STRIPE_KEY"]
    assert "DATABASE_URL" not in contract_environment(settings, 8080, None, "")


@pytest.mark.parametrize(
    ("domain", "cdn", "depth", "scheme"),
    [("", False, "2", "http"), ("shop.example.com", False, "1", "https"), ("shop.example.com", True, "2", "http")],
)
def test_behind_cloudfront_there_are_two_proxies_and_the_last_hop_is_http(tmp_path, domain, cdn, depth, scheme):
    settings = AppSettings(tmp_path, domain=domain, cdn=cdn)
    assert contract_environment(settings, 8080, None, "")["TRUST_PROXY_DEPTH"] == depth
    assert visitor_headers(settings)["X-Forwarded-Proto"] == scheme
    assert visitor_headers(settings)["X-Forwarded-Port"] == {"http": "80", "https": "443"}[scheme]


@pytest.mark.parametrize(
    ("values", "paths"),
    [
        ({}, ()),
        ({"domain": "shop.example.com"}, ()),
        ({"domain": "shop.example.com", "cdn": True}, ()),
        ({"cdnCachedPaths": ["/assets/*"]}, ("/assets/*",)),
    ],
)
def test_the_paths_that_cloudfront_caches_are_the_stack_s(values, paths):
    assert from_config(config(**values), "shop", ROOT).cached_paths == paths


def test_secrets_stay_closed(tmp_path):
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "config:\n  shop:secretValues:\n    STRIPE_KEY:\n      secure: v1:abc:def\n  shop:port: 5000\n"
    )
    project = read_project(tmp_path, "prod", decrypts=False)
    found = from_config(project.config, project.name, tmp_path)
    assert (found.secret_names, found.port) == (("STRIPE_KEY",), 5000)


def test_the_release_command_is_the_setting_s_or_the_procfile_s(tmp_path):
    plan = BuildPlan(release_command="flask db upgrade")
    found = {
        setting: release_command(AppSettings(tmp_path, release_command=setting), plan)
        for setting in ("", "none", "alembic upgrade head")
    }
    assert found == {"": "flask db upgrade", "none": "", "alembic upgrade head": "alembic upgrade head"}


def test_the_release_command_runs_without_the_package_manager_unless_the_image_is_the_app_s_own(tmp_path):
    app = AppSettings(tmp_path, release_command="poetry run flask db upgrade")
    assert release_command(app, BuildPlan()) == "flask db upgrade"
    assert release_command(app, BuildPlan(dockerfile="Dockerfile")) == "poetry run flask db upgrade"
