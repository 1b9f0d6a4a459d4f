"""What an image gets of a lock file's packages, and lock files that lack what the project requires."""

import json
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, plan_build

from tests.apps.catalogue import WEB, read

HEAD = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
POETRY = read("poetry/pyproject.toml")


def plan(folder: Path, files: dict[str, str]) -> BuildPlan:
    for name, text in {"Procfile": f"web: {WEB}\n", **files}.items():
        (folder / name).write_text(text)
    return plan_build(folder)


def problem(folder: Path, files: dict[str, str]) -> str:
    with pytest.raises(BuildPlanError) as error:
        plan(folder, files)
    (sentence,) = error.value.problems
    return sentence


def package(name: str, *lines: str, version: str = "1.0", source: str = "") -> str:
    """A package of uv.lock."""
    where = source or 'registry = "https://pypi.org/simple"'
    return "\n".join((f'[[package]]\nname = "{name}"\nversion = "{version}"', f"source = {{ {where} }}", *lines, ""))


def uv(project: str, *packages: str) -> dict[str, str]:
    """A project of uv; the first of the packages is the app."""
    lock = 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n' + "\n".join(packages)
    return {"pyproject.toml": HEAD + project, "uv.lock": lock}


def root(*lines: str) -> str:
    return package("app", *lines, source='virtual = "."')


# Whether an image gets psycopg, which needs libpq: a project of uv, and its lock file as uv 0.13 writes it.
UV = {
    "a dependency": (
        uv('dependencies = ["psycopg"]\n', root('dependencies = [\n    { name = "psycopg" },\n]'), package("psycopg")),
        True,
    ),
    "a dependency of a dependency": (
        uv(
            'dependencies = ["shop"]\n',
            root('dependencies = [\n    { name = "shop" },\n]'),
            package("shop", 'dependencies = [{ name = "psycopg" }]'),
            package("psycopg"),
        ),
        True,
    ),
    "an extra of a dependency": (
        uv(
            'dependencies = ["shop[pg]"]\n',
            root('dependencies = [\n    { name = "shop", extra = ["pg"] },\n]'),
            package("shop", "[package.optional-dependencies]", 'pg = [{ name = "psycopg" }]'),
            package("psycopg"),
        ),
        True,
    ),
    "another extra of a dependency": (
        uv(
            'dependencies = ["shop"]\n',
            root('dependencies = [\n    { name = "shop" },\n]'),
            package("shop", "[package.optional-dependencies]", 'pg = [{ name = "psycopg" }]'),
            package("psycopg"),
        ),
        False,
    ),
    "an extra of the app": (
        uv(
            'dependencies = []\n[project.optional-dependencies]\npg = ["psycopg"]\n',
            root("[package.optional-dependencies]", 'pg = [\n    { name = "psycopg" },\n]'),
            package("psycopg"),
        ),
        False,
    ),
    "an extra that the app itself requires": (
        uv(
            'dependencies = ["app[pg]"]\n[project.optional-dependencies]\npg = ["psycopg"]\n',
            root(
                'dependencies = [{ name = "app", extra = ["pg"] }]',
                "[package.optional-dependencies]",
                'pg = [{ name = "psycopg" }]',
            ),
            package("psycopg"),
        ),
        True,
    ),
    "the group dev": (
        uv(
            '[dependency-groups]\ndev = ["psycopg"]\n',
            root("[package.dev-dependencies]", 'dev = [\n    { name = "psycopg" },\n]'),
            package("psycopg"),
        ),
        False,
    ),
    "a group of default-groups": (
        uv(
            '[dependency-groups]\nprod = ["psycopg"]\n[tool.uv]\ndefault-groups = ["dev", "prod"]\n',
            root("[package.dev-dependencies]", 'prod = [{ name = "psycopg" }]'),
            package("psycopg"),
        ),
        True,
    ),
    "the group dev among all groups": (
        uv(
            '[dependency-groups]\ndev = ["psycopg"]\n[tool.uv]\ndefault-groups = "all"\n',
            root("[package.dev-dependencies]", 'dev = [{ name = "psycopg" }]'),
            package("psycopg"),
        ),
        False,
    ),
    "another system's": (
        uv(
            "dependencies = [\"psycopg; sys_platform == 'win32'\"]\n",
            root('dependencies = [{ name = "psycopg", marker = "sys_platform == \'win32\'" }]'),
            package("psycopg"),
        ),
        False,
    ),
    "a workspace without a project of its own": (
        {
            **uv("", package("shop", source='editable = "shop"'), package("psycopg")),
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["shop"]\n',
        },
        True,
    ),
    "no lock file: a group": (
        {
            "pyproject.toml": f'{HEAD}dependencies = ["flask"]\n[dependency-groups]\ndev = ["psycopg"]\n'
            '[tool.uv.sources]\npsycopg = { git = "https://example.com/psycopg.git" }\n'
        },
        False,
    ),
    "no lock file: a group of default-groups": (
        {
            "pyproject.toml": f'{HEAD}dependencies = ["flask"]\n[dependency-groups]\n'
            'prod = [{ include-group = "pg" }]\npg = ["psycopg"]\n'
            '[tool.uv]\ndefault-groups = ["prod"]\nindex-url = "https://pypi.org/simple"\n'
        },
        True,
    ),
}


@pytest.mark.parametrize("name", UV)
def test_system_packages_are_those_of_what_uv_installs(tmp_path, name):
    files, is_installed = UV[name]
    assert plan(tmp_path, files).run_packages == (("libpq5",) if is_installed else ())


def test_a_repository_of_a_group_needs_no_git(tmp_path):
    files = uv(
        '[dependency-groups]\ndev = ["tool"]\n',
        root("[package.dev-dependencies]", 'dev = [{ name = "tool" }]'),
        package("tool", source='git = "https://example.com/tool.git#abc"'),
    )
    assert plan(tmp_path, files).build_packages == ()


def locked_by_poetry(name: str, *lines: str) -> str:
    return "\n".join((f'[[package]]\nname = "{name}"\nversion = "1.0"\noptional = false', *lines, ""))


# Poetry's lock files have groups since version 2.1 of their format.
POETRY_LOCKS = {
    "main": (locked_by_poetry("psycopg", 'groups = ["main", "dev"]'), True),
    "a group": (locked_by_poetry("psycopg", 'groups = ["dev"]'), False),
    "an extra of the app": (
        locked_by_poetry("psycopg", 'groups = ["main"]').replace("optional = false", "optional = true"),
        False,
    ),
    "another system's": (
        locked_by_poetry("psycopg", 'groups = ["main"]', "markers = \"sys_platform == 'win32'\""),
        False,
    ),
    "another system's in this group": (
        locked_by_poetry("psycopg", 'groups = ["main", "dev"]', "markers = {main = \"sys_platform == 'win32'\"}"),
        False,
    ),
    "no groups, required": (
        locked_by_poetry("flask", "[package.dependencies]", 'Psycopg = ">=3"') + locked_by_poetry("psycopg"),
        True,
    ),
    "no groups, required by nothing": (locked_by_poetry("flask") + locked_by_poetry("psycopg"), False),
    "no groups, optional": (
        locked_by_poetry(
            "flask",
            '[package.dependencies]\npsycopg = {version = "*", optional = true}\n[package.extras]\npg = ["psycopg"]',
        )
        + locked_by_poetry("psycopg"),
        False,
    ),
}


@pytest.mark.parametrize("name", POETRY_LOCKS)
def test_system_packages_are_those_of_what_poetry_installs(tmp_path, name):
    lock, is_installed = POETRY_LOCKS[name]
    files = {"pyproject.toml": POETRY, "poetry.lock": lock}
    assert plan(tmp_path, files).run_packages == (("libpq5",) if is_installed else ())


def test_an_extra_of_a_dependency_is_locked_by_poetry_before_it_had_groups(tmp_path):
    lock = locked_by_poetry(
        "shop",
        '[package.dependencies]\npsycopg = {version = "*", optional = true}\n[package.extras]\npg = ["psycopg (>=3)"]',
    )
    project = '[tool.poetry.dependencies]\npython = "^3.11"\nshop = {version = "*", extras = ["pg"]}\n'
    files = {"pyproject.toml": project, "poetry.lock": lock + locked_by_poetry("psycopg")}
    assert plan(tmp_path, files).run_packages == ("libpq5",)


def test_optional_dependencies_of_poetry_are_not_installed(tmp_path):
    dependencies = '[tool.poetry.dependencies]\npsycopg = {version = "*", optional = true}\nflask = "*"\n'
    extras = '[tool.poetry.extras]\npg = ["psycopg"]\n'
    assert plan(tmp_path, {"pyproject.toml": dependencies + extras}).run_packages == ()


# Files by name, and whether pip installs psycopg.
PIP = {
    "a constraint": ({"requirements.txt": "flask\n-c limits.txt\n", "limits.txt": "psycopg<4\n"}, False),
    "a constraint of a required package": (
        {"requirements.txt": "psycopg\n--constraint limits.txt\n", "limits.txt": "psycopg<4\n"},
        True,
    ),
    "an extra of the app": (
        {
            "requirements.txt": ".\n",
            "pyproject.toml": f'{HEAD}[project.optional-dependencies]\npg = ["psycopg"]\n',
        },
        False,
    ),
    "an extra that is installed": (
        {
            "requirements.txt": "-e .[all]\n",
            "pyproject.toml": f'{HEAD}[project.optional-dependencies]\npg = ["psycopg"]\nall = ["app[pg]"]\n',
        },
        True,
    ),
    "a dependency group": (
        {"pyproject.toml": f'{HEAD}dependencies = ["flask"]\n[dependency-groups]\nprod = ["psycopg"]\n'},
        False,
    ),
    "a development group of PDM": (
        {"pyproject.toml": f'{HEAD}dependencies = ["flask"]\n[tool.pdm.dev-dependencies]\ntest = ["psycopg"]\n'},
        False,
    ),
    "development packages of Pipenv": (
        {
            "Pipfile": '[packages]\nflask = "*"\n[dev-packages]\npsycopg = "*"\n',
            "Pipfile.lock": json.dumps({"default": {"flask": {"version": "==3.1"}}, "develop": {"psycopg": {}}}),
        },
        False,
    ),
}


@pytest.mark.parametrize("name", PIP)
def test_system_packages_are_those_of_what_pip_and_pipenv_install(tmp_path, name):
    files, is_installed = PIP[name]
    assert plan(tmp_path, files).run_packages == (("libpq5",) if is_installed else ())


FLASK = package("flask", version="3.1.2")
LOCKED = root(
    'dependencies = [\n    { name = "flask" },\n]',
    "[package.metadata]",
    'requires-dist = [\n    { name = "flask", specifier = "==3.1.2" },\n'
    '    { name = "psycopg", marker = "extra == \'pg\'" },\n]',
)
PSYCOPG = package("psycopg")


def pipenv(packages: str, hash_value: str = "of an older Pipfile") -> dict[str, str]:
    lock = {
        "_meta": {"hash": {"sha256": hash_value}},
        "default": {"flask": {"version": "==3.1.2", "extras": ["async"]}},
        "develop": {"psycopg": {"version": "==3.2.1"}},
    }
    return {"Pipfile": f"[packages]\n{packages}", "Pipfile.lock": json.dumps(lock)}


OUTDATED = {
    "uv: a new dependency": (
        uv('dependencies = ["flask==3.1.2", "Requests>=2"]\n', LOCKED, FLASK, PSYCOPG),
        "uv.lock is out of date: it lacks 'requests', which pyproject.toml requires; run `uv lock` and commit uv.lock.",
    ),
    "uv: an extra becomes a dependency": (
        uv('dependencies = ["flask==3.1.2", "psycopg"]\n', LOCKED, FLASK, PSYCOPG),
        "uv.lock is out of date: it lacks 'psycopg', which pyproject.toml requires; run `uv lock` and commit uv.lock.",
    ),
    "uv: an extra of a dependency": (
        uv('dependencies = ["flask[async]==3.1.2"]\n', LOCKED, FLASK, PSYCOPG),
        "uv.lock is out of date: it lacks 'flask[async]', which pyproject.toml requires; run `uv lock` and commit "
        "uv.lock.",
    ),
    "uv: another version": (
        uv('dependencies = ["flask>=3.2"]\n', LOCKED, FLASK, PSYCOPG),
        "uv.lock is out of date: it has flask 3.1.2, and pyproject.toml requires >=3.2; run `uv lock` and commit "
        "uv.lock.",
    ),
    "poetry: a new dependency": (
        {
            "pyproject.toml": POETRY.replace("[tool.poetry.group", 'requests = "*"\n[tool.poetry.group'),
            "poetry.lock": read("poetry/poetry.lock"),
        },
        "poetry.lock is out of date: it lacks 'requests', which pyproject.toml requires; run `poetry lock` and commit "
        "poetry.lock.",
    ),
    "poetry: another version, which Poetry rejects": (
        {
            "pyproject.toml": POETRY.replace('"3.1.2"', '"3.1.1"'),
            "poetry.lock": read("poetry/poetry.lock"),
        },
        "poetry.lock is out of date: pyproject.toml was changed since; run `poetry lock` and commit poetry.lock.",
    ),
    "pipenv: a new dependency": (
        pipenv('flask = "*"\nrequests = "*"\n'),
        "Pipfile.lock is out of date: it lacks 'requests', which Pipfile requires; run `pipenv lock` and commit "
        "Pipfile.lock.",
    ),
    "pipenv: a development package becomes a dependency": (
        pipenv('flask = "*"\npsycopg = {version = "*"}\n'),
        "Pipfile.lock is out of date: it lacks 'psycopg', which Pipfile requires; run `pipenv lock` and commit "
        "Pipfile.lock.",
    ),
    "pipenv: another version": (
        pipenv('flask = "~=3.2"\n'),
        "Pipfile.lock is out of date: it has flask 3.1.2, and Pipfile requires ~=3.2; run `pipenv lock` and commit "
        "Pipfile.lock.",
    ),
}


@pytest.mark.parametrize("name", OUTDATED)
def test_an_outdated_lock_file_is_reported_with_the_command_that_locks_again(tmp_path, name):
    files, sentence = OUTDATED[name]
    assert problem(tmp_path, files) == sentence


UP_TO_DATE = {
    "uv: the same": uv('dependencies = ["flask==3.1.2"]\n', LOCKED, FLASK),
    "uv: a range that has the locked version": uv('dependencies = ["Flask>=3,<4"]\n', LOCKED, FLASK),
    "uv: one dependency less": uv("dependencies = []\n", LOCKED, FLASK),
    "uv: a new package of the group dev": uv(
        'dependencies = ["flask"]\n[dependency-groups]\ndev = ["ruff"]\n', LOCKED, FLASK
    ),
    "uv: a new dependency of another system": uv(
        'dependencies = ["flask", "pywin32; sys_platform == \'win32\'"]\n', LOCKED, FLASK
    ),
    "uv: an override": uv(
        'dependencies = ["flask>=4"]\n[tool.uv]\noverride-dependencies = ["flask==3.1.2"]\n', LOCKED, FLASK
    ),
    "uv: a repository": uv(
        'dependencies = ["flask>=9"]\n[tool.uv.sources]\nflask = { git = "https://example.com/flask.git" }\n',
        LOCKED,
        package("flask", source='git = "https://example.com/flask.git#abc"'),
    ),
    "uv: dependencies that only a build knows": uv('dynamic = ["dependencies"]\n', root(), FLASK),
    "poetry: the same": {"pyproject.toml": POETRY, "poetry.lock": read("poetry/poetry.lock")},
    "poetry: another description": {
        "pyproject.toml": POETRY.replace('description = ""', 'description = "A shop"'),
        "poetry.lock": read("poetry/poetry.lock"),
    },
    "pipenv: the same": {"Pipfile": read("pipenv/Pipfile"), "Pipfile.lock": read("pipenv/Pipfile.lock")},
    "pipenv: a new development package": pipenv('flask = {version = "==3.1.2", extras = ["async"]}\n'),
    "pipenv: a dependency of another system": pipenv(
        'flask = "*"\npywin32 = {version = "*", markers = "sys_platform == \'win32\'"}\n'
    ),
}


@pytest.mark.parametrize("name", UP_TO_DATE)
def test_a_lock_file_with_all_that_an_image_gets_is_used(tmp_path, name):
    assert plan(tmp_path, UP_TO_DATE[name]).decides.endswith(".lock")


@pytest.mark.parametrize("lock", ["poetry.lock", "uv.lock"])
def test_the_lock_file_of_a_project_that_is_gone_does_not_decide(tmp_path, lock):
    files = {"pyproject.toml": "[tool.ruff]\nline-length = 120\n", lock: "", "requirements.txt": "flask\n"}
    assert plan(tmp_path, files).decides == "requirements.txt"
