# ruff: noqa: E501 (a row is one line)
"""Sources that cannot be imported: one sentence with file and line, nothing written, and never a traceback."""

import copy
import re

import pytest

from tests.unit.command.importers.import_runs import DOCUMENTS, IMPORTS, SOURCES, dump, load, make_project, run_import

WEB = "type: Load Balanced Web Service\nname: web\nimage:\n  build: Dockerfile\n  port: 80\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n" for below, name in zip("abcdef", "bcdefg", strict=True)
)
MANIFEST, APP_JSON, UPSUN = "copilot/web/manifest.yml", "app.json", ".upsun/config.yaml"
RENDER, APP_RUNNER = "render.yaml", "apprunner.yaml"
FLY, COMPOSE, KAMAL = "fly.toml", "compose.yaml", "config/deploy.yml"
RAILWAY = "railway.json"
KAMAL_WEB = "servers: [192.0.2.1]\n"
PLATFORM, PROCFILE = ".platform.app.yaml", "Procfile"
ONE_APP = "applications:\n  a:\n    type: python:3.12\n"
PYTHON = "type: python:3.12\n"

# File, content, and the sentence without `correct it and import again`.
WRONG = [
    (MANIFEST, "type: [", "copilot/web/manifest.yml:1: invalid YAML"),
    (MANIFEST, "", "copilot/web/manifest.yml:1: type is missing"),
    (MANIFEST, "# only a comment\n", "copilot/web/manifest.yml:1: type is missing"),
    (MANIFEST, "- a\n- b\n", "copilot/web/manifest.yml:1: the file must be a mapping"),
    (
        MANIFEST,
        "name: web\ntype: Web Service\n",
        "copilot/web/manifest.yml:2: type 'Web Service' is not a type of Copilot",
    ),
    (MANIFEST, "type: Worker Service\n", "copilot/web/manifest.yml:1: there are only services of type Worker Service"),
    (MANIFEST, WEB + "cpu: a lot\n", "copilot/web/manifest.yml:6: cpu must be a whole number"),
    (MANIFEST, WEB + "cpu: -256\n", "copilot/web/manifest.yml:6: cpu must be above 0"),
    (MANIFEST, WEB + "cpu: 99999999999999999999\n", "copilot/web/manifest.yml:6: cpu must be a whole number"),
    (MANIFEST, WEB + "count: many\n", "copilot/web/manifest.yml:6: count must be a whole number"),
    (MANIFEST, WEB + "count:\n  range: 5\n", "copilot/web/manifest.yml:7: count.range must be two numbers"),
    (MANIFEST, WEB + "count:\n  range: 5-2\n", "copilot/web/manifest.yml:7: count.range must not be negative"),
    (MANIFEST, WEB + "variables: [A, B]\n", "copilot/web/manifest.yml:6: variables must be a mapping"),
    (MANIFEST, WEB + "variables:\n  A: [hunter2]\n", "copilot/web/manifest.yml:7: variables.A must be a text"),
    (MANIFEST, WEB + "cpu: 256\ncpu: 512\n", "copilot/web/manifest.yml:7: cpu is there twice"),
    (MANIFEST, WEB + "? [a, b]\n: c\n", "copilot/web/manifest.yml:6: a name must be a text"),
    (MANIFEST, WEB + "<<: 5\n", "copilot/web/manifest.yml:1: `<<` must name a mapping"),
    (MANIFEST, WEB + "variables: *nowhere\n", "copilot/web/manifest.yml:6: invalid YAML"),
    (MANIFEST, WEB + "---\n" + WEB, "copilot/web/manifest.yml:6: invalid YAML"),
    (MANIFEST, WEB + LAUGHS, "aliases repeat more than 50000 values"),
    (MANIFEST, WEB + "loop: &l [*l]\n", "copilot/web/manifest.yml:"),
    (MANIFEST, "[" * 5000, "copilot/web/manifest.yml:1: is nested too deeply"),
    (MANIFEST, WEB + "x" * 1_100_000, "copilot/web/manifest.yml:1: has more than 1 MiB"),
    (MANIFEST, WEB.encode() + b"name2: \xff\xfe\n", "copilot/web/manifest.yml:6: is not UTF-8 text"),
    (MANIFEST, WEB + "a: \x07\n", "copilot/web/manifest.yml:6: invalid YAML (a control character)"),
    (
        MANIFEST,
        WEB + "environments:\n  ../../evil: {}\n",
        "manifest.yml:7: the environment '../../evil' cannot be a stack",
    ),
    (MANIFEST, WEB + "environments:\n  local: {}\n", "manifest.yml:7: the environment 'local' is the stack of ./up"),
    (MANIFEST, WEB + "environments:\n  prod: 5\n", "manifest.yml:7: environments.prod must be a mapping"),
    (MANIFEST, WEB.replace("  build: Dockerfile\n", ""), "manifest.yml:3: image has neither build nor location"),
    (
        MANIFEST,
        WEB + "http:\n  healthcheck:\n    grace_period: soon\n",
        "manifest.yml:8: http.healthcheck.grace_period must",
    ),
    (MANIFEST, WEB + 'command: "a\\0b"\n', "manifest.yml:6: command contains a null character"),
    (MANIFEST, WEB + '"a\\0b": 1\n', "manifest.yml:6: a name contains a null character"),
    (MANIFEST, WEB + 'sidecars: {x: {image: y, command: "it\'s"}}\n', "manifest.yml:6: sidecars.x.command must have"),
    (MANIFEST, WEB.replace("Dockerfile", "a" * 5000 + "/Dockerfile"), "cannot be read (File name too long)"),
    (
        UPSUN,
        ONE_APP + "routes: {'https://[bad/': {type: upstream}}\n",
        ".upsun/config.yaml:4: routes.https://[bad/ must be a URL",
    ),
    (APP_JSON, '{"env": {', "app.json:1: invalid JSON"),
    (APP_JSON, '{\n"env": {"A": "b",}\n}', "app.json:2: invalid JSON"),
    (APP_JSON, "", "app.json:1: invalid JSON"),
    (APP_JSON, "[]", "app.json:1: the file must be a mapping"),
    (APP_JSON, '{"env": ["A"]}', "app.json:1: env must be a mapping"),
    (APP_JSON, '{"addons": {"a": 1}}', "app.json:1: addons must be a list"),
    (APP_JSON, '{"addons": [{"name": "x"}]}', "app.json:1: addons[0] must have a plan"),
    (
        APP_JSON,
        '{"formation": {"web": {"quantity": "two"}}}',
        "app.json:1: formation.web.quantity must be a whole number",
    ),
    (APP_JSON, '{"formation": {"web": {"size": "huge"}}}', "app.json:1: formation.web.size must be a size of Heroku"),
    (APP_JSON, "[" * 100_000, "app.json:1: is nested too deeply"),
    (
        PROCFILE,
        "web: gunicorn app\nDB=postgres://a:hunter2@b/c\n",
        "Procfile:2: is not a process type with its command",
    ),
    (PROCFILE, "web: a\nweb: b\n", "Procfile:2: 'web' is there twice"),
    (UPSUN, "services: {}\n", ".upsun/config.yaml:1: applications is missing"),
    (UPSUN, "applications: [a]\n", ".upsun/config.yaml:1: applications must be a mapping"),
    (
        UPSUN,
        "applications:\n  a:\n    type: php:8.3\n    web: {}\n",
        ".upsun/config.yaml:3: the type 'php' is not Python",
    ),
    (UPSUN, "applications:\n  a:\n    web: {}\n", ".upsun/config.yaml:2: type is missing"),
    (
        UPSUN,
        "applications:\n  a:\n    type: python:3.12\n    relationships: {db: 'db:postgresql'}\n",
        ".upsun/config.yaml:4: the service 'db' is not in services",
    ),
    (PLATFORM, PYTHON + "web: gunicorn\n", ".platform.app.yaml:2: web must be a mapping"),
    (PLATFORM, PYTHON + "hooks:\n  deploy: [a]\n", ".platform.app.yaml:3: hooks.deploy must be a text"),
    (APP_RUNNER, "version: 1.0\n", "apprunner.yaml:1: runtime is missing"),
    (APP_RUNNER, "runtime: nodejs18\n", "apprunner.yaml:1: the runtime 'nodejs18' is not Python"),
    (
        APP_RUNNER,
        "runtime: python3\nrun:\n  network: {port: http}\n",
        "apprunner.yaml:3: run.network.port must be a whole",
    ),
    (APP_RUNNER, "runtime: python3\nrun:\n  env:\n    - A: b\n", "apprunner.yaml:4: run.env[0] must have a name"),
    (RENDER, "services: {}\n", "render.yaml:1: services must be a list"),
    (RENDER, "services: []\n", "there is no web service to import"),
    (RENDER, "services:\n  - name: a\n", "render.yaml:2: services[0] must have a type"),
    (RENDER, "services:\n  - {name: a, type: lambda}\n", "render.yaml:2: services[0].type must be one of web"),
    (RENDER, "services:\n  - type: web\n", "render.yaml:2: services[0] must have a name"),
    (RENDER, "services:\n  - {name: a, type: web, runtime: go}\n", "render.yaml:2: the runtime 'go' is not Python"),
    (
        RENDER,
        "services:\n  - name: a\n    type: web\n    envVars:\n      - {key: A, fromDatabase: {name: b}}\n",
        "render.yaml:5: the database 'b' is not in the file",
    ),
    (FLY, "app = 'a\nb'\n", "fly.toml:1: invalid TOML"),
    (FLY, 'app = "a"\n[env\nKEY = "hunter2"\n', "fly.toml:2: invalid TOML"),
    (FLY, "app = 1\napp = 2\n", "fly.toml:2: invalid TOML"),
    (FLY, "env = ['A']\n", "fly.toml:1: env must be a mapping"),
    (FLY, "[env]\nA = ['hunter2']\n", "fly.toml:2: env.A must be a text"),
    (FLY, "http_service = 8080\n", "fly.toml:1: http_service must be a mapping"),
    (FLY, "[http_service]\ninternal_port = 'web'\n", "fly.toml:2: http_service.internal_port must be a whole number"),
    (FLY, "[http_service]\nprocesses = ['web']\n[processes]\napp = 'a'\n", "fly.toml:1: the process 'web' is not in"),
    (
        FLY,
        "[http_service]\nauto_stop_machines = 'maybe'\n",
        'fly.toml:2: http_service.auto_stop_machines must be "stop"',
    ),
    (FLY, "[[vm]]\nmemory = 'lots'\n", "fly.toml:2: vm[0].memory must be an amount of memory, like 512M"),
    (FLY, "[[vm]]\ncpu_kind = 'quantum'\n", "fly.toml:2: vm[0].cpu_kind must be shared or performance"),
    (
        FLY,
        "[http_service]\n[[http_service.checks]]\npath = '/'\ngrace_period = 'soon'\n",
        "fly.toml:4: http_service.checks",
    ),
    (FLY, "a = " + "[" * 5000, "fly.toml:1: "),
    (COMPOSE, "services: [web]\n", "compose.yaml:1: services must be a mapping"),
    (COMPOSE, "volumes: {}\n", "compose.yaml:1: services is missing"),
    (COMPOSE, "services:\n  web: python app.py\n", "compose.yaml:2: services.web must be a mapping"),
    (COMPOSE, "services:\n  web: {ports: [80]}\n", "compose.yaml:2: services.web has neither build nor image"),
    (COMPOSE, "services:\n  web: {build: ., ports: 80}\n", "compose.yaml:2: services.web.ports must be a list"),
    (COMPOSE, "services:\n  web: {build: ., ports: [web]}\n", "compose.yaml:2: services.web.ports[0] must be a port"),
    (COMPOSE, "services:\n  web: {build: ., ports: [{published: 80}]}\n", "services.web.ports[0] must have a target"),
    (
        COMPOSE,
        "services:\n  web: {build: 'https://github.com/a/b.git'}\n",
        "services.web.build.context must be a folder",
    ),
    (COMPOSE, "services:\n  web: {build: ., command: '${PORT'}\n", "services.web.command has a `${` without a `}`"),
    (COMPOSE, "services:\n  web: {build: ., command: 'echo $1'}\n", "has a `$` without a name; write it as `$$`"),
    (COMPOSE, "services:\n  web: {build: ., command: '" + "${A:-" * 30 + "}" * 30 + "'}\n", "nested too deeply"),
    (COMPOSE, "services:\n  web: {build: ., extends: web}\n", "the service 'web' is extended by itself"),
    (COMPOSE, "services:\n  a: {extends: b}\n  b: {extends: {service: a}}\n", "is extended by itself"),
    (COMPOSE, "services:\n  web: {build: ., extends: base}\n", "compose.yaml:2: the service 'base' is not in the file"),
    (COMPOSE, "services:\n  web: {extends: {service: a, file: ../../x.yml}}\n", "extends names the file '../../x.yml'"),
    (COMPOSE, "services:\n  web: {build: ., depends_on: [db]}\n", "the service 'db' is not in the file"),
    (COMPOSE, "services:\n  web: {build: ., environment: [{A: b}]}\n", "services.web.environment[0] must be a text"),
    (COMPOSE, "services:\n  web: {build: ., deploy: {resources: {limits: {cpus: all}}}}\n", "must be a number of CPUs"),
    (COMPOSE, "services:\n  a: {build: a, ports: [80]}\n  b: {build: b, ports: [81]}\n", "several web services (a, b)"),
    (COMPOSE, "services:\n  db: {image: 'postgres:17'}\n", "there is no web service to import"),
    (COMPOSE, "services: &a\n  web: *a\n", "compose.yaml:"),
    (KAMAL, "service: <%= ENV['X'] %>\n", "config/deploy.yml:1: contains Ruby (`<%`), which is not run"),
    (KAMAL, "service: shop\n", "config/deploy.yml:1: servers is missing"),
    (KAMAL, "servers: web\n", "config/deploy.yml:1: servers must be a mapping"),
    (KAMAL, "servers: {job: [a]}\n", "config/deploy.yml:1: the role 'web' is not in servers"),
    (KAMAL, KAMAL_WEB + "proxy: true\n", "config/deploy.yml:2: proxy must be a mapping"),
    (KAMAL, KAMAL_WEB + "env: [A]\n", "config/deploy.yml:2: env must be a mapping"),
    (KAMAL, KAMAL_WEB + "builder: {arch: mips}\n", "config/deploy.yml:2: builder.arch must be amd64 or arm64"),
    (KAMAL, KAMAL_WEB + "accessories: {db: {host: a}}\n", "config/deploy.yml:2: accessories.db must have an image"),
    (RAILWAY, '{"build": "nixpacks"}', "railway.json:1: build must be a mapping"),
    (RAILWAY, '{"build": {"builder": "MAKE"}}', "railway.json:1: build.builder must be one of RAILPACK"),
    (RAILWAY, '{"deploy": {"numReplicas": -1}}', "railway.json:1: deploy.numReplicas must not be negative"),
    (
        RAILWAY,
        '{"deploy": {"cronSchedule": "0 6 * * *"}}',
        "railway.json:1: deploy.cronSchedule makes the service a sched",
    ),
    (RAILWAY, '{"environments": {"a b": {}}}', "railway.json:1: the environment 'a b' cannot be a stack"),
    (RAILWAY, '{"environments": []}', "railway.json:1: environments must be a mapping"),
    ("README.md", "# App\n", "there is nothing to import"),
]


def make_source(tmp_path, file, content):
    path = make_project(tmp_path) / "shop" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(("file", "content", "sentence"), WRONG, ids=[f"{index}" for index in range(len(WRONG))])
def test_a_source_that_cannot_be_imported_is_one_sentence(tmp_path, monkeypatch, file, content, sentence):
    make_source(tmp_path, file, content)
    done = run_import(monkeypatch, tmp_path, "shop")
    assert sentence in done.errors
    assert (done.code, done.output, done.files) == (2, "", {})
    assert done.errors.count("\n") == 1
    assert "hunter2" not in done.errors


def test_several_web_services_need_a_choice(tmp_path, monkeypatch):
    for name in ("admin", "shop"):
        make_source(tmp_path, f"copilot/{name}/manifest.yml", WEB.replace("web", name))
    done = run_import(monkeypatch, tmp_path, "shop")
    assert done.errors == (
        "shop/copilot/shop/manifest.yml:1: there are several web services (admin, shop); choose one with --service NAME.\n"
    )
    done = run_import(monkeypatch, tmp_path, "shop", "--service", "web")
    assert done.errors == "shop: there is no web service 'web'; choose one of admin, shop with --service.\n"
    assert run_import(monkeypatch, tmp_path, "shop", "--service", "admin").files


def test_two_services_of_the_same_name(tmp_path, monkeypatch):
    for folder in ("a", "b"):
        make_source(tmp_path, f"copilot/{folder}/manifest.yml", WEB)
    assert "copilot/b/manifest.yml:1: the name 'web' is there twice" in run_import(monkeypatch, tmp_path, "shop").errors


def test_files_of_several_platforms_need_a_choice(tmp_path, monkeypatch):
    make_source(tmp_path, PROCFILE, "web: gunicorn app:app\n")
    (tmp_path / "shop" / PLATFORM).write_text(PYTHON + "web: {commands: {start: gunicorn app}}\n")
    done = run_import(monkeypatch, tmp_path, "shop")
    assert done.errors == (
        "shop: there are files of several platforms; choose one of heroku, platform.sh with --from.\n"
    )
    assert "Procfile:1" in run_import(monkeypatch, tmp_path, "shop", "--from", "heroku").output


def test_an_app_json_of_another_tool_is_not_heroku_s(tmp_path, monkeypatch):
    make_source(tmp_path, APP_JSON, '{"expo": {"name": "shop"}}')
    assert "there is nothing to import" in run_import(monkeypatch, tmp_path, "shop").errors


def test_a_file_of_variables_outside_of_the_folder_is_not_read(tmp_path, monkeypatch):
    make_source(tmp_path, MANIFEST, WEB + "env_file: ../outside.env\n")
    (tmp_path / "outside.env").write_text("GREETING=hello\n")
    done = run_import(monkeypatch, tmp_path, "shop")
    assert "env_file: the file is not here" in done.output
    assert "env" not in done.settings("prod")


def test_names_cannot_leave_a_command_or_control_the_terminal(tmp_path, monkeypatch):
    make_source(tmp_path, MANIFEST, WEB + 'secrets:\n  "X; rm -rf ~": a\n  "\\e[31mRED": b\n')
    done = run_import(monkeypatch, tmp_path, "shop")
    assert """--path 'secrets["X; rm -rf ~"]' "$(aws""" in done.output
    assert "\x1b" not in done.output


def test_a_value_of_the_source_is_quoted_in_a_command(tmp_path, monkeypatch):
    make_source(tmp_path, MANIFEST, WEB + "http: {allowed_source_ips: ['$(touch x)']}\n")
    assert "'allowedCidrs[0]' '$(touch x)' --stack" in run_import(monkeypatch, tmp_path, "shop").output


@pytest.mark.parametrize(
    "line",
    [
        "http: {healthcheck: '/up?token=hunter2'}",
        "command: python app.py --password hunter2",
        "image: {build: Dockerfile, location: 'registry.example.com/shop', args: {MIRROR: 'https://a:hunter2@b.c/simple'}}",
        "tags: {contact: 'https://ops:hunter2@example.com'}",
        "sidecars: {proxy: {image: nginx, command: 'run --token hunter2'}}",
        "secrets: {A: {from_cfn: x}, B: 'https://a:hunter2@b.c/d'}",
    ],
)
def test_a_credential_in_any_setting_is_not_copied(tmp_path, monkeypatch, line):
    key = line.partition(":")[0]
    kept = "".join(
        f"{part}\n" for part in WEB.split("\n") if part and not (key == "image" and part.startswith(("image", "  ")))
    )
    make_source(tmp_path, MANIFEST, f"{kept}{line}\n")
    done = run_import(monkeypatch, tmp_path, "shop")
    assert "hunter2" not in "".join((done.output, done.errors, *done.files.values()))
    assert done.code in (0, 1)


def test_a_folder_that_does_not_exist_is_still_the_app(tmp_path, monkeypatch):
    make_source(tmp_path, MANIFEST, WEB.replace("build: Dockerfile", "build: service/Dockerfile"))
    done = run_import(monkeypatch, tmp_path, "shop")
    assert (done.code, done.settings("prod")["app"]) == (1, "shop/service")


def test_there_is_no_project(tmp_path, monkeypatch):
    done = run_import(monkeypatch, tmp_path, ".")
    assert (done.code, done.errors) == (2, "There is no Pulumi.yaml; set its folder with --project.\n")


def paths(value, path=()):
    """The path of every value in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(item, (*path, key))


def replaced(document, path, value):
    document = copy.deepcopy(document)
    if not path:
        return value
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return document


# Another type than any key has, each of which breaks other assumptions.
OTHER_TYPES = [None, True, -1, 1.5, "", "x y", "${X}", [], [None], [["a"]], {}, {"a": None}, {"a": {"b": []}}]


@pytest.mark.parametrize(
    ("source", "file"), [(source, file) for source, files in DOCUMENTS.items() for file in files], ids=lambda v: v
)
def test_another_type_at_any_key_is_a_report_or_a_sentence(tmp_path, monkeypatch, source, file):
    project = make_project(tmp_path, source)
    path = project / source / file
    document = load((SOURCES / source / file).read_text(), file)
    options = IMPORTS[source]
    # The checks by the program's own rules take most of the time, and do not depend on the type of a key.
    monkeypatch.setattr("flask_on_aws_cli.importers.stacks.settle.problems", lambda name, args: ())
    monkeypatch.setattr("flask_on_aws_cli.importers.stacks.settle.plan_app", lambda *args: None)
    for index, changed in enumerate(paths(document)):
        value = OTHER_TYPES[index % len(OTHER_TYPES)]
        for other in (value, OTHER_TYPES[(index * 5 + 3) % len(OTHER_TYPES)]):
            broken = replaced(document, changed, other)
            path.write_text(dump(broken, file))
            done = run_import(monkeypatch, project, source, *options, "--dry-run")
            assert done.code in (0, 1, 2), (changed, other)
            if done.code == 2:
                assert re.fullmatch(r"\S+?(?::\d+)?: .*\n", done.errors), (changed, other, done.errors)


def test_a_file_of_compose_next_to_another_platform_s_is_for_development(tmp_path, monkeypatch):
    make_source(tmp_path, PROCFILE, "web: gunicorn app:app\n")
    (tmp_path / "shop" / COMPOSE).write_text("services:\n  web: {build: ., ports: [80]}\n")
    assert "Procfile:1" in run_import(monkeypatch, tmp_path, "shop").output
    assert "compose.yaml:2" in run_import(monkeypatch, tmp_path, "shop", "--from", "compose", "--dry-run").output
