"""If no file that is read lists the packages, the problem names the file that may list them, and what to write."""

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build

FLASK = "flask\ngunicorn\n"


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        (["requirements/production.txt", "requirements/dev.txt"], "with the line `-r requirements/production.txt`."),
        (
            ["requirements/base.txt", "requirements/prod.txt"],
            "`-r requirements/prod.txt` (or another of requirements/base.txt, requirements/prod.txt).",
        ),
        (["requirements-prod.txt"], "with the line `-r requirements-prod.txt`."),
        (["requirements.in"], "`uv pip compile requirements.in -o requirements.txt`"),
        (["setup.py"], "setup.py describes a package; write a requirements.txt with the line `.`"),
        (["setup.cfg"], "setup.cfg describes a package"),
        (["environment.yaml"], "rename environment.yaml to environment.yml."),
        (["backend/requirements.txt"], "by the setting app or as an argument: backend (it has requirements.txt)."),
        (["apps/web/pyproject.toml"], "apps/web (it has pyproject.toml)."),
        (["node_modules/x/requirements.txt", ".venv/requirements.txt", "docs/requirements.txt"], "in one of them."),
        (["requirements/dev.txt"], "list the app's packages in one of them."),
    ],
)
def test_the_file_that_lists_them_is_named(tmp_path, names, fix):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(FLASK)
    with pytest.raises(BuildPlanError) as caught:
        plan_build(tmp_path, PlanSettings(start_command="gunicorn app:app"))
    (problem,) = caught.value.problems
    assert problem.startswith("nothing says what to install; looked for uv.lock")
    assert fix in problem


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("pkg-resources==0.0.0", "is written by Debian's and Ubuntu's pip alone, and no index has it; remove the line"),
        ("pywin32==306", "is a package for Windows alone; remove the line, or add `; sys_platform == 'win32'` to it"),
        ("pyobjc-framework-Cocoa", "is a package for macOS alone; remove the line"),
    ],
)
def test_what_pip_freeze_wrote_on_another_system_is_named_with_its_line(tmp_path, line, reason):
    (tmp_path / "requirements.txt").write_text(f"{FLASK}{line}\n")
    with pytest.raises(BuildPlanError) as caught:
        plan_build(tmp_path, PlanSettings(start_command="gunicorn app:app"))
    (problem,) = caught.value.problems
    assert problem.startswith(f"requirements.txt, line 3: {line!r} {reason}")


@pytest.mark.parametrize("line", ["pywin32==306 ; sys_platform == 'win32'", "pkg-resources ; sys_platform == 'darwin'"])
def test_a_marker_for_that_system_is_enough(tmp_path, line):
    (tmp_path / "requirements.txt").write_text(f"{FLASK}{line}\n")
    assert plan_build(tmp_path, PlanSettings(start_command="gunicorn app:app")).manager == "pip"


@pytest.mark.parametrize("name", ["Containerfile", "Dockerfile.prod", "web.dockerfile", "docker/Dockerfile"])
def test_a_dockerfile_of_another_name_is_named_with_the_setting(tmp_path, name):
    (tmp_path / "requirements.txt").write_text(FLASK)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("FROM python:3.13\n")
    (tmp_path / "Dockerfile.dockerignore").write_text(".git\n")
    settings = PlanSettings(start_command="gunicorn app:app")
    unread = {one.value: one.reason for one in plan_build(tmp_path, settings).decisions if one.subject == "not read"}
    assert unread == {name: "the setting dockerfile makes it decide the image"}
    named = PlanSettings(start_command="gunicorn app:app", dockerfile=name)
    assert "not read" not in [one.subject for one in plan_build(tmp_path, named).decisions]


def test_a_version_of_node_that_another_file_contradicts_is_named(tmp_path):
    (tmp_path / "requirements.txt").write_text(FLASK)
    (tmp_path / "package.json").write_text('{"scripts": {"build": "x"}, "engines": {"node": ">=20"}}')
    (tmp_path / ".nvmrc").write_text("18\n")
    settings = PlanSettings(start_command="gunicorn app:app")
    (reason,) = (one.reason for one in plan_build(tmp_path, settings).decisions if one.subject == "assets")
    assert "Node 18: '18' in .nvmrc, line 1" in reason
    assert "; that contradicts '>=20' in package.json, line 1, which has no effect" in reason
    (tmp_path / ".nvmrc").write_text("22\n")
    assert not any("contradicts" in one.reason for one in plan_build(tmp_path, settings).decisions)
