"""Commands of the stack run in every image: what its task definitions set of the ENTRYPOINT."""

import json
from types import SimpleNamespace

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.releases.release_task import ReleaseCommand, ReleaseTask
from flask_on_aws.runtime_contract.shell import PASS_ARGUMENTS, container_command, pass_arguments_without_shell

from tests.unit.library.flask_app.test_flask_app import COMPUTED

_PASS = list(PASS_ARGUMENTS)
_BASE = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n"
_BOOT = f'{_BASE}ENTRYPOINT ["./boot.sh"]\n'
_WRAPPER = f'{_BASE}ENTRYPOINT ["./wrapper.sh"]\nCMD ["gunicorn", "app:app"]\n'
_SERVER = f'{_BASE}ENTRYPOINT ["gunicorn"]\nCMD ["--bind", "0.0.0.0:8080", "app:app"]\n'
_DISTROLESS = 'FROM gcr.io/distroless/python3-debian12\nCOPY . .\nCMD ["main.py"]\n'
_UNSEEN = 'FROM registry.example.com/base\nENTRYPOINT ["/opt/start"]\n'


@pytest.fixture
def definitions(deploy, mocks, tmp_path):
    """The app's containers, by the names of their task definitions, for a Dockerfile."""
    mocks.computed |= COMPUTED

    def run(dockerfile, **args):
        (tmp_path / "Dockerfile").write_text(dockerfile)
        (tmp_path / "boot.sh").write_text("#!/bin/sh\nexec gunicorn app:app\n")
        (tmp_path / "wrapper.sh").write_text('#!/bin/sh\nset -e\nexec "$@"\n')
        deployed = deploy(lambda: FlaskApp("app", {"app": str(tmp_path), "database": "none", **args}))
        found = deployed.of_type(":TaskDefinition").items()
        return {name: json.loads(definition["containerDefinitions"])[0] for name, definition in found}

    return run


def _entry(container):
    return container.get("entryPoint"), container.get("command")


def test_a_script_that_starts_the_server_makes_way_for_commands(definitions):
    found = definitions(_BOOT, workers={"mail": "python -m mail"}, release_command="flask db upgrade")
    assert _entry(found["app-web"]) == (_PASS, ["/bin/sh", "-c", "exec ./boot.sh"])
    assert _entry(found["app-mail"]) == (_PASS, ["/bin/sh", "-c", "exec python -m mail"])


def test_a_server_as_entry_point_still_starts_with_its_cmd(definitions):
    found = definitions(_SERVER)
    assert _entry(found["app-web"]) == (_PASS, ["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:8080 app:app"])


def test_a_shell_form_is_run_as_it_is_written(definitions):
    found = definitions(f"{_BASE}ENTRYPOINT gunicorn --bind 0.0.0.0:$PORT app:app\n")
    assert _entry(found["app-web"]) == (_PASS, ["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"])


def test_a_start_command_replaces_a_server(definitions):
    found = definitions(_SERVER, start_command="uwsgi --http :$PORT")
    assert _entry(found["app-web"]) == (_PASS, ["/bin/sh", "-c", "exec uwsgi --http :$PORT"])


@pytest.mark.parametrize(
    "dockerfile",
    [_WRAPPER, f'{_BASE}CMD ["gunicorn", "app:app"]\n', f'{_BASE}ENTRYPOINT ["tini", "--"]\nCMD ["gunicorn", "a:a"]\n'],
    ids=["wrapper", "none", "tini"],
)
def test_an_entry_point_that_runs_its_arguments_is_kept_without_a_diff(definitions, dockerfile):
    found = definitions(dockerfile, workers={"mail": "python -m mail"}, release_command="flask db upgrade")
    assert _entry(found["app-web"]) == (None, None)
    assert _entry(found["app-mail"]) == (None, ["/bin/sh", "-c", "exec python -m mail"])


def test_the_setting_decides(definitions):
    kept = definitions(_BOOT, workers={"mail": "python -m mail"}, entry_point="keep")
    assert [_entry(kept[name])[0] for name in ("app-web", "app-mail")] == [None, None]
    replaced = definitions(_WRAPPER, workers={"mail": "python -m mail"}, entry_point="replace")
    assert _entry(replaced["app-web"]) == (_PASS, ["/bin/sh", "-c", "exec ./wrapper.sh gunicorn app:app"])
    assert _entry(replaced["app-mail"]) == (_PASS, ["/bin/sh", "-c", "exec python -m mail"])


def test_what_cannot_be_seen_is_kept_with_a_warning(definitions, monkeypatch):
    warnings = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: warnings.append(message))
    found = definitions(_UNSEEN, workers={"mail": "python -m mail"})
    assert _entry(found["app-web"]) == (None, None)
    assert [text for text in warnings if "/opt/start is not in the build context" in text and "entryPoint" in text]


def test_a_stack_without_commands_is_left_alone_where_a_shell_is_not_certain(definitions):
    found = definitions('FROM registry.example.com/base\nENTRYPOINT ["gunicorn", "app:app"]\n')
    assert _entry(found["app-web"]) == (None, None)


def test_an_image_without_a_shell_runs_plain_words(definitions):
    found = definitions(_DISTROLESS, workers={"mail": "python3 -m mail 'a b'"})
    entry = list(pass_arguments_without_shell("/usr/bin/python3"))
    assert _entry(found["app-web"]) == (entry, ["/usr/bin/python3", "main.py"])
    assert _entry(found["app-mail"]) == (entry, ["python3", "-m", "mail", "a b"])


@pytest.mark.parametrize("line", ["gunicorn -b :$PORT a:a", "a && b", "a | b", "python -c 'a", "A=1 python x.py"])
def test_an_image_without_a_shell_gets_no_command_that_needs_one(definitions, line):
    with pytest.raises(Exception, match=r"needs a shell for .* and the image has none"):
        definitions(_DISTROLESS, release_command=line)


class _Ecs:
    """ECS with one task definition, whose tasks succeed at once."""

    def __init__(self, entry_point):
        container = {"name": "web", **({"entryPoint": list(entry_point)} if entry_point else {})}
        self.definition = {"family": "app-web", "containerDefinitions": [container]}
        self.started = []

    def describe_task_definition(self, **_):
        return {"taskDefinition": self.definition}

    def get_paginator(self, _):
        return SimpleNamespace(paginate=lambda **_: [{"taskArns": []}])

    def run_task(self, **request):
        self.started.append(request)
        return {"tasks": [{"taskArn": "arn:task/1"}], "failures": []}

    def describe_tasks(self, **_):
        return {"tasks": [{"lastStatus": "STOPPED", "containers": [{"name": "web", "exitCode": 0}]}]}


@pytest.mark.parametrize(
    ("entry_point", "command"),
    [
        ((), ["/bin/sh", "-c", "exec flask db upgrade"]),
        (PASS_ARGUMENTS, ["/bin/sh", "-c", "exec flask db upgrade"]),
        (pass_arguments_without_shell("python3"), ["flask", "db", "upgrade"]),
    ],
)
def test_the_release_command_fits_the_entry_point_of_its_task_definition(entry_point, command):
    ecs = _Ecs(entry_point)
    wanted = ReleaseCommand("cluster", "app-web:1", "web", "flask db upgrade", ["s"], ["g"], False, "1", 60)
    ReleaseTask(lambda name: ecs, lambda text: None).run(wanted)
    (request,) = ecs.started
    assert request["overrides"] == {"containerOverrides": [{"name": "web", "command": command}]}


def test_a_command_of_words_is_split_as_a_shell_would():
    assert container_command("a 'b c' d", pass_arguments_without_shell("python3")) == ["a", "b c", "d"]
