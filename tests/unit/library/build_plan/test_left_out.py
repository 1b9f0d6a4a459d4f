"""Virtual environments in an app's folder: in no image, no hash, no copy, whatever their names."""

import shlex
import shutil
from pathlib import Path

import pytest
from flask_on_aws.build_plan.dockerignore import ignore_lines, ignore_rules
from flask_on_aws.build_plan.left_out import LEFT_OUT, environments, ignore_file, ignored_in, is_left_out
from flask_on_aws.build_plan.plan import BuildPlanError, plan_build
from flask_on_aws.image.build_context import content_hash
from flask_on_aws.image.dockerfile import render_dockerfile
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.catalogue import MANAGERS


def environment(folder: Path, mark: str = "pyvenv.cfg") -> Path:
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "big.py").write_text("1\n")
    if mark == "conda-meta":
        (folder / mark).mkdir()
    else:
        (folder / mark).write_text("home = /usr/bin\n")
    return folder


@pytest.fixture
def app(tmp_path) -> Path:
    return MANAGERS["pip"].write(tmp_path / "app")


# Its path and its mark.
ENVIRONMENTS = [
    *(("env", "pyvenv.cfg"), (".env311", "pyvenv.cfg"), ("my env", "pyvenv.cfg"), ("#env[1]*", "pyvenv.cfg")),
    *(("tools/deep/env", "pyvenv.cfg"), ("conda", "conda-meta"), (".pixi/envs/default", "conda-meta")),
    *((".tox/py313", "pyvenv.cfg"), (".nox/tests", "pyvenv.cfg"), ("tools/.venv", "pyvenv.cfg")),
]


@pytest.mark.parametrize(("path", "mark"), ENVIRONMENTS)
def test_an_environment_of_any_name_is_left_out_everywhere(app, tmp_path, path, mark):
    before = render_dockerfile(plan_build(app))
    environment(app / path, mark)
    plan = plan_build(app)
    assert plan.environments == (path,)
    without = f"RUN rm -rf {' '.join(LEFT_OUT)} \\\n"
    assert render_dockerfile(plan) == before.replace(without, f"RUN rm -rf {shlex.join((*LEFT_OUT, path))} \\\n")
    decision = next(decision for decision in plan.decisions if decision.value == path)
    assert decision.subject == "left out"
    assert "Name them in .dockerignore" in decision.reason
    hashed = content_hash(str(app), "", {}, plan.environments)
    (app / path / "lib" / "big.py").write_text("2\n")
    assert content_hash(str(app), "", {}, plan.environments) == hashed
    shutil.copytree(app, tmp_path / "copy", ignore=ignored_in(app))
    assert (tmp_path / "copy" / "app.py").is_file()
    assert not (tmp_path / "copy" / path).exists()
    assert is_left_out(app, app / path / "lib" / "big.py")
    assert not is_left_out(app, app / "app.py")
    assert matched_paths(ignore_file(app, plan.environments), tmp_path) == [path]


def matched_paths(text: str, folder: Path) -> list[str]:
    """The paths that lines of a .dockerignore match among those of this file."""
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / ".dockerignore").write_text(text)
    rules = ignore_rules(folder / "rules")
    return [path for path, _ in ENVIRONMENTS if any(rule.pattern.fullmatch(path) for rule in rules)]


def test_a_folder_without_environments_gets_the_same_image_as_before(app):
    (app / "pyvenv").mkdir()
    (app / "docs" / "pyvenv.cfg").mkdir(parents=True)  # a folder of that name marks nothing
    (app / "conda-meta.txt").write_text("")
    plan = plan_build(app)
    assert plan.environments == ()
    assert f"RUN rm -rf {' '.join(LEFT_OUT)} \\\n" in render_dockerfile(plan)
    assert [decision.value for decision in plan.decisions if decision.subject == "left out"] == [", ".join(LEFT_OUT)]


def test_a_usual_name_changes_the_context_and_not_the_dockerfile(app):
    before = render_dockerfile(plan_build(app))
    environment(app / ".venv")
    plan = plan_build(app)
    assert plan.environments == (".venv",)
    assert render_dockerfile(plan) == before


@pytest.mark.parametrize("rules", ["env\n", "**/env", "*\n!*.py\n!requirements.txt\n", "e*\n"])
def test_an_environment_that_dockerignore_names_changes_nothing(app, rules):
    (app / ".dockerignore").write_text(rules)
    before = render_dockerfile(plan_build(app))
    environment(app / "env")
    plan = plan_build(app)
    assert (plan.environments, render_dockerfile(plan)) == ((), before)


def test_an_environment_that_dockerignore_keeps_is_left_out(app):
    environment(app / "tools" / "env")
    (app / ".dockerignore").write_text("tools\n!tools/env\n")
    assert plan_build(app).environments == ("tools/env",)
    assert ignore_file(app, ["tools/env"]).splitlines() == ["tools", "!tools/env", "/tools/env", "**/.flask-on-aws"]


def test_a_link_to_an_environment_is_left_out(app, tmp_path):
    (app / "env").symlink_to(environment(tmp_path / "elsewhere"))
    (app / "loop").symlink_to(app)
    assert plan_build(app).environments == ("env",)


def test_environments_within_environments_and_in_node_modules_are_not_searched(app):
    environment(environment(app / "env") / "inner")
    environment(app / "static" / "node_modules" / "tool")
    assert plan_build(app).environments == ("env",)


def test_with_an_app_s_own_dockerfile_environments_are_reported(app):
    (app / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY . .\nCMD gunicorn app:app\n")
    environment(app / "env")
    decision = next(decision for decision in plan_build(app).decisions if decision.subject == "sent to the builder")
    assert (decision.value, "name them in .dockerignore" in decision.reason) == ("also env", True)
    (app / "Dockerfile.dockerignore").write_text("env\n")
    assert "sent to the builder" not in [decision.subject for decision in plan_build(app).decisions]


def test_a_line_of_dockerignore_that_is_no_pattern_is_a_problem_of_the_plan(app):
    (app / ".dockerignore").write_text("[a\n")
    with pytest.raises(BuildPlanError, match=r"'\[a' in .*\.dockerignore' is not a pattern"):
        plan_build(app)


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\n\r\x00\x85\u2028\u2029"), min_size=1).map(str.strip))
def test_a_line_leaves_out_its_path_alone(tmp_path_factory, name):
    if name in ("", ".", "..") or len(name.splitlines()) != 1:
        return
    folder = tmp_path_factory.mktemp("app")
    (folder / ".dockerignore").write_text(ignore_lines([name]), encoding="utf-8")
    (rule,) = ignore_rules(folder)
    assert rule.pattern.fullmatch(name)
    assert not rule.keep
    assert not rule.pattern.fullmatch(f"{name}x")


def test_the_names_of_the_search_are_paths_with_slashes(tmp_path):
    environment(tmp_path / "b" / "env")
    environment(tmp_path / "a")
    assert environments(tmp_path) == ("a", "b/env")
