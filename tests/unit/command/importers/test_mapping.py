"""What each key of a format becomes: a setting, or a line of the report."""

import json

import pytest
import yaml

from tests.unit.command.importers.import_runs import dump, make_project, run_import

COPILOT = {
    "name": "web",
    "type": "Load Balanced Web Service",
    "image": {"build": "Dockerfile", "port": 80},
    "http": {"path": "/", "healthcheck": "/up"},
}
COPILOT_ROWS = [
    ({}, {"app": "shop", "port": 80, "healthCheckPath": "/up", "database": "none", "bucket": "none"}, ""),
    ({"http": {"path": "/"}}, {"healthCheckPath": "/"}, "Copilot's default"),
    ({"http": False}, {"healthCheckPath": None}, "http: the app is always served by an application load balancer"),
    ({"http": {"healthcheck": {"path": "/x", "success_codes": "200,301"}}}, {"healthCheckPath": "/x"}, ""),
    ({"http": {"healthcheck": {"path": "/x", "success_codes": "200-299"}}}, {"healthCheckPath": "/x"}, ""),
    (
        {"http": {"healthcheck": {"path": "/x", "success_codes": "301"}}},
        {"healthCheckPath": None},
        "expects the status 200",
    ),
    ({"http": {"healthcheck": {"grace_period": "1m30s"}}}, {"startupSeconds": 90}, ""),
    ({"http": {"healthcheck": {"grace_period": "1h"}}}, {"startupSeconds": 240}, "the source has 3600"),
    ({"http": {"stickiness": False}}, {}, "!stickiness"),
    ({"http": {"stickiness": True}}, {"stickySessions": 86400}, "AWS's default duration"),
    ({"http": {"alias": "a.example.com"}}, {"domain": "a.example.com", "dns": "external"}, ""),
    ({"http": {"alias": "a.example.com,b.example.com"}}, {"domainAliases": ["b.example.com"]}, ""),
    (
        {"http": {"alias": [{"name": "a.example.com", "hosted_zone": "Z1"}]}},
        {"domain": "a.example.com"},
        "set it as zoneId when you move",
    ),
    ({"http": {"alias": "*.example.com"}}, {"domain": None}, "domain: was not accepted"),
    ({"http": {"allowed_source_ips": ["203.0.113.0/24"]}}, {"allowedCidrs": None}, "everybody can connect"),
    ({"cpu": 256, "memory": 4096}, {"cpu": 512, "memory": 4096}, "next larger size of Fargate"),
    ({"cpu": 300}, {"cpu": 512, "memory": 1024}, "next larger size of Fargate"),
    ({"cpu": 32768}, {"cpu": None}, "more than Fargate's largest task"),
    ({"type": "Request-Driven Web Service"}, {"cpu": 1024, "memory": 2048}, ""),
    ({"count": 3}, {"minTasks": 3, "maxTasks": 3}, ""),
    ({"count": 0}, {"minTasks": 0, "maxTasks": 0}, ""),
    ({"count": {"range": "2-4"}}, {"minTasks": None, "maxTasks": 4}, ""),
    (
        {"count": {"range": {"min": 1, "max": 4, "spot_from": 2}}},
        {"minTasks": 1, "maxTasks": 4, "spotShare": None},
        "spotShare is the percentage",
    ),
    ({"count": {"spot": 2}}, {"maxTasks": 2, "spotShare": 100}, ""),
    (
        {"count": {"range": "1-4", "requests": 600, "cpu_percentage": {"value": 50, "cooldown": {"in": "1m"}}}},
        {"scaleRequestsPerMinute": 600, "scaleCpuPercent": 50},
        "cooldown: has no setting",
    ),
    ({"platform": "linux/amd64"}, {"architecture": None}, "x86_64 is the default"),
    ({"platform": {"osfamily": "linux", "architecture": "arm64"}}, {"architecture": "arm64"}, ""),
    ({"platform": "windows/x86_64"}, {}, "Windows containers are not supported"),
    ({"image": {"location": "example/shop:1", "port": 80}}, {"image": "example/shop:1", "app": None}, ""),
    ({"image": {"location": "example/shop:${TAG}"}}, {"image": None}, "contains a variable of the shell"),
    (
        {"image": {"build": {"dockerfile": "docker/Dockerfile", "context": "."}}},
        {"app": "shop", "dockerfile": "docker/Dockerfile"},
        "",
    ),
    ({"image": {"build": "docker/Dockerfile"}}, {"app": "shop/docker"}, ""),
    ({"image": {"build": {"dockerfile": "Dockerfile", "target": "first"}}}, {"dockerfileTarget": "first"}, ""),
    ({"image": {"build": {"dockerfile": "Dockerfile", "target": "no"}}}, {}, "Dockerfile has no stage 'no'; it has:"),
    ({"command": "gunicorn app:app"}, {"startCommand": "gunicorn app:app", "entryPoint": None}, ""),
    (
        {"command": ["sh", "-c", "gunicorn --bind :$PORT app:app"]},
        {"startCommand": "sh -c 'gunicorn --bind :$PORT app:app'"},
        "",
    ),
    (
        {"entrypoint": "/run.sh", "command": ["a", "b c"]},
        {"startCommand": "/run.sh a 'b c'", "entryPoint": "replace"},
        "",
    ),
    ({"exec": True}, {"enableExec": True}, ""),
    ({"logging": {"retention": 60}}, {"logRetentionDays": 60}, ""),
    ({"logging": {"retention": 61}}, {"logRetentionDays": None}, "logRetentionDays: was not accepted"),
    (
        {"storage": {"readonly_fs": False, "ephemeral": 50}},
        {"readOnlyRoot": False},
        "storage.ephemeral: has no setting",
    ),
    ({"storage": {"volumes": {"s": {"path": "/scratch"}}}}, {"writablePaths": ["/scratch", "/tmp"]}, ""),
    ({"network": {"vpc": {"placement": "private"}}}, {"egress": "nat"}, ""),
    ({"variables": {"LOG_LEVEL": "debug"}}, {"env": {"LOG_LEVEL": "debug"}, "overrideEnv": ["LOG_LEVEL"]}, ""),
    ({"variables": {"FLASK_ENV": "production"}}, {"env": None}, "the stack sets the same value"),
    ({"variables": {"A": {"from_cfn": "x"}}}, {"env": None}, "output of a CloudFormation stack"),
    ({"variables": {"A": "${SHELL_VARIABLE}"}}, {"env": None}, "contains a variable of the shell"),
    ({"variables": {"A-B": "x"}}, {"env": None}, "must be letters, digits and underscores"),
    ({"variables": {"EMPTY": ""}}, {"env": {"EMPTY": ""}}, ""),
    (
        {"secrets": {"A": "arn:aws:ssm:us-east-1:123456789012:parameter/a"}},
        {"secrets": {"A": "arn:aws:ssm:us-east-1:123456789012:parameter/a"}},
        "",
    ),
    (
        {"secrets": {"A": {"secretsmanager": "db:password::"}}},
        {},
        '--secret-id db --query ARN --output text):password::" --stack prod',
    ),
    (
        {"taskdef_overrides": [{"path": "x", "value": 1}]},
        {},
        "taskdef_overrides: has no setting; change the task definition",
    ),
    ({"unknown_key": 1}, {}, "unknown_key: has no setting; check whether the app needs it"),
    ({"environments": {"prod": {"cpu": 1024, "memory": 2048}}}, {"cpu": 1024}, ""),
    (
        {"environments": {"prod": {"image": {"location": "example/shop:2"}}}},
        {"image": "example/shop:2", "app": None},
        "",
    ),
]
HEROKU_ROWS = [
    ({"formation": {"web": {"quantity": 1, "size": "Standard-1X"}}}, {"minTasks": 1, "cpu": None}, ""),
    ({"formation": {"web": {"quantity": 12}}}, {"minTasks": 12, "maxTasks": 12}, ""),
    ({"formation": {"mail": {"quantity": 0}}}, {"workers": {"mail": ""}}, "which switches it off"),
    ({"formation": {"web": {"size": "performance-l"}}}, {"cpu": 2048, "memory": 14336}, ""),
    ({"formation": {"web": {"size": "performance-2xl"}}}, {"cpu": None}, "more memory than Fargate's largest task"),
    ({"addons": ["jawsdb:kitefin"]}, {"database": "mysql", "bucket": "none"}, ""),
    ({"addons": ["jawsdb-maria:kitefin"]}, {"database": "mariadb"}, ""),
    ({"addons": ["bucketeer:hobbyist", "heroku-postgresql"]}, {"bucket": None, "database": None}, ""),
    (
        {"addons": [{"plan": "heroku-postgresql:mini", "options": {"version": "13"}}]},
        {"databaseVersion": "14"},
        "RDS does not offer 13",
    ),
    (
        {"addons": [{"plan": "heroku-postgresql:mini", "options": {"version": "99"}}]},
        {"databaseVersion": "18"},
        "RDS does not offer 99",
    ),
    ({"addons": ["heroku-postgresql", "jawsdb"]}, {"database": None}, "addons (jawsdb): is a second database"),
    ({"addons": ["cloudamqp"]}, {}, "RabbitMQ is not supported"),
    (
        {"env": {"DATABASE_URL": {"required": True}}, "addons": ["heroku-postgresql"]},
        {},
        "DATABASE_URL: the stack sets it",
    ),
    (
        {"env": {"DATABASE_URL": {"required": True}}, "addons": []},
        {"database": "none"},
        "secretValues.DATABASE_URL: has no value in the file",
    ),
    ({"env": {"A": None, "B": 5, "C": {"value": True}}}, {"env": {"B": "5", "C": "true"}}, ""),
    ({"env": {"A": {"description": "x"}}}, {}, "pulumi config set --path env.A VALUE --stack prod"),
    (
        {"buildpacks": ["heroku/python", {"url": "https://github.com/heroku/heroku-buildpack-apt.git#v1"}]},
        {},
        "buildpacks (heroku/python): the build plan does the same",
    ),
    (
        {"buildpacks": [{"url": "https://github.com/example/python-magic"}]},
        {},
        "buildpacks[0]: this buildpack has no counterpart",
    ),
    ({"scripts": {"postdeploy": {"command": "flask seed"}}}, {}, "if it is safe to repeat, set it as releaseCommand"),
]
UPSUN = {"type": "python:3.13", "web": {"commands": {"start": "gunicorn --bind 0.0.0.0:$PORT app:app"}}}
SERVICES = {
    "db": {"type": "postgresql:17"},
    "q": {"type": "redis-persistent:7"},
    "c": {"type": "redis:7"},
    "m": {"type": "mongodb:4"},
}
UPSUN_ROWS = [
    ({}, {"pythonVersion": "3.13", "compat": ["upsun"], "database": "none", "bucket": "none"}, ""),
    ({"type": "python:2.7"}, {"pythonVersion": "3.11"}, "the source has 2.7"),
    ({"type": "python:4"}, {"pythonVersion": None}, "the version is not one of 3.11"),
    ({"type": "composable:25.11", "stack": ["python@3.12", "nodejs@22"]}, {"pythonVersion": "3.12"}, ""),
    ({"relationships": {"db": None}}, {"database": None}, "17 is the default"),
    ({"relationships": {"database": {"service": "db", "endpoint": "postgresql"}}}, {"database": None}, ""),
    ({"relationships": {"q": None}}, {"cache": "valkey", "cacheUse": "queue"}, ""),
    ({"relationships": {"c": None}}, {"cache": "valkey", "cacheUse": None}, ""),
    (
        {"relationships": {"c": None}, "workers": {"jobs": {"commands": {"start": "rq worker"}}}},
        {"cacheUse": "queue"},
        "",
    ),
    ({"relationships": {"m": None}}, {"database": "documentdb", "databaseVersion": "4.0"}, "databaseVersion"),
    (
        {"web": {"commands": {"start": "uvicorn --uds $SOCKET app:app"}}},
        {"startCommand": "uvicorn --host 0.0.0.0 --port $PORT app:app"},
        "",
    ),
    (
        {"web": {"commands": {"start": "gunicorn -b unix:/run/app.sock app:app"}}},
        {"startCommand": "gunicorn -b 0.0.0.0:$PORT app:app"},
        "",
    ),
    ({"web": {"commands": {"start": "uwsgi --socket $SOCKET"}}}, {"startCommand": None}, "listens on a Unix socket"),
    (
        {"web": {"commands": {"start": "gunicorn --bind localhost:$PORT app:app"}}},
        {"startCommand": "gunicorn --bind 0.0.0.0:$PORT app:app"},
        "",
    ),
    ({"web": {"locations": {"/": {"passthru": True}}}}, {"startCommand": None}, "web has no start command"),
    (
        {"hooks": {"deploy": "set -e\nflask db upgrade\nflask seed\n"}},
        {"releaseCommand": "flask db upgrade && flask seed"},
        "",
    ),
    ({"hooks": {"build": "pip install -r requirements.txt\n"}}, {"buildCommand": None}, "installed by the build plan"),
    (
        {"hooks": {"build": "pip install -r other.txt\nflask digest"}},
        {"buildCommand": "flask digest"},
        "add other.txt to it",
    ),
    ({"hooks": {"post_deploy": "flask warm"}}, {}, "nothing runs after a release"),
    (
        {"mounts": {"/tmp/x": "shared:files/x"}},
        {"writablePaths": ["/tmp", "/app/tmp/x"], "bucket": None},
        "store uploads in the bucket",
    ),
    ({"mounts": {"cache": {"source": "instance"}}}, {"writablePaths": ["/tmp", "/app/cache"]}, "!store uploads"),
    ({"variables": {"env": {"A": 1, "B": [1]}, "php": {"x": 1}}}, {"env": {"A": "1"}}, "only variables of `env`"),
    (
        {"crons": {"x": {"spec": "H * * * *", "commands": {"start": "flask x"}}}},
        {},
        "crons.x.spec: has no counterpart in EventBridge Scheduler",
    ),
    (
        {
            "timezone": "Europe/Berlin",
            "crons": {
                "x": {"spec": "*/5 * * * 1-2", "commands": {"start": "flask x", "stop": "y"}, "timeout": 600},
                "y": {"spec": "0 0 * * *", "cmd": "flask y"},
                "z": {"spec": "0 0 * * *", "commands": {}},
            },
        },
        {
            "jobs": [
                {
                    "name": "x",
                    "schedule": "cron(*/5 * ? * MON,TUE *)",
                    "command": "flask x",
                    "timezone": "Europe/Berlin",
                    "timeout": 600,
                },
                {"name": "y", "schedule": "cron(0 0 * * ? *)", "command": "flask y", "timezone": "Europe/Berlin"},
            ]
        },
        "crons.x.commands.stop: has no setting; a job gets SIGTERM",
    ),
    (
        {"timezone": "Mars/Olympus", "crons": {"x": {"spec": "0 0 * * *", "cmd": "flask x"}}},
        {"jobs": None},
        "crons.x: cannot be added to the setting jobs: 'Mars/Olympus'",
    ),
    (
        {"crons": {"x": {"spec": "0 0 * * *", "cmd": "curl https://u:p4ssw0rd9@example.com"}}},
        {"jobs": None},
        "its command contains what may be a credential",
    ),
    ({"size": "XL"}, {}, "set cpu and memory"),
    ({"dependencies": {"python3": {"uv": "*", "black": "*"}}}, {}, "dependencies.python3.black: is not installed"),
]
RENDER = {"type": "web", "name": "shop", "runtime": "python", "startCommand": "gunicorn --bind 0.0.0.0:$PORT app:app"}
RENDER_ROWS = [
    ({}, {"startCommand": "gunicorn --bind 0.0.0.0:$PORT app:app", "database": "none"}, ""),
    ({"plan": "starter"}, {"cpu": 512, "memory": 1024}, "next larger size of Fargate"),
    ({"plan": "imaginary"}, {"cpu": None}, "the size of this plan is not known"),
    ({"startCommand": "gunicorn --bind 0.0.0.0:10000 app:app"}, {"port": 10000}, "the start command listens on it"),
    ({"envVars": [{"key": "PORT", "value": "5000"}]}, {"port": 5000, "env": None}, ""),
    ({"envVars": [{"key": "PYTHON_VERSION", "value": "3.12.1"}]}, {"pythonVersion": "3.12", "env": None}, ""),
    ({"envVars": [{"key": "A", "sync": False}]}, {}, "secretValues.A: has its value only on Render"),
    ({"envVars": [{"key": "SECRET_KEY", "generateValue": True}]}, {}, "SECRET_KEY: the stack sets it"),
    ({"numInstances": 2}, {"minTasks": None, "maxTasks": 2}, "2 is the default"),
    ({"ipAllowList": [{"source": "0.0.0.0/0"}]}, {"allowedCidrs": None}, "!everybody can connect"),
    ({"domain": "a.example.com"}, {"domain": "a.example.com", "dns": "external"}, ""),
    ({"healthCheckPath": "health"}, {"healthCheckPath": "/health"}, ""),
]


def run(tmp_path, monkeypatch, files):
    folder = make_project(tmp_path) / "shop"
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return run_import(monkeypatch, tmp_path, "shop")


def check(done, settings, text):
    assert done.code in (0, 1), done.errors
    written = done.settings("prod")
    assert {name: written.get(name) for name in settings} == settings
    assert (text[1:] not in done.output) if text.startswith("!") else (text in done.output)


PYTHON_APP = {"requirements.txt": "flask\ngunicorn\nuvicorn\nrq\n"}
DOCKERFILE = {"Dockerfile": "FROM python:3.13 AS first\nFROM first AS last\nCMD gunicorn app:app\n"}


@pytest.mark.parametrize(("keys", "settings", "text"), COPILOT_ROWS, ids=lambda value: json.dumps(value)[:50])
def test_copilot(tmp_path, monkeypatch, keys, settings, text):
    files = {"copilot/web/manifest.yml": yaml.safe_dump({**COPILOT, **keys}, sort_keys=False), **DOCKERFILE}
    check(run(tmp_path, monkeypatch, files), settings, text)


@pytest.mark.parametrize(
    ("keys", "settings", "text"),
    [
        (
            {"command": "flask clean", "timeout": "1h30m", "retries": 2, "cpu": 512, "memory": 1024},
            {
                "jobs": [
                    {
                        "name": "clean",
                        "schedule": "rate(30 minutes)",
                        "command": "flask clean",
                        "cpu": 512,
                        "memory": 1024,
                        "retries": 2,
                        "timeout": 5400,
                    }
                ]
            },
            "",
        ),
        ({"command": "flask clean", "on": {"schedule": "none"}}, {"jobs": None}, "has no schedule; run its command"),
        ({}, {"jobs": None}, "has no schedule or no command"),
        ({"command": "flask clean", "cpu": 300}, {"jobs": None}, "cannot be added to the setting jobs: 300"),
    ],
)
def test_a_scheduled_job_of_copilot(tmp_path, monkeypatch, keys, settings, text):
    image = {"build": COPILOT["image"]["build"]}
    job = {"name": "clean", "type": "Scheduled Job", "image": image, "on": {"schedule": "@every 30m"}, **keys}
    manifests = {"web": COPILOT, "clean": job}
    files = {f"copilot/{name}/manifest.yml": yaml.safe_dump(keys) for name, keys in manifests.items()}
    check(run(tmp_path, monkeypatch, {**files, **DOCKERFILE}), settings, text)


ADDON = """
Mappings:
  Limits: {{All: {{Most: 8}}}}
Resources:
  Store: {{Type: "AWS::RDS::{kind}", Properties: {{Engine: {engine}, EngineVersion: "{version}",
    ServerlessV2ScalingConfiguration: {{MinCapacity: {least}, MaxCapacity: {most}}}}}}}
"""
MYSQL_VERSION = "8.0.mysql_aurora.3.04.0"


@pytest.mark.parametrize(
    ("addon", "settings", "text"),
    [
        (
            ("DBCluster", "aurora-mysql", MYSQL_VERSION, 1, "!FindInMap [Limits, All, Most]"),
            {"database": "aurora-mysql", "databaseMinCapacity": 1, "databaseMaxCapacity": 8},
            "databaseVersion: 8.0 is the default",
        ),
        (
            ("DBCluster", "aurora-postgresql", "16.4", "!Ref Least", "!FindInMap [Limits, !Ref Env, Most]"),
            {"database": "aurora-postgres", "databaseMinCapacity": None, "databaseMaxCapacity": None},
            "databaseMaxCapacity: depends on a parameter",
        ),
        (
            ("DBCluster", "aurora", "5.6", 0.5, 2),
            {"database": "aurora-mysql", "databaseMaxCapacity": 2},
            "the source has 5.6, which RDS does not offer",
        ),
        (("DBInstance", "postgres", "16.4", 1, 2), {"databaseVersion": "16", "databaseMinCapacity": None}, ""),
        (("DBInstance", "oracle-se2", "19", 1, 2), {"database": "none"}, "its engine has no setting"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_a_database_of_copilot(tmp_path, monkeypatch, addon, settings, text):
    keys = dict(zip(("kind", "engine", "version", "least", "most"), addon, strict=True))
    files = {
        "copilot/web/manifest.yml": yaml.safe_dump(COPILOT),
        "copilot/web/addons/store.yml": ADDON.format(**keys),
        **DOCKERFILE,
    }
    check(run(tmp_path, monkeypatch, files), settings, text)


def test_a_worker_of_copilot_shares_its_variables(tmp_path, monkeypatch):
    shared = {"DB": {"secretsmanager": "db"}}
    web = {**COPILOT, "variables": {"A": "1", "B": "1"}, "secrets": shared}
    worker = {"name": "mail", "type": "Backend Service", "image": {"build": "Dockerfile"}, "command": "python -m mail"}
    worker |= {
        "variables": {"A": "1", "B": "2", "C": "3"},
        "secrets": {**shared, "KEY": "arn:aws:ssm:us-east-1:123456789012:parameter/k"},
    }
    files = {"copilot/web/manifest.yml": yaml.safe_dump(web), "copilot/mail/manifest.yml": yaml.safe_dump(worker)}
    done = run(tmp_path, monkeypatch, {**files, **DOCKERFILE})
    assert done.settings("prod")["env"] == {"A": "1", "B": "1", "C": "3"}
    assert done.settings("prod")["workers"] == {"mail": "python -m mail"}
    assert list(done.settings("prod")["secrets"]) == ["KEY"]
    assert "mail.secrets.DB" not in done.output
    assert "mail.variables.B: the worker has the value of the web service" in done.output


@pytest.mark.parametrize(("app", "settings", "text"), HEROKU_ROWS, ids=lambda value: json.dumps(value)[:50])
def test_heroku(tmp_path, monkeypatch, app, settings, text):
    procfile = "web: gunicorn --bind 0.0.0.0:$PORT app:app\nmail: python -m mail\n"
    files = {"app.json": json.dumps(app), "Procfile": procfile, **PYTHON_APP}
    check(run(tmp_path, monkeypatch, files), settings, text)


@pytest.mark.parametrize(("app", "settings", "text"), UPSUN_ROWS, ids=lambda value: json.dumps(value)[:50])
@pytest.mark.parametrize("is_old", [False, True], ids=["upsun", "platform.sh"])
def test_upsun(tmp_path, monkeypatch, app, settings, text, is_old):
    app = {**UPSUN, **app}
    if is_old:
        files = {
            ".platform.app.yaml": yaml.safe_dump({"name": "shop", **app}),
            ".platform/services.yaml": yaml.safe_dump(SERVICES),
        }
    else:
        files = {".upsun/config.yaml": yaml.safe_dump({"applications": {"shop": app}, "services": SERVICES})}
    check(run(tmp_path, monkeypatch, {**files, **PYTHON_APP}), settings, text)


SHOP_ROUTE = {"https://www.example.com/": {"type": "upstream", "upstream": "shop:http"}}


@pytest.mark.parametrize(
    ("routes", "settings", "text"),
    [
        (
            {"https://example.com/": {"type": "redirect", "to": "https://www.example.com/"}, **SHOP_ROUTE},
            {"domain": "www.example.com", "domainAliases": None, "domainRedirects": ["example.com"]},
            "",
        ),
        (
            {**SHOP_ROUTE, "http://www.example.com/": {"type": "redirect", "to": "https://www.example.com/"}},
            {"domain": "www.example.com", "domainRedirects": None},
            "",
        ),
        (
            {**SHOP_ROUTE, "https://old.example.com/": {"type": "redirect", "to": "https://www.example.com/new/"}},
            {"domainRedirects": None},
            "domainRedirects lead to domain alone; let the app redirect to other addresses",
        ),
        (
            {"https://{default}/": {"type": "redirect", "to": "https://www.{default}/"}},
            {"domainRedirects": None},
            "the project's domain is not in the file; set this host in domainRedirects",
        ),
    ],
)
def test_redirects_of_upsun(tmp_path, monkeypatch, routes, settings, text):
    document = {"applications": {"shop": UPSUN}, "routes": routes}
    files = {".upsun/config.yaml": yaml.safe_dump(document, sort_keys=False), **PYTHON_APP}
    check(run(tmp_path, monkeypatch, files), settings, text)


@pytest.mark.parametrize(("service", "settings", "text"), RENDER_ROWS, ids=lambda value: json.dumps(value)[:50])
def test_render(tmp_path, monkeypatch, service, settings, text):
    files = {"render.yaml": yaml.safe_dump({"services": [{**RENDER, **service}]}), **PYTHON_APP}
    check(run(tmp_path, monkeypatch, files), settings, text)


COMPOSE_ROWS = [
    ({"build": "."}, {"app": "shop", "port": 8000, "database": "none"}, ""),
    ({"build": {"context": ".", "dockerfile": "Dockerfile", "target": "first"}}, {"dockerfileTarget": "first"}, ""),
    (
        {"ports": ["127.0.0.1:80:5000/tcp", "9000/udp"]},
        {"port": 5000},
        "ports[1]: the load balancer forwards HTTP to one",
    ),
    ({"ports": [{"target": 5000, "published": "80"}]}, {"port": 5000}, ""),
    ({"ports": ["${PUBLISHED}:5000"]}, {"port": 5000}, ""),
    ({"environment": ["A=${A:-b}", "C=$${D}"]}, {"env": {"A": "b", "C": "${D}"}}, ""),
    ({"environment": {"A": "${B-${C:-d}}"}}, {"env": {"A": "d"}}, ""),
    ({"environment": {"A": "${B:+x}y"}}, {"env": {"A": "y"}}, ""),
    ({"environment": {"A": "$B"}}, {"env": None}, "env.A VALUE --stack prod"),
    ({"environment": {"API_KEY": "${B:?missing}"}}, {"env": None}, "--secret --path secretValues.API_KEY"),
    ({"environment": {"API_KEY": "${B:-hunter2secret}"}}, {"env": None}, "may be a credential"),
    (
        {"environment": {"CACHE": "redis://cache:6379/1"}},
        {"cache": "valkey", "env": None},
        "CACHE: is the address of a",
    ),
    ({"environment": {"HOST": "cached.example.com"}}, {"env": {"HOST": "cached.example.com"}}, ""),
    (
        {"command": ["gunicorn", "--bind", "0.0.0.0:$PORT", "a b"]},
        {},
        "startCommand: gunicorn --bind 0.0.0.0:$PORT 'a b'",
    ),
    ({"entrypoint": "/run.sh"}, {"startCommand": "/run.sh", "entryPoint": "replace"}, ""),
    ({"healthcheck": {"test": "curl -f http://127.0.0.1:8000/up?x=1 || exit 1"}}, {"healthCheckPath": "/up?x=1"}, ""),
    (
        {"healthcheck": {"test": ["CMD", "true"]}},
        {"healthCheckPath": None},
        "healthcheck.test: the load balancer asks for",
    ),
    (
        {"deploy": {"resources": {"limits": {"cpus": "1.5", "memory": "3072m"}}}},
        {"cpu": 2048, "memory": 4096},
        "next larger",
    ),
    ({"mem_limit": "1g", "cpus": 0.25}, {"memory": 1024}, ""),
    ({"platform": "linux/arm64/v8"}, {"architecture": "arm64"}, ""),
    ({"read_only": False}, {"readOnlyRoot": False}, ""),
    ({"privileged": True}, {}, "privileged: is not possible on Fargate"),
]
FLY = {"http_service": {"internal_port": 8000}}
FLY_ROWS = [
    ({}, {"port": 8000, "database": "none", "bucket": "none"}, ""),
    ({"vm": [{"size": "performance-2x"}]}, {"cpu": 2048, "memory": 4096}, ""),
    ({"vm": [{"size": "shared-cpu-1x", "memory_mb": 512}]}, {"cpu": None}, "a sixteenth of a shared CPU"),
    ({"vm": {"memory": "2gb", "cpus": 2}}, {"cpu": 512, "memory": 2048}, ""),
    ({"vm": [{"size": "a100-40gb"}]}, {"cpu": None}, "vm[0].size: is not a size of Fly that Fargate has"),
    ({"build": {"image": "example/shop:1"}}, {"image": "example/shop:1", "app": None}, ""),
    ({"build": {"build-target": "first"}}, {"dockerfileTarget": "first"}, ""),
    ({"experimental": {"cmd": ["a"]}}, {}, "experimental.cmd: set it as startCommand"),
    ({"env": {"SENTRY_DSN": "https://hunter2@example.com/1"}}, {"env": None}, "may be a credential"),
]


@pytest.mark.parametrize(("service", "settings", "text"), COMPOSE_ROWS, ids=lambda value: json.dumps(value)[:50])
def test_compose(tmp_path, monkeypatch, service, settings, text):
    services = {"web": {"build": ".", "ports": ["80:8000"], **service}, "cache": {"image": "redis:8"}}
    check(
        run(tmp_path, monkeypatch, {"compose.yaml": yaml.safe_dump({"services": services}), **DOCKERFILE}),
        settings,
        text,
    )


@pytest.mark.parametrize(
    ("image", "settings"),
    [
        ("postgis/postgis:16-3.4", {"databaseVersion": "16"}),
        ("bitnami/postgresql", {"database": None}),
        ("mysql:8.4", {"database": "mysql"}),
        ("mariadb:11.4@sha256:abc", {"database": "mariadb"}),
        ("mcr.microsoft.com/mssql/server:2022-latest", {"database": "sqlserver"}),
        ("mcr.microsoft.com/mssql/server:2019-CU28-ubuntu-20.04", {"databaseVersion": "15.00"}),
        ("mcr.microsoft.com/azure-sql-edge", {"database": "sqlserver"}),
        ("registry.example.com:5000/valkey:8", {"cache": "valkey", "database": "none"}),
        ("quay.io/minio/minio", {"bucket": None, "database": "none"}),
        ("softwaremill/elasticmq", {"queue": "sqs"}),
        ("mongo:8", {"database": "documentdb", "databaseVersion": "8.0"}),
        ("mongo:7", {"database": "documentdb", "databaseVersion": "8.0"}),
        ("mongo:5", {"database": "documentdb"}),
    ],
)
def test_an_image_of_compose_is_a_service(tmp_path, monkeypatch, image, settings):
    services = {"web": {"build": ".", "ports": ["80:8000"]}, "other": {"image": image}}
    check(
        run(tmp_path, monkeypatch, {"compose.yaml": yaml.safe_dump({"services": services}), **DOCKERFILE}), settings, ""
    )


@pytest.mark.parametrize(("keys", "settings", "text"), FLY_ROWS, ids=lambda value: json.dumps(value)[:50])
def test_fly(tmp_path, monkeypatch, keys, settings, text):
    check(run(tmp_path, monkeypatch, {"fly.toml": dump({**FLY, **keys}, "fly.toml"), **DOCKERFILE}), settings, text)


@pytest.mark.parametrize(
    ("dockerfile", "text"),
    [
        ("FROM nginx:1.25\nRUN rm /etc/nginx/conf.d/default.conf\n", "services.proxy: the load balancer does its work"),
        ("ARG TAG=2\nFROM node:22 AS assets\nFROM caddy:${TAG}\n", "services.proxy: the load balancer does its work"),
        ("FROM postgres:16\nCOPY init.sql /docker-entrypoint-initdb.d/\n", "databaseVersion: 16"),
    ],
)
def test_an_image_that_adds_files_to_that_of_a_service_is_that_service(tmp_path, monkeypatch, dockerfile, text):
    services = {
        "web": {"build": "./app", "ports": ["8085:5000"]},
        "proxy": {"build": "./proxy", "ports": ["1337:80"], "depends_on": ["web"]},
    }
    files = {
        "compose.yaml": yaml.safe_dump({"services": services}),
        "app/Dockerfile": DOCKERFILE["Dockerfile"],
        "proxy/Dockerfile": dockerfile,
    }
    check(run(tmp_path, monkeypatch, files), {"app": "shop/app", "port": 5000}, text)
