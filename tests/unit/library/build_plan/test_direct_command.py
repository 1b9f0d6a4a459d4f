"""Commands that a package manager would run, as they run in an image, which contains none."""

import subprocess
import sys

import pytest
from flask_on_aws.build_plan.commands.direct_command import direct_command
from flask_on_aws.build_plan.plan import plan_build
from flask_on_aws.build_plan.project_files import FileError, ProjectFiles
from hypothesis import given
from hypothesis import strategies as st

SERVE = "gunicorn --bind 0.0.0.0:$PORT app:app"
PROJECT = """
[project]
name = "shop"
version = "1"
[project.scripts]
serve = "shop.cli:main"
[tool.poetry.scripts]
jobs = { reference = "shop.jobs:Worker.run", type = "console" }
boot = { reference = "bin/boot.sh", type = "file" }
broken = "shop"
[tool.pdm.scripts]
_.env = { SHARED = "1" }
start = "gunicorn app:app"
words = ["gunicorn", "--name", "my shop", "app:app"]
shell = { shell = "a | b {args:x}" }
env = { cmd = "gunicorn app:app", env = { A = "b c" } }
file = { cmd = "gunicorn", env_file = ".env" }
call = { call = "shop.cli:main" }
call_with = { call = "shop.cli:main('a', b=1)" }
all = { composite = ["migrate", "start --reload", "echo done"] }
migrate.cmd = "flask db upgrade"
migrate.working_dir = "my src"
again = "{pdm} run start"
loop = "pdm run loop"
[tool.rye.scripts]
start = "gunicorn app:app"
words = ["gunicorn", "app:app"]
env = { cmd = "gunicorn", env = { A = "1" } }
chain = { chain = ["start", "words"] }
module = { call = "http.server" }
file = { cmd = "x", env-file = ".env" }
[tool.hatch.envs.default.scripts]
start = "gunicorn {args:app:app}"
both = ["- flask db upgrade", "start"]
env = "web {env:PORT:8080} {env:HOST}"
root = "cd {root} && web"
matrix = "web {matrix:python}"
[tool.hatch.envs.test]
dependencies = ["pytest"]
[tool.hatch.envs.prod.scripts]
start = "granian app:app"
[tool.hatch.envs.prod.env-vars]
MODE = "prod"
"""
PIPFILE = '[scripts]\nstart = "gunicorn app:app"\ncall = { call = "shop.cli:main()" }\nodd = { a = 1 }\n'
CALL = "python -c 'import sys; from shop.cli import main; sys.exit(main())'"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "Pipfile").write_text(PIPFILE)
    (tmp_path / "inline.py").write_text("# /// script\n# dependencies = ['flask']\n# ///\n")
    return ProjectFiles(tmp_path)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        *(
            (f"{runner} {SERVE}", SERVE)
            for runner in (
                *("poetry run", "pipenv run", "pdm run", "uv run", "hatch run", "rye run", "conda run", "mamba run"),
                *("poetry -q --no-interaction run", "poetry -C . run", "poetry --directory=./ run",),
                *("python -m poetry run",),
                *("python3 -m pipenv run", "python -m uv run", "/root/.local/bin/poetry run", "~/.local/bin/uv run"),
                *("pipenv --python 3.12 run", "pipenv --site-packages run", "pdm -p . run -s", "pdm run"),
                *("uv run --frozen --no-dev", "uv run --no-sync", "uv run --"),
                *("uv --quiet run --locked --package shop",),
                *("uv run --index https://a.example.com --no-group dev", "uv run --isolated --color never"),
                *("uv run --directory .", "uv --project . run --no-group=dev"),
                *("hatch -v run", "hatch -e default run", "hatch --env=default run", "rye run --"),
                *("conda run -n shop", "conda run --no-capture-output -p /opt/env", "conda run --live-stream -v"),
                *("micromamba run -n base", "micromamba run -a stdout -p /env"),
            )
        ),
        (f"exec poetry run {SERVE}", f"exec {SERVE}"),
        (f"A=1 poetry run {SERVE}", f"A=1 {SERVE}"),
        (f"env A=1 poetry run {SERVE}", f"env A=1 {SERVE}"),
        (f"nohup timeout -k 5 30 uv run {SERVE}", f"nohup timeout -k 5 30 {SERVE}"),
        (f"opentelemetry-instrument poetry run {SERVE}", f"opentelemetry-instrument {SERVE}"),
        (f"poetry run newrelic-admin run-program {SERVE}", f"newrelic-admin run-program {SERVE}"),
        (f"newrelic-admin run-program poetry run {SERVE}", f"newrelic-admin run-program {SERVE}"),
        (f"poetry run uv run {SERVE}", SERVE),
        (f"poetry run flask db upgrade && poetry run {SERVE}", f"flask db upgrade && {SERVE}"),
        (f"cd src; uv run {SERVE}", f"cd src; {SERVE}"),
        ("(pipenv run a & pipenv run b) | uv run c", "(a & b) | c"),
        ("if poetry run check; then A=1 poetry run web; fi", "if check; then A=1 web; fi"),
        (f"sh -c 'poetry run {SERVE}'", f"sh -c '{SERVE}'"),
        (f'bash -lc "exec poetry run {SERVE}"', f'bash -lc "exec {SERVE}"'),
        ("sh -c 'poetry run a' sh x", "sh -c 'a' sh x"),
        (
            "sh -ec \"poetry run gunicorn \\\"app:create_app('x')\\\"\"",
            "sh -ec 'gunicorn \"app:create_app('\"'\"'x'\"'\"')\"'",
        ),
        ("poetry run sh -c 'pipenv run a && b'", "sh -c 'a && b'"),
        ("poetry run python app.py", "python app.py"),
        ("uv run app.py --port 1", "python app.py --port 1"),
        ("uv run -m shop.web", "python -m shop.web"),
        ("uv run --frozen --module shop", "python -m shop"),
        ("uv run --directory src serve.py", "cd src && python serve.py"),
        ("conda run --cwd src -n x web", "cd src && web"),
        ("conda run --cwd src web; a", "sh -c 'cd src && web'; a"),
        ("uv run --directory src web.py & a", "sh -c 'cd src && python web.py' & a"),
        ("micromamba run -e A=1 -e 'B=c d' web", "env A=1 'B=c d' web"),
        ("poetry run gunicorn 'app:create_app(\"x\")' # y", "gunicorn 'app:create_app(\"x\")' # y"),
        ("poetry run serve --port 1", f"{CALL} --port 1"),
        ("uv run serve", CALL),
        ("poetry run jobs", "python -c 'import sys; from shop.jobs import Worker; sys.exit(Worker.run())'"),
        ("poetry run boot x", "./bin/boot.sh x"),
        ("pdm run start --reload", "env SHARED=1 gunicorn app:app --reload"),
        ("pdm start", "env SHARED=1 gunicorn app:app"),
        ("pdm run words", "env SHARED=1 gunicorn --name 'my shop' app:app"),
        ("pdm run env", "env SHARED=1 'A=b c' gunicorn app:app"),
        ("pdm run call", f"env SHARED=1 {CALL}"),
        (
            "pdm run call_with",
            "env SHARED=1 python -c 'import sys; from shop.cli import main; sys.exit(main('\"'\"'a'\"'\"', b=1))'",
        ),
        ("pdm run again", "env SHARED=1 env SHARED=1 gunicorn app:app"),
        ("pipenv run start -w 2", "gunicorn app:app -w 2"),
        ("pipenv run call", CALL),
        ("rye run start", "gunicorn app:app"),
        ("rye run words -w 2", "gunicorn app:app -w 2"),
        ("rye run env", "env A=1 gunicorn"),
        ("rye run chain", "gunicorn app:app && gunicorn app:app"),
        ("rye run chain; x", "sh -c 'gunicorn app:app && gunicorn app:app'; x"),
        ("rye run module 80", "python -m http.server 80"),
        ("hatch run start", "gunicorn app:app"),
        ("hatch run start shop:app", "gunicorn shop:app"),
        ("hatch run both", "flask db upgrade || : && gunicorn app:app"),
        ("exec hatch run both", "exec sh -c 'flask db upgrade || : && gunicorn app:app'"),
        ("hatch run env", "web ${PORT:-8080} ${HOST}"),
        ("hatch run root", "cd . && web"),
        ("hatch run prod:start", "env MODE=prod granian app:app"),
        ("hatch -e prod run start", "env MODE=prod granian app:app"),
        ("hatch run default:gunicorn app:app", "gunicorn app:app"),
        (".venv/bin/gunicorn app:app", "gunicorn app:app"),
        ("./venv/bin/python -m shop", "python -m shop"),
        ("source .venv/bin/activate && serve", ": && serve"),
        (". venv/bin/activate; serve", ":; serve"),
        # Not runners, or not commands.
        *((line, line) for line in (SERVE, "echo poetry run x", "echo 'poetry run x' && y", "run", "poetry --version")),
        *((line, line) for line in ("uv --version", "./poetry.sh run x", "sh run.sh", "cat <<X\npoetry run a\nX")),
        ("/opt/app/.venv/bin/gunicorn app:app", "/opt/app/.venv/bin/gunicorn app:app"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_command_runs_without_its_runner(files, command, line):
    direct = direct_command(files, command, "Procfile, line 1", installed=False)
    assert direct.line == line
    assert bool(direct.removed) == (direct.line != command)
    assert "poetry run" not in direct.line or direct.line == command
    again = direct_command(files, direct.line, "", installed=False)
    assert again.line == direct.line


def test_scripts_of_an_installed_project_are_programs(files):
    assert direct_command(files, "poetry run serve", "", installed=True).line == "serve"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            "poetry install && gunicorn x",
            "`poetry install` does not run: the image does not contain poetry, and packages",
        ),
        ("pipenv sync; x", "`pipenv sync` does not run"),
        ("uv sync --frozen && x", "`uv sync` does not run"),
        ("conda activate shop && x", "`conda activate` does not run"),
        ("sh -c 'pdm install && x'", "`pdm install` does not run"),
        (
            "poetry -C backend run x",
            "`poetry -C backend` uses the project in backend, and the packages of the app's folder",
        ),
        ("uv run --project ../api x", "`uv --project ../api` uses the project in ../api"),
        ("uv run --with gevent x", "`uv run --with` installs packages when the command runs; add them to the app's"),
        ("uv run --with=gevent x", "`uv run --with` installs packages"),
        ("uv run --extra web x", "`uv run --extra` needs packages that are not installed"),
        ("uv run --all-extras x", "`uv run --all-extras` needs packages"),
        ("uv run --group prod x", "`uv run --group` needs packages"),
        ("uv run -p 3.12 x", "`uv run -p` chooses a Python when the command runs; set python_version"),
        ("uv run --env-file .env x", "`uv run --env-file` reads variables from a file"),
        ("uv run --script x.py", "`uv run --script` installs the packages that a script names"),
        ("uv run inline.py", "`uv run inline.py` installs the packages that a script names"),
        ("pdm run --venv test x", "`pdm run --venv` chooses an environment"),
        ("hatch run +py=3.12 x", "`hatch run +py=3.12` chooses an environment"),
        ("hatch run test:x", "Hatch's environment 'test' has dependencies of its own"),
        ("hatch -e test run x", "Hatch's environment 'test' has dependencies of its own"),
        ("hatch run matrix", "'{matrix:python}' in the script 'matrix' has a value only in Hatch"),
        ("uvx gunicorn app:app", "`uvx gunicorn` installs a program when the command runs"),
        ("uv tool run gunicorn", "`uv tool` installs a program"),
        ("pipx run gunicorn", "`pipx run` installs a program"),
        ("pdm run file", "'file' reads variables from a file (env_file)"),
        ("rye run file", "'file' reads variables from a file (env-file)"),
        ("pipenv run odd", "'odd' is not a command line"),
        ("poetry run broken", "'shop' must be a module, a colon and a function"),
        ("pdm run loop", "runs itself; write the command"),
        ("poetry run", "`poetry run` runs no command; write the command"),
    ],
)
def test_a_command_that_is_not_the_same_without_its_runner_is_one_sentence(files, command, reason):
    with pytest.raises(FileError) as error:
        direct_command(files, command, "Procfile, line 1", installed=False)
    sentence = str(error.value)
    assert reason in sentence
    assert sentence.startswith(("Procfile, line 1: ", "pyproject.toml, line ", "Pipfile, line "))
    assert sentence.count("\n") == 0
    assert sentence.endswith(".")


def test_a_called_function_gets_its_arguments(files, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "cli.py").write_text("import sys\ndef main(*a, **b): print(a, b, sys.argv[1:])\n")
    for command, output in (
        ("pdm run call_with x", "('a',) {'b': 1} ['x']"),
        ("poetry run serve x y", "() {} ['x', 'y']"),
    ):
        line = direct_command(files, command, "", installed=False).line.replace("python ", f"{sys.executable} ")
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == output


@given(
    st.text(alphabet="ab '\"\\;&|()$={}\n-:", max_size=15),
    st.sampled_from(["poetry run", "uv run", "hatch run", "pdm"]),
)
def test_no_line_makes_it_crash(tmp_path_factory, text, runner):
    files = ProjectFiles(tmp_path_factory.getbasetemp())
    try:
        direct = direct_command(files, f"{runner} {text}", "here", installed=False)
    except FileError:
        return
    assert direct.removed or direct.line == f"{runner} {text}".strip()


def test_an_image_of_the_app_s_own_may_contain_the_package_manager(tmp_path):
    (tmp_path / "Procfile").write_text("web: poetry run x\nq: poetry run rq worker\n")
    (tmp_path / "Dockerfile").write_text("FROM python\nCMD x\n")
    assert plan_build(tmp_path).workers == {"q": "poetry run rq worker"}
