"""Warnings of servers that cannot be made to fit the load balancer from outside."""

import pytest
from flask_on_aws.build_plan.commands.server_warnings import server_warnings
from flask_on_aws.build_plan.plan import plan_build

CUT_OFF, BELIEVES = "ends without finishing its requests", "believes an address that a visitor sends"


@pytest.mark.parametrize(
    ("command", "sentences", "fix"),
    [
        ("waitress-serve --listen 0.0.0.0:$PORT app:app", [CUT_OFF], "gunicorn --bind"),
        ("exec /venv/bin/waitress-serve app:app", [CUT_OFF], "gunicorn --bind"),
        ("python -m waitress app:app", [CUT_OFF], "gunicorn --bind"),
        ("daphne --bind 0.0.0.0 --port $PORT shop.asgi:application", [CUT_OFF], "uvicorn --host"),
        ("daphne --proxy-headers shop.asgi:application", [CUT_OFF, BELIEVES], "remove --proxy-headers"),
        ("gunicorn -k uvicorn_worker.UvicornWorker app:app", [BELIEVES], "--forwarded-allow-ips"),
        ("gunicorn app:app --worker-class=uvicorn.workers.UvicornH11Worker", [BELIEVES], "gunicorn 24 or newer"),
        ("fastapi run main.py --port $PORT", ["closes idle connections after 5 s"], "uvicorn --host"),
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
