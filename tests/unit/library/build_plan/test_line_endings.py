"""A script with the line endings of Windows is reported by the plan: its container would end with "not found"."""

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build

SCRIPT = "#!/bin/bash\r\nexec gunicorn app:app\r\n"
COPIED = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n"
SENTENCE = (
    "boot.sh has the line endings of Windows, with which Linux does not run it; convert it with `dos2unix boot.sh`, "
    "and have Git keep them with the line `boot.sh text eol=lf` in .gitattributes."
)


@pytest.fixture
def app(tmp_path):
    (tmp_path / "requirements.txt").write_text("flask\ngunicorn\n")
    (tmp_path / "boot.sh").write_bytes(SCRIPT.encode())
    return tmp_path


def problems_of(folder, settings=None):
    try:
        plan_build(folder, settings)
    except BuildPlanError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    "line",
    [
        *("sh boot.sh", "./boot.sh", "bash -e boot.sh", ". ./boot.sh", "source boot.sh", "sh -c './boot.sh'"),
        *("MODE=1 exec ./boot.sh", "flask db upgrade && ./boot.sh", "if ./boot.sh; then true; fi", "env A=1 ./boot.sh"),
    ],
)
def test_a_script_that_a_command_runs_is_reported(app, line):
    assert problems_of(app, PlanSettings(start_command=line)) == [SENTENCE]


@pytest.mark.parametrize("process", ["release", "worker"])
def test_every_command_of_the_procfile_counts(app, process):
    (app / "Procfile").write_text(f"web: gunicorn app:app\n{process}: ./boot.sh\n")
    assert problems_of(app) == [SENTENCE]


@pytest.mark.parametrize(
    "line", ["cat boot.sh", "python manage.py", "gunicorn -c conf.py app:app", "sh /opt/boot.sh", "sh 'boot.sh"]
)
def test_what_no_shell_reads_is_not(app, line):
    for name in ("manage.py", "conf.py"):
        (app / name).write_bytes(b"#!/usr/bin/env python\r\nprint()\r\n")
    assert not any("line endings" in problem for problem in problems_of(app, PlanSettings(start_command=line)))


def test_a_program_in_python_is_reported_where_it_runs_itself(app):
    (app / "serve.py").write_bytes(b"#!/usr/bin/env python\r\nprint()\r\n")
    (problem,) = problems_of(app, PlanSettings(start_command="./serve.py"))
    assert problem.startswith("serve.py has the line endings of Windows")


@pytest.mark.parametrize(
    "text",
    [
        f'{COPIED}ENTRYPOINT ["./boot.sh"]',
        f'{COPIED}CMD ["sh", "boot.sh"]',
        f"{COPIED}CMD ./boot.sh",
        'FROM python:3.13-slim\nCOPY boot.sh /usr/local/bin/boot\nENTRYPOINT ["tini", "--", "boot"]',
    ],
)
def test_a_script_that_the_image_runs_is_reported(app, text):
    (app / "Dockerfile").write_text(text)
    assert problems_of(app) == [SENTENCE]


@pytest.mark.parametrize("converting", ["RUN dos2unix boot.sh", r"RUN sed -i 's/\r$//' boot.sh"])
def test_a_dockerfile_that_converts_scripts_is_trusted(app, converting):
    (app / "Dockerfile").write_text(f'{COPIED}{converting}\nENTRYPOINT ["./boot.sh"]')
    assert problems_of(app) == []


def test_a_script_with_the_line_endings_of_linux_is_not_reported(app):
    (app / "boot.sh").write_text(SCRIPT.replace("\r", ""))
    assert problems_of(app, PlanSettings(start_command="./boot.sh")) == []
