"""Which variables may be credentials, and what becomes of scripts."""

import pytest
from flask_on_aws_cli.importers.drafts.credentials import has_credential, may_be_credential
from flask_on_aws_cli.importers.drafts.shell_scripts import build_steps, one_command

CREDENTIALS = [
    ("DATABASE", "postgres://shop:pw@db.example.com/shop"),
    ("BROKER", "amqps://user@host/vhost"),
    ("SENTRY", "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/2"),
    ("ANYTHING", "AKIAIOSFODNN7EXAMPLE"),
    ("PAYMENTS", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ("REPOSITORY", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ("CHAT", "xoxb-123456789012-abcdefGHIJKL"),
    ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
    ("TLS", "-----BEGIN PRIVATE KEY-----\nMIIE"),
    ("HASH", "d41d8cd98f00b204e9800998ecf8427e"),
    ("TENANT", "7f3c2a10-9b1e-4f77-8c55-0d2a6e9b4c31"),
    ("RANDOM", "wJalrXUtnFEMI/K7MDENGbPxRfiCYEXAMPLEKEY1"),
    ("CALLBACK", "https://example.com/hook?token=abc"),
    ("ODBC", "Server=db;Uid=shop;Pwd=pw1"),
    ("MAIL_PASSWORD", "hunter2"),
    ("SECRET_KEY", "change-me"),
    ("STRIPE_API_KEY", "x"),
    ("SLACK_WEBHOOK", "https://hooks.example.com/a"),
    ("AWS_ACCESS_KEY_ID", "anything"),
    ("DJANGO_SALT", "pepper"),
    ("JWT", "abc"),
    ("mailPassword", "abc"),
]
HARMLESS = [
    ("GREETING", "hello"),
    ("TOKEN_LIFETIME", "3600"),
    ("USE_TOKENS", "true"),
    ("STRIPE_PUBLISHABLE_KEY", "pk_abc"),
    ("API_KEY_FILE", "/run/key.pem"),
    ("CDN", "https://cdn.example.com/static/2024/app-bundle-v2.js"),
    ("DJANGO_SETTINGS_MODULE", "shop.settings.production_environment_2"),
    ("DESCRIPTION", "a-long-name-with-many-words-and-the-number-12"),
    ("KEYBOARD", "qwerty"),
    ("MONKEY_PATCH", "eventlet"),
    ("LOG_FORMAT", "%(asctime)s [%(levelname)s] %(message)s"),
    ("EMPTY_SECRET", ""),
    ("COMMAND", "gunicorn --workers 2 --bind 0.0.0.0:$PORT app:app"),
]


@pytest.mark.parametrize(("name", "value"), CREDENTIALS)
def test_a_credential(name, value):
    assert may_be_credential(name, value)


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_no_credential(name, value):
    assert not may_be_credential(name, value)


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        ("celery --broker redis://:pw@cache/0 worker", True),
        ("search --master-key=abcdef", True),
        ("search --master-key=$KEY", False),
        ("python -m shop.mailer --password hunter2", True),
        ("gunicorn 'shop:create_app()' --access-logfile -", False),
    ],
)
def test_a_command_with_a_credential(command, is_one):
    assert has_credential(command) == is_one


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("flask db upgrade\n", "flask db upgrade"),
        ("set -eux\n# first\nflask db upgrade  # all\n\nflask seed;\n", "flask db upgrade && flask seed"),
        ("# echo 'to do'\nflask db upgrade\n", "flask db upgrade"),
        ("flask db \\\n  upgrade\n", "flask db upgrade"),
        ("if true; then\n  flask db upgrade\nfi\n", "if true; then\n  flask db upgrade\nfi"),
        ("echo '# not a comment'\n", "echo '# not a comment'"),
        ("cat <<END\nx\nEND\n", "cat <<END\nx\nEND"),
    ],
)
def test_a_script_as_one_command(script, command):
    assert one_command(script) == command


@pytest.mark.parametrize(
    ("script", "installs", "command"),
    [
        ("pip install -r requirements.txt\nflask assets build", 1, "flask assets build"),
        ("python3 -m pip install --upgrade pip && flask assets build", 1, "flask assets build"),
        ("poetry config virtualenvs.create false\npoetry install\nnpm ci && npm run build", 4, ""),
        (
            "curl -LsSf https://astral.sh/uv/install.sh | sh\nexport PATH=$HOME/.local/bin:$PATH\nuv sync --frozen",
            3,
            "",
        ),
        (
            "mkdir logs\npython manage.py collectstatic\nrm -rf logs",
            0,
            "mkdir logs && python manage.py collectstatic && rm -rf logs",
        ),
    ],
)
def test_a_build_script_without_what_the_plan_installs(script, installs, command):
    steps = build_steps(script)
    assert (len(steps.installs), steps.command) == (installs, command)
    assert (steps.packages, steps.has_system_packages, steps.is_complex) == ((), False, False)


def test_packages_of_the_system_are_not_installed_by_the_build_command():
    steps = build_steps("yum install -y openssl && flask assets build\nsudo apt-get update\n")
    assert (steps.command, steps.has_system_packages) == ("flask assets build", True)


def test_packages_that_only_the_build_script_names():
    steps = build_steps("pip install -U pip 'uvicorn[standard]==0.30'\npip install -r requirements/prod.txt\n")
    assert (steps.packages, steps.command) == (("uvicorn[standard]==0.30", "requirements/prod.txt"), "")
