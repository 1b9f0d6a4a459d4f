"""From folders to plans: every app of tests/apps, and any folder at all."""

import json
import re

import pytest
import yaml
from flask_on_aws.build_plan.node.version import _tag
from flask_on_aws.build_plan.packages.python_version import SUPPORTED, _allowed
from flask_on_aws.build_plan.packages.requirements import Requirements, add_line, add_requirement
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build
from flask_on_aws.build_plan.project_files import FileError
from flask_on_aws.build_plan.unread_files import _REASONS
from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs
from flask_on_aws.image.dockerfile import render_dockerfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.catalogue import BAD, GOOD, WEB, App


def settings_of(app):
    return PlanSettings(**app.settings)


@pytest.mark.parametrize("name", GOOD)
def test_an_app_gets_its_plan_with_reasons(tmp_path, name):
    app = GOOD[name]
    plan = plan_build(app.write(tmp_path / "app"), settings_of(app))
    assert {key: getattr(plan, key) for key in app.plan} == app.plan
    for subject, part in app.reasons.items():
        assert any(d.subject == subject and part in d.reason for d in plan.decisions), plan.decisions
    assert all(decision.reason for decision in plan.decisions)


@pytest.mark.parametrize("name", BAD)
def test_all_problems_of_an_app_without_a_plan_are_reported_as_sentences(tmp_path, name):
    app = BAD[name]
    folder = app.write(tmp_path / "app")
    with pytest.raises(BuildPlanError) as error:
        plan_build(folder, settings_of(app))
    assert tuple(text.replace(f"{folder}/", "") for text in error.value.problems) == app.problems


def test_without_its_dockerfile_an_app_is_planned_as_processes(tmp_path):
    folder = GOOD["dockerfile"].write(tmp_path / "app")
    (folder / "pyproject.toml").unlink()
    assert plan_build(folder, as_processes=True).manager == "pip"
    (folder / "requirements.txt").unlink()
    with pytest.raises(BuildPlanError, match="a Dockerfile alone builds an image, and nothing else"):
        plan_build(folder, as_processes=True)


def test_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(BuildPlanError, match="is not a folder; give the path"):
        plan_build(tmp_path / "none")


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (">=3.10", list(SUPPORTED)),
        ("^3.13", ["3.13", "3.14", "3.15"]),
        ("~3.12", ["3.12"]),
        ("3.12.*", ["3.12"]),
        ("~=3.12.4", ["3.12"]),
        (">3.12 <3.14", ["3.12", "3.13"]),
        ("<3.12 || ^3.15", ["3.11", "3.15"]),
        ("!=3.12.*,<3.14", ["3.11", "3.13"]),
        ("==3.12", []),  # that is 3.12.0 alone
        ("*", list(SUPPORTED)),
    ],
)
def test_ranges_mean_what_they_mean_to_pip_and_poetry(wanted, allowed):
    assert _allowed("here", wanted) == allowed


@pytest.mark.parametrize(
    ("wanted", "takes"),
    [
        *(
            (">=18", True),
            ("22.x", True),
            ("22.X.x", True),
            ("^22.1", True),
            ("<22", False),
            ("<22.5", True),
            ("*", True),
        ),
        *(("20 - 24", True), ("18 - 21", False), (">22", False), ("<=22", True), ("<22.0.1", True), ("=v22.3", True)),
        *((">22.3 <22.5", True), (">22.3.1 <22.3.3", True), ("<22.3 >22.5", False), (">= 20.0.0 < 25", True)),
        *(("~> 22.1", True), ("~> 24.1", False), ("> 18.x", True), ("lts/*", False), ("node", False), ("!!", False)),
        *(("18||22", True), ("lts/* || ^22", True), (">=24.0.0-rc.1", False), ("", True)),
    ],
)
def test_engines_of_node(wanted, takes):
    assert (_tag(wanted).split(".")[0] == "22") is takes


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Flask[async,Dotenv] >= 3 , < 4", {"flask", "flask-async", "flask-dotenv"}),
        ("psycopg2==2.9.10 --hash=sha256:abc --hash=sha256:def", {"psycopg2"}),
        ("zope.interface (>=6) ; python_version > '3'", {"zope-interface"}),
        ("pywin32 ; sys_platform == 'win32'", set()),
        ("psycopg2 ; sys_platform != 'linux' or platform_machine == 'aarch64'", {"psycopg2"}),
        ("psycopg2 ; python_version < '3.10'", set()),
        ("psycopg2 ; python_version < '3.12'", {"psycopg2"}),
        ("mysqlclient ; extra == 'mysql'", set()),
        ("name@https://example.com/name-1.0-py3-none-any.whl", {"name"}),
        ("-e git+https://example.com/app.git#egg=app", set()),
        ("flask==${FLASK_VERSION}", {"flask"}),
        ("shop @ https://${TOKEN}@example.com/shop.tar.gz", {"shop"}),
    ],
)
def test_what_an_image_needs_of_a_requirement(line, names):
    found = Requirements()
    add_requirement(found, line, "requirements.txt, line 1")
    assert (found.names, found.git) == (names, "git+" in line)


@pytest.mark.parametrize(
    "line",
    [
        *("./shop", "file:shop", "-e .", "-e ./shop[web]", "shop-1.0-py3-none-any.whl", "vendor/shop-1.0.tar.gz"),
        *("shop @ file:./shop", "shop @ file:///${ROOT}/shop", "./shop#egg=shop", "vendor/../shop.whl"),
        *("shop.zip ; python_version > '3'", "shop-1.0.tar.gz;python_version>'3'"),
    ],
)
def test_what_is_in_the_folder_is_installed_from_the_code(line):
    found = Requirements()
    add_requirement(found, line, "requirements.txt, line 1")
    assert (found.names, found.local) == (set(), f"{line!r} in requirements.txt, line 1")


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        (
            "flask @ file:///home/conda/feedstock_root/build_artifacts/flask_1/work",
            "write the version instead, flask==…;",
        ),
        ("flask @ file:///C:/ci/flask_1/work", "write the version instead, flask==…;"),
        ("flask @ file://localhost/tmp/flask.whl", "write the version instead"),
        *(
            (line, "put it there and write its path")
            for line in ("/shop", "../shop", "-e ../shop[web]", "./../shop#egg=shop")
        ),
        *((line, "put it there and write its path") for line in ("file:///shop", "file:../shop", "-e file:///shop")),
        ("--editable=/home/me/shop", "put it there and write its path"),
        ("/home/me/shop-1.0-py3-none-any.whl ; python_version > '3'", "put it there and write its path"),
    ],
)
def test_what_is_outside_of_the_folder_is_reported_with_its_place(line, fix):
    with pytest.raises(FileError) as error:
        add_requirement(Requirements(), line, "requirements.txt, line 7")
    reason = "is not in the app's folder, so it is not in the image; "
    assert str(error.value).startswith(f"requirements.txt, line 7: {line!r} {reason}{fix}")


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        *((f"{option} wheels", ["wheels"]) for option in ("-f", "--find-links", "-i", "--no-index --find-links")),
        ("--find-links=file:./wheels --find-links ./more", ["wheels", "more"]),
        ("--no-index", []),
        ("-i https://example.com/simple", []),
        ("--find-links ${WHEELS}", []),
    ],
)
def test_folders_of_wheels_must_be_sent_to_the_builder(line, paths):
    found = Requirements()
    add_line(found, line, "requirements.txt, line 1")
    assert (found.local_paths, found.has_index) == (paths, True)


def test_a_folder_of_wheels_is_in_the_app_s_folder():
    with pytest.raises(FileError, match=r"'--no-index -f \.\./wheels' is not in the app's folder"):
        add_line(Requirements(), "--no-index -f ../wheels", "requirements.txt, line 1")


@pytest.mark.parametrize("line", ["flask>=dev", "flask 3", "a[b", "foo-", "psycopg2==2.9.x", "flask ; python = '3'"])
def test_what_pip_rejects_is_reported_with_its_place(line):
    with pytest.raises(FileError, match=r"^requirements.txt, line 7: .* is not a requirement; correct or remove it\.$"):
        add_requirement(Requirements(), line, "requirements.txt, line 7")


@pytest.mark.parametrize(
    ("wanted", "packages"), [("sys_platform == 'win32'", ()), ("sys_platform == 'linux'", ("libpq5",))]
)
def test_markers_of_pipenv_and_poetry_count_too(tmp_path, wanted, packages):
    lock = {"default": {"psycopg2": {"version": "==2.9.10", "markers": wanted}, "gunicorn": {"version": "==23.0.0"}}}
    (tmp_path / "Pipfile").write_text("[packages]\n")
    (tmp_path / "Pipfile.lock").write_text(json.dumps(lock))
    (tmp_path / "Procfile").write_text(f"web: {WEB}\n")
    assert plan_build(tmp_path).run_packages == packages


# What tears parsers: marks of other formats, brackets, ends of lines, and bytes that are no text.
PIECES = st.sampled_from(
    [
        *b"[project] [tool.poetry] dependencies=[ 'a' ] { } - : = >=3. 12 -r requirements.txt ' &a *a scripts".split(),
        *b"[[package]] name=1 source={git='x'} 2001-99-99 !!python/object:x https:// web: build".split(),
        *(b"\n", b"\\\n", b" ", b"\xff\xfe", b"\x00", b"\xe9", b"[" * 3000),
    ]
)
CONTENT = st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=8).map(b"".join))
NAMES = (
    *("requirements.txt", "Pipfile", "Pipfile.lock", "pyproject.toml", "poetry.lock", "uv.lock", "environment.yml"),
    *("package-list.txt", ".python-version", "runtime.txt", "package.json", "package-lock.json", "Procfile"),
)


def planned(folder, settings=None):
    """The plan, or what is wrong."""
    try:
        return plan_build(folder, settings), ()
    except BuildPlanError as error:
        return None, error.problems


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=st.dictionaries(st.sampled_from(NAMES), CONTENT, max_size=5), python=st.sampled_from(["", "3.12", "x\n"]))
def test_no_folder_makes_the_planner_crash(tmp_path_factory, files, python):
    folder = tmp_path_factory.mktemp("app")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    plan, problems = planned(folder, PlanSettings(python))
    if plan:
        assert plan.decisions
        assert render_dockerfile(plan).startswith("FROM ")
    else:
        assert problems
        assert all(sentence.strip() and "\n" not in sentence for sentence in problems)


KEYS = st.sampled_from(["scripts", "build", "engines", "node", "default", "dependencies", "pip", "name"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(KEYS, value, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_no_shape_of_values_makes_it_crash(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("app")
    (folder / "package.json").write_text(json.dumps(value))
    (folder / "Pipfile.lock").write_text(json.dumps(value))
    (folder / "Pipfile").write_text("")
    (folder / "Procfile").write_text("web: x")
    for lock in (True, False):
        _, problems = planned(folder)
        assert all(re.match(r"[\w.-]+, line \d+: ", sentence) for sentence in problems)
        if lock:
            (folder / "Pipfile").unlink()
            (folder / "environment.yml").write_text(yaml.safe_dump(value))


def test_files_that_cannot_be_files_are_no_files(tmp_path):
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "Pipfile").symlink_to("nowhere")
    with pytest.raises(BuildPlanError, match="nothing says what to install"):
        plan_build(tmp_path)


def test_a_requirements_file_of_windows_is_read(tmp_path):
    (tmp_path / "requirements.txt").write_text("flask\npsycopg2\n", encoding="utf-16")
    (tmp_path / "Procfile").write_text("web: x")
    assert "libpq5" in plan_build(tmp_path).run_packages


def test_files_of_other_platforms_are_named_without_their_content(tmp_path):
    app = GOOD["files-of-other-platforms"]
    for dockerfile in ("FROM scratch\nCMD x\n", None):
        folder = App("pip", {**app.files, "Dockerfile": dockerfile} if dockerfile else app.files).write(
            tmp_path / str(bool(dockerfile))
        )
        decisions = plan_build(folder).decisions
        unread = {decision.value: decision.reason for decision in decisions if decision.subject == "not read"}
        assert list(unread) == [".env", ".upsun/config.yaml", "fly.toml"]
        assert "SECRET_KEY" not in str(decisions)
        assert "flask-on-aws import" in unread["fly.toml"]


def test_settings_for_files_of_other_platforms_exist():
    names = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", " ".join(_REASONS.values())))
    assert names <= FlaskAppArgs.__annotations__.keys()
