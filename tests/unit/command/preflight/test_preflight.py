"""The preflight of an image in an update: when it runs, with which settings, and what its result does to the update."""

import json
from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi_docker_build
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.flask_app.component_args import preflight_settings
from flask_on_aws.flask_app.flask_app_args import with_profile
from flask_on_aws.image import preflight_hook
from flask_on_aws.image.image import _DEFAULTS, Image, problems
from flask_on_aws.image.preflight_hook import App, ImagePreflight, build_settings, judge, run_tool
from flask_on_aws.runtime_contract.contract import PRODUCTS
from flask_on_aws_cli.preflight.containers.server_images import SERVER_IMAGES
from flask_on_aws_cli.preflight.environment import contract_environment
from flask_on_aws_cli.preflight.processes.database import database_facts
from flask_on_aws_cli.preflight.settings import AppSettings, from_config

APP = str(Path(__file__).parents[4] / "app_template")
DIGEST = "sha256:" + "ab" * 32
FAILED = {"status": "failed", "text": "FAILED   listens            wrong interface: …\n           → add --bind"}
PASSED = {"status": "passed", "text": "ok       starts             runs"}
WARNED = {"status": "warning", "text": "WARNING  stops              exits non-zero on SIGTERM: stopped, not cleanly"}
SKIPPED = {"status": "not checked", "text": "-        certificates       not checked: the stack has no database"}


@pytest.fixture
def hooks_of(monkeypatch, mocks, deploy):
    """The hooks of the one image that a program builds."""
    mocks.computed |= {
        "Repository": lambda args: {"repositoryUrl": f"host/{args.name}", "registryId": "1"},
        "Image": lambda args: {"digest": DIGEST, "repoDigest": f"host/web@{DIGEST}"},
    }
    mocks.answers["aws:ecr/getAuthorizationToken:getAuthorizationToken"] = {"userName": "AWS", "password": "hush"}
    seen = []
    real = pulumi_docker_build.Image.__init__
    monkeypatch.setattr(
        pulumi_docker_build.Image,
        "__init__",
        lambda self, *args, **kwargs: seen.append(kwargs["opts"].hooks) or real(self, *args, **kwargs),
    )

    def found(program):
        deploy(program)
        return seen

    return found


@pytest.mark.parametrize("choice", ["auto", "always"])
def test_an_image_is_tried_before_it_is_pushed_and_never_at_a_preview(hooks_of, choice):
    (hooks,) = hooks_of(lambda: Image("web", {"context": APP, "preflight": choice}))
    (hook,) = hooks.before_create
    assert hooks.before_update == [hook]
    assert hook.name == "web-preflight"
    assert not (hook.opts and hook.opts.on_dry_run)


def test_an_image_of_its_own_is_not_tried_unless_asked(hooks_of):
    assert hooks_of(lambda: Image("web", {"context": APP})) == [None]
    assert hooks_of(lambda: Image("worker", {"context": APP, "preflight": "never"})) == [None, None]


def test_what_was_pushed_before_is_not_tried(hooks_of, mocks):
    mocks.answers["aws:ecr/getImage:getImage"] = {"imageDigest": DIGEST}
    args = {"context": APP, "preflight": "always", "repository_name": "shop"}
    assert hooks_of(lambda: Image("web", args)) == [None]


def test_a_ready_image_is_not_tried(hooks_of):
    assert hooks_of(lambda: Image("web", {"image": "nginx", "preflight": "always"})) == []


def test_another_word_is_refused():
    (problem,) = problems({"context": APP, "preflight": "sometimes"})
    assert problem == ("preflight", "'sometimes' is not one of auto, always, never.")


class Told(Exception):
    """What an image was asked to be."""


def test_a_flask_app_asks_for_it_and_tells_what_the_app_runs_with(monkeypatch, mocks):
    def image(name, args, opts):
        raise Told(args)

    monkeypatch.setattr("flask_on_aws.flask_app.steps.Image", image)
    with pytest.raises(Told) as told:
        FlaskApp("shop", {"app": APP, "port": 9000})
    args = told.value.args[0]
    assert args["preflight"] == "auto"
    assert args["preflight_settings"]["port"] == "9000"


def test_the_tool_reads_of_a_flask_app_what_it_would_read_of_the_stack():
    """Every setting that decides how an app runs, as `Pulumi.<stack>.yaml` has it and as FlaskApp passes it on."""
    stack = {
        "name": "shop",
        "environment": "staging",
        "dockerfile": "Dockerfile.web",
        "dockerfileTarget": "prod",
        "architecture": "arm64",
        "builder": "docker",
        "pythonVersion": "3.12",
        "systemPackages": '["ffmpeg"]',
        "buildCommand": "flask digest compile",
        "assetsFolder": "frontend",
        "startCommand": "gunicorn app:app",
        "buildEnv": '{"COLOUR":"blue"}',
        "buildSecrets": '{"TOKEN":{"secure":"v1:abc"}}',
        "domain": "shop.example.com",
        "cdn": "true",
        "cdnCachedPaths": '["/assets/*"]',
        "port": "9000",
        "healthCheckPath": "/health",
        "startupSeconds": "90",
        "releaseCommand": "flask release",
        "releaseSeconds": "60",
        "cpu": "512",
        "memory": "2048",
        "readOnlyRoot": "false",
        "writablePaths": '["/tmp","/data"]',
        "database": "mariadb",
        "databaseVersion": "10.11",
        "databaseUrlScheme": "mysql+pymysql",
        "databaseUrlQuery": "charset=utf8mb4",
        "cache": "valkey",
        "cacheUse": "queue",
        "cacheVersion": "9.0",
        "bucket": "none",
        "mediaCdn": "public",
        "mediaCdnPath": "/files/",
        "compat": '["divio"]',
        "env": '{"GREETING":"hello"}',
        "secrets": '{"API_KEY":"arn:aws:ssm:us-east-1:123456789012:parameter/key"}',
        "secretValues": '{"STRIPE_KEY":{"secure":"v1:abc"}}',
    }
    args = with_profile(
        {
            "environment": "staging",
            "app": "shop",
            "domain": "shop.example.com",
            "cdn": True,
            "cdn_cached_paths": ["/assets/*"],
            "port": 9000,
            "health_check_path": "/health",
            "startup_seconds": 90,
            "release_command": "flask release",
            "release_seconds": 60,
            "cpu": 512,
            "memory": 2048,
            "read_only_root": False,
            "writable_paths": ["/tmp", "/data"],
            "database": "mariadb",
            "database_version": "10.11",
            "database_url_scheme": "mysql+pymysql",
            "database_url_query": "charset=utf8mb4",
            "cache": "valkey",
            "cache_use": "queue",
            "cache_version": "9.0",
            "bucket": "none",
            "media_cdn": "public",
            "media_cdn_path": "/files/",
            "compat": ["divio"],
            "env": {"GREETING": "hello"},
            "secrets": {"API_KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/key"},
            "secret_values": {"STRIPE_KEY": "sk"},
        }
    )
    image = {
        **_DEFAULTS,
        "dockerfile": "Dockerfile.web",
        "dockerfile_target": "prod",
        "architecture": "arm64",
        "builder": "docker",
        "python_version": "3.12",
        "system_packages": ["ffmpeg"],
        "build_command": "flask digest compile",
        "assets_folder": "frontend",
        "start_command": "gunicorn app:app",
        "build_args": {"COLOUR": "blue"},
        "build_secrets": {"TOKEN": "t0ken"},
    }
    passed_on = {**preflight_settings("shop", args), **build_settings(image)}
    assert "sk" not in passed_on.values()
    assert "t0ken" not in "".join(passed_on.values())
    expected, found = read(stack), read(passed_on)
    assert found == expected
    assert {name for name, value in vars(found).items() if value == getattr(AppSettings(Path()), name)} == {
        *(
            "region",
            "stop_seconds",
            "watch_seconds",
            "database_is_existing",
            "of_stack",
            "before_push",
            "egress",
            "outbound_ports",
            "existing_vpc",
        )
    }


def read(settings):
    config = {f"shop:{name}": text for name, text in settings.items()}
    return replace(from_config(config, "shop", Path()), folder=Path("shop"))


def test_a_stack_without_settings_is_a_new_stack():
    assert read(preflight_settings("app", with_profile({}))) == replace(
        read({}), release_command="none", name="app", folder=Path("shop")
    )


@pytest.mark.parametrize(("scheme", "engine"), [(None, "postgres"), ("mysql+pymysql", "mysql")])
@pytest.mark.parametrize("source", ["stack", "update"])
def test_an_existing_database_is_replaced_by_one_of_the_url_s_kind(scheme, engine, source):
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop-AbCdEf:url::"
    chosen = {"database_url_scheme": scheme} if scheme else {}
    if source == "update":
        given = preflight_settings("app", with_profile({"database_url_secret_arn": secret, **chosen}))
        assert secret not in given.values()
    else:
        given = {"databaseUrlSecretArn": secret, **({"databaseUrlScheme": scheme} if scheme else {})}
    found = read(given)
    assert ("database" in found.services, found.database_is_existing) == (True, True)
    assert (found.database_engine, found.database_scheme) == (engine, scheme or "postgresql")
    environment = contract_environment(found, 8080, database_facts(found, "db", 1), "password")
    assert environment["DATABASE_URL"].startswith(f"{scheme or 'postgresql'}://app:password@db:1/app?")
    assert not {"PGHOST", "MYSQL_HOST", "DATABASE_SECRET_ARN"} & environment.keys()


def test_aurora_is_the_product_that_it_is_compatible_with():
    found = read({"database": "aurora-mysql"})
    assert (found.database_version, found.database_scheme) == ("8.0", "mysql")
    assert SERVER_IMAGES[PRODUCTS[found.database_engine]].image == "mysql"
    assert set(PRODUCTS.values()) - {"mongodb"} == set(SERVER_IMAGES)  # in containers, DocumentDB is not checked


def test_what_only_the_update_makes_known_is_told_by_name():
    args = with_profile({"env": {"QUEUE": pulumi.Output.from_input("https://queue"), "COLOUR": "red"}})
    told = preflight_settings("app", args)
    assert json.loads(told["env"]) == {"COLOUR": "red"}
    assert json.loads(told["secrets"]) == {"QUEUE": ""}


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """A tool that does what the test sets, in place of the real one."""

    def make(code):
        package = tmp_path / "stand_in_tool"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text("import json, os, sys\n" + code)
        monkeypatch.setattr(preflight_hook, "_TOOL", "stand_in_tool")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.syspath_prepend(str(tmp_path))

    return make


def test_the_tool_gets_settings_by_its_input_and_secrets_by_its_environment(tool):
    tool("""
told = {"argv": sys.argv[1:], "settings": json.load(sys.stdin), "secret": os.environ["TOKEN"]}
print("ok       starts             runs", file=sys.stderr)
print(json.dumps({"checks": [told]}))
""")
    said = []
    (told,), _ = run_tool(App("shop", {"port": "9000"}), {"TOKEN": "t0ken"}, said.append)
    assert told["argv"] == ["preflight", "shop", "--settings", "-", *told["argv"][4:]]
    assert told["argv"][4:] == ["--runner", "container", "--before-push", "--json"]
    assert (told["settings"], told["secret"]) == ({"port": "9000"}, "t0ken")
    assert said == ["ok       starts             runs"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("sys.exit('no Docker engine answers')", "no Docker engine answers"),
        ("sys.exit('Error: preflight needs more packages.')", "preflight needs more packages"),
        ("raise ValueError('surprise')", "ValueError: surprise"),
        ("os.kill(os.getpid(), 9)", "flask-on-aws preflight ended with -9"),
    ],
)
def test_what_keeps_the_tool_from_a_verdict_is_its_last_word(tool, code, reason):
    tool(code)
    assert run_tool(App("shop", {}), {}, lambda _: None) == (None, reason)


def test_a_program_without_the_tool_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(preflight_hook, "_TOOL", "no_such_tool")
    checks, reason = run_tool(App("shop", {}), {}, lambda _: None)
    assert checks is None
    assert "docs/preflight.md says how to install it" in reason


def test_only_a_failed_check_is_a_reason_not_to_push():
    assert judge("shop", [PASSED, WARNED, SKIPPED]) == ""
    lines = judge("../shop", [PASSED, FAILED, WARNED, SKIPPED, FAILED]).splitlines()
    assert lines[0] == "the app in '../shop' would not run on AWS, so its image is not pushed:"
    assert lines[1:-1] == FAILED["text"].splitlines() * 2
    assert "set `preflight` to never" in lines[-1]


@pytest.mark.parametrize(
    ("checks", "choice", "said", "refused"),
    [
        ([PASSED], "auto", [], ""),
        ([FAILED], "auto", [], "would not run on AWS"),
        ([FAILED], "always", [], "would not run on AWS"),
        (None, "auto", ["The app is pushed without a preflight: no Docker engine answers."], ""),
        (None, "always", [], "image is pushed: no Docker engine answers. `preflight` is always; auto"),
    ],
)
def test_the_choice_decides_what_becomes_of_an_app_that_cannot_be_tried(monkeypatch, checks, choice, said, refused):
    monkeypatch.setattr(preflight_hook, "run_tool", lambda *_: (checks, "no Docker engine answers"))
    told = []
    preflight = ImagePreflight(None, App("shop", {}), choice == "always", {})
    if refused:
        with pytest.raises(RuntimeError, match=refused):
            preflight._check(told.append, {})
    else:
        preflight._check(told.append, {})
    assert told == said
