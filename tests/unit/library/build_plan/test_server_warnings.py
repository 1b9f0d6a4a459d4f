"""Warnings of servers that cannot be made to fit the load balancer from outside."""

import pytest
from flask_on_aws.build_plan.commands.server_warnings import server_warnings, with_trust
from flask_on_aws.build_plan.plan import plan_build
from packaging.version import Version

CUT_OFF, TRUSTS = "ends without finishing its requests", "trusts an address that a visitor sends"


@pytest.mark.parametrize(
    ("command", "sentences", "fix"),
    [
        ("waitress-serve --listen 0.0.0.0:$PORT app:app", [CUT_OFF], "gunicorn --bind"),
        ("exec /venv/bin/waitress-serve app:app", [CUT_OFF], "gunicorn --bind"),
        ("python -m waitress app:app", [CUT_OFF], "gunicorn --bind"),
        ("daphne --bind 0.0.0.0 --port $PORT shop.asgi:application", [CUT_OFF], "uvicorn --host"),
        ("daphne --proxy-headers shop.asgi:application", [CUT_OFF, TRUSTS], "remove --proxy-headers"),
        ("gunicorn -k uvicorn_worker.UvicornWorker app:app", [TRUSTS], "--forwarded-allow-ips"),
        ("gunicorn app:app --worker-class=uvicorn.workers.UvicornH11Worker", [TRUSTS], "gunicorn>=24.1.1"),
        ("fastapi run main.py --port $PORT", ["closes idle connections after 5 s"], "uvicorn --host"),
        (
            "litestar --app main:app run --host 0.0.0.0 --port $PORT",
            ["closes idle connections after 5 s"],
            "uvicorn --host",
        ),
        ("litestar run", [TRUSTS], "uvicorn --host"),
        ("litestar --app main:app database upgrade --no-prompt", [], ""),
        ("python -m http.server $PORT", [CUT_OFF], "files alone"),
        ('gunicorn -k uvicorn_worker.UvicornWorker --forwarded-allow-ips "$A" app:app', [], ""),
        ("gunicorn -k gthread app:app", [], ""),
        ("uvicorn --port $PORT app:app", [], ""),
        ("python daphne.py", [], ""),
        ("celery -A waitress_queue worker", [], ""),
        ("fastapi dev main.py", [], ""),
        ("", [], ""),
    ],
)
def test_a_server_that_cannot_be_made_to_fit_is_warned_of_with_its_fix(command, sentences, fix):
    warnings = list(server_warnings(command))
    assert all(any(sentence in warning.sentence for warning in warnings) for sentence in sentences)
    assert len(warnings) == len(sentences)
    assert not sentences or any(fix in warning.fix for warning in warnings)


@pytest.mark.parametrize(
    "files",
    [
        {"Procfile": "web: daphne shop.asgi:application\n", "requirements.txt": "daphne\n"},
        {"Dockerfile": 'FROM python:3.13\nCMD ["daphne", "shop.asgi:application"]\n'},
    ],
    ids=["planned", "dockerfile"],
)
def test_the_plan_has_the_warnings_of_its_start_command(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (warning,) = (decision for decision in plan_build(tmp_path).decisions if decision.subject == "warning")
    assert CUT_OFF in warning.value
    assert "uvicorn" in warning.reason


WORKER = "gunicorn -k uvicorn_worker.UvicornWorker app:app"
TRUSTING = WORKER.replace("gunicorn", 'gunicorn --forwarded-allow-ips "$UVICORN_FORWARDED_ALLOW_IPS"', 1)
UV_LOCK = """
[[package]]
name = "shop"
source = { virtual = "." }
dependencies = [{ name = "gunicorn" }]
[[package]]
name = "gunicorn"
version = "27.0.1"
source = { registry = "https://pypi.org/simple" }
"""
POETRY_LOCK = """
[[package]]
name = "gunicorn"
version = "24.1.1"
groups = ["main"]
optional = false
"""


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"requirements.txt": "gunicorn==27.0.1\n"}, TRUSTING),
        ({"requirements.txt": "gunicorn>=24.1.1,<28\n"}, TRUSTING),
        ({"requirements.txt": "gunicorn~=24.1.1 ; sys_platform == 'linux'\n"}, TRUSTING),
        ({"requirements.txt": "gunicorn==25.*\n"}, TRUSTING),
        ({"requirements.txt": "gunicorn\n"}, WORKER),
        ({"requirements.txt": "gunicorn==24.1.0\n"}, WORKER),
        ({"requirements.txt": "gunicorn>=24\n"}, WORKER),
        ({"requirements.txt": "gunicorn==23.0.0\n"}, WORKER),
        ({"requirements.txt": "gunicorn>=20\n"}, WORKER),
        ({"requirements.txt": "gunicorn<24\n"}, WORKER),
        ({"requirements.txt": "gunicorn>=25 ; python_version>='3.12'\ngunicorn<24 ; python_version<'3.12'\n"}, WORKER),
        ({"requirements.txt": "uvicorn-worker==0.4.0\n"}, WORKER),
        ({"pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['gunicorn>=25']\n"}, TRUSTING),
        (
            {
                "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['gunicorn']\n",
                "uv.lock": f"version = 1{UV_LOCK}",
            },
            TRUSTING,
        ),
        (
            {
                "pyproject.toml": "[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\ngunicorn = '*'\n",
                "poetry.lock": POETRY_LOCK,
            },
            TRUSTING,
        ),
    ],
)
def test_uvicorn_s_worker_trusts_the_load_balancer_alone_where_gunicorn_accepts_networks(tmp_path, files, command):
    for name, text in ({"Procfile": f"web: {WORKER}\n"} | files).items():
        (tmp_path / name).write_text(text)
    plan = plan_build(tmp_path)
    assert plan.start_command == command
    assert [decision.subject for decision in plan.decisions].count("warning") == (command == WORKER)


@pytest.mark.parametrize(
    "command", ["gunicorn app:app", TRUSTING, "cd gunicorn && uvicorn app:app -k uvicorn_worker", "uvicorn app:app", ""]
)
def test_other_commands_get_no_option(command):
    assert with_trust(command, {"gunicorn": Version("27")}) == command


def test_the_option_is_one_of_gunicorn_in_a_longer_command():
    command = f"cd gunicorn && A=1 exec {WORKER}"
    assert with_trust(command, {"gunicorn": Version("27")}) == f"cd gunicorn && A=1 exec {TRUSTING}"
