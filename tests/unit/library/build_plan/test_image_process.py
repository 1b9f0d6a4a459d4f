"""Where processes run, the start command comes from an own Dockerfile whose CMD is an ordinary command line."""

from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build

_BASE = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n"
_GUNICORN = '"gunicorn", "--bind", "0.0.0.0:8080", "app:app"'
_LINE = "gunicorn --bind 0.0.0.0:8080 app:app"
_ORDINARY = {
    "exec form": (f"CMD [{_GUNICORN}]", _LINE),
    "shell form": ("CMD gunicorn --bind 0.0.0.0:$PORT app:app", "gunicorn --bind 0.0.0.0:$PORT app:app"),
    "exec in a shell": ("CMD exec gunicorn -b :$PORT app:app", "gunicorn -b :$PORT app:app"),
    "sh -c": ('CMD ["sh", "-c", "flask db upgrade && exec gunicorn app:app"]', "flask db upgrade && gunicorn app:app"),
    "server as entry point": (f"ENTRYPOINT [{_GUNICORN}]", _LINE),
    "entry point and arguments": ('ENTRYPOINT ["gunicorn"]\nCMD ["app:app"]', "gunicorn app:app"),
    "shell form of the entry point": ("ENTRYPOINT gunicorn app:app", "gunicorn app:app"),
    "tini": (f'ENTRYPOINT ["tini", "--"]\nCMD [{_GUNICORN}]', _LINE),
    "server behind tini": (f'ENTRYPOINT ["tini", "--", {_GUNICORN}]', _LINE),
    "wrapper": (f'ENTRYPOINT ["./wrapper.sh"]\nCMD [{_GUNICORN}]', _LINE),
    "poetry": ('CMD ["poetry", "run", "gunicorn", "app:app"]', "gunicorn app:app"),
    "poetry in a shell": ("CMD poetry run gunicorn -b :$PORT app:app", "gunicorn -b :$PORT app:app"),
    "uv": ('CMD ["uv", "run", "--no-sync", "gunicorn", "app:app"]', "gunicorn app:app"),
    "environment's program": ('CMD ["/venv/bin/gunicorn", "app:app"]', "gunicorn app:app"),
    "paths of the folder": (
        'CMD ["gunicorn", "-c", "/app/conf/g.py", "--chdir", "/app", "app:app"]',
        "gunicorn -c conf/g.py --chdir . app:app",
    ),
    "shared memory": (
        'CMD ["gunicorn", "--worker-tmp-dir", "/dev/shm", "app:app"]',
        "gunicorn --worker-tmp-dir /dev/shm app:app",
    ),
    "variable of the image": (
        "ENV MODULE=app:app PORT=80\nCMD gunicorn -b :$PORT $MODULE",
        "gunicorn -b :$PORT app:app",
    ),
    "python": ('CMD ["python", "app.py"]', "python app.py"),
    "flask": ('CMD ["flask", "run", "--host=0.0.0.0"]', "flask run --host=0.0.0.0"),
}


def _write(folder: Path, text: str) -> Path:
    (folder / "requirements.txt").write_text("flask\ngunicorn\n")
    (folder / "Dockerfile").write_text(_BASE + text)
    (folder / "wrapper.sh").write_text('#!/bin/sh\nexec "$@"\n')
    (folder / "boot.sh").write_text("#!/bin/sh\nsource venv/bin/activate\nexec gunicorn app:app\n")
    return folder


@pytest.mark.parametrize(("text", "expected"), _ORDINARY.values(), ids=_ORDINARY)
def test_an_ordinary_command_line_is_the_start_command(tmp_path, text, expected):
    plan = plan_build(_write(tmp_path, text), as_processes=True)
    assert plan.start_command == expected
    (decision,) = (one for one in plan.decisions if one.subject == "start command")
    assert decision.reason.endswith("of Dockerfile")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'ENTRYPOINT ["./boot.sh"]',
            "the ENTRYPOINT of Dockerfile (./boot.sh: ./boot.sh is a script or program",
        ),
        (
            'CMD ["/app/boot.sh"]',
            "the CMD of Dockerfile (/app/boot.sh: /app/boot.sh is a script or program",
        ),
        ('CMD ["bash", "boot.sh"]', "the CMD of Dockerfile (bash boot.sh: it is a script of the image)"),
        ('CMD ["/opt/run"]', "/opt/run is a script or program of the image, which is not in the folder"),
        ('CMD ["gunicorn", "-c", "/etc/g.py", "app:app"]', "/etc/g.py is a path of the image"),
        ("USER app", "Dockerfile (it has no CMD)"),
    ],
)
def test_any_other_is_reported_with_the_ways_on(tmp_path, text, words):
    with pytest.raises(BuildPlanError) as caught:
        plan_build(_write(tmp_path, text), as_processes=True)
    (sentence,) = caught.value.problems
    assert words in sentence
    assert sentence.startswith(
        "nothing says how the app starts; looked at the setting start_command (not set), Procfile"
    )
    assert "or run its image with --runtime container" in sentence


def test_the_command_is_that_of_the_stage_which_is_built(tmp_path):
    """Often the last stage of a Dockerfile is for tests or development."""
    folder = _write(tmp_path, f'FROM python:3.13-slim AS web\nCMD [{_GUNICORN}]\nFROM web AS dev\nCMD ["flask", "run"]')
    settings = PlanSettings(dockerfile_target="web")
    assert plan_build(folder).image_process == plan_build(folder, as_processes=True).start_command == "flask run"
    plan = plan_build(folder, settings)
    assert (plan.dockerfile_target, plan.image_process) == ("web", _LINE)
    assert plan_build(folder, settings, as_processes=True).start_command == _LINE


@pytest.mark.parametrize("as_processes", [False, True])
def test_a_stage_that_is_not_there_is_reported_with_those_that_are(tmp_path, as_processes):
    with pytest.raises(BuildPlanError) as caught:
        plan_build(_write(tmp_path, "FROM a AS web\n"), PlanSettings(dockerfile_target="prod"), as_processes)
    assert list(caught.value.problems) == ["Dockerfile has no stage 'prod'; it has: web."]


def test_the_procfile_comes_first(tmp_path):
    folder = _write(tmp_path, f"CMD [{_GUNICORN}]")
    (folder / "Procfile").write_text("web: gunicorn other:app\n")
    assert plan_build(folder, as_processes=True).start_command == "gunicorn other:app"
