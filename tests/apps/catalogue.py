"""Small apps, each with the plan that it must get: folders beside this file, and variants that differ by a line."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.apps.frameworks import FRAMEWORKS

HERE = Path(__file__).parent
FOLDERS = ("pip", "pip-hashes", "pipenv", "poetry", "uv", "pyproject", "conda", "node")
WEB = "gunicorn --bind 0.0.0.0:$PORT app:app"


@dataclass(frozen=True)
class App:
    """A folder of this directory, with some files in place of its own, and what comes of it."""

    folder: str
    files: Mapping[str, str | None] = field(default_factory=dict)
    """Text by name; None takes a file away."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the plan."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Parts of reasons by the decision's subject."""
    problems: tuple[str, ...] = ()
    """Every sentence, whole."""

    def write(self, target: Path) -> Path:
        """The app's files in a new folder."""
        shutil.copytree(HERE / self.folder, target)
        for name, text in self.files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        return target


def script(*lines: str) -> str:
    """The project of the folder `pyproject` with other lines at its end."""
    return (HERE / "pyproject" / "pyproject.toml").read_text().split("[project.scripts]")[0] + "\n".join(lines) + "\n"


def project(*lines: str) -> str:
    """The project of the folder `uv` with more lines in [project]."""
    text = (HERE / "uv" / "pyproject.toml").read_text()
    return text.replace('requires-python = ">=3.11"\n', "".join(f"{line}\n" for line in lines))


def read(name: str) -> str:
    """A file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


FLASK = read("pip/requirements.txt")
DYNAMIC = 'dependencies = {file = ["requirements.in"]}'
LIBRARY = {
    "lib/pyproject.toml": '[project]\nname = "lib"\nversion = "1"\n[tool.setuptools]\npy-modules = ["lib"]\n',
    "lib/lib.py": "",
}

# A dependency that the app declares to come from elsewhere than PyPI.
NEEDS_LIB = '[project]\nname = "app"\nversion = "1"\ndependencies = ["flask", "gunicorn", "lib"]\n'
UV_PATH = f'{NEEDS_LIB}[tool.uv.sources]\nlib = {{ path = "lib" }}\n'
UV_WORKSPACE = f"{NEEDS_LIB}[tool.uv.sources]\nlib = {{ workspace = true }}\n"
INDEX = "https://pypi.example.com/simple"
UV_INDEX = f'{NEEDS_LIB}[[tool.uv.index]]\nname = "ours"\nurl = "https://me:secret@pypi.example.com/simple"\n'
NOT_READ = f"pip does not read this source, the index {INDEX}, so a package of the same name could come from PyPI"
UV_LOCK = "run `uv lock` and commit uv.lock."

NO_START = (
    "nothing says how the app starts; looked at the setting start_command (not set), Procfile ({procfile}) and "
    "[tool.poetry.scripts] and [project.scripts] of pyproject.toml ({scripts}); "
    "set start_command to: {proposal}, or run `flask-on-aws plan --write-procfile` in the app's folder"
)

# One for each package manager.
MANAGERS = {
    "pip": App(
        "pip",
        plan={
            "manager": "pip",
            "decides": "requirements.txt",
            "dependency_files": ("requirements.txt",),
            "hashes": False,
            "python_version": "3.13",
            "start_command": WEB,
            "node": None,
            "build_packages": (),
        },
        reasons={
            "packages": "there is requirements.txt",
            "Python": "the default",
            "start command": "`web:` in Procfile",
        },
    ),
    "pip-hashes": App(
        "pip-hashes", plan={"manager": "pip", "hashes": True}, reasons={"packages": "pins every version"}
    ),
    "pipenv": App(
        "pipenv",
        plan={"manager": "pipenv", "decides": "Pipfile.lock", "dependency_files": ("Pipfile", "Pipfile.lock")},
        reasons={"Python": "the default, which '==3.13.*' in Pipfile, line 14 allows"},
    ),
    "poetry": App(
        "poetry",
        plan={"manager": "poetry", "decides": "poetry.lock", "installs_project": False},
        reasons={"Python": "the default, which '^3.11' in pyproject.toml, line 8 allows"},
    ),
    "uv": App("uv", plan={"manager": "uv", "decides": "uv.lock", "installs_project": False}),
    "pyproject": App(
        "pyproject",
        plan={"manager": "pyproject", "installs_project": True, "start_command": "greet", "code_first": False},
        reasons={"start command": "the only entry of [project.scripts]"},
    ),
    "conda": App(
        "conda",
        plan={"manager": "conda", "python_version": "3.12", "run_packages": ("ca-certificates",)},
        reasons={"Python": "the nearest to 3.13 that '==3.12.*' in environment.yml, line 5 allows"},
    ),
    "conda-list": App(
        "conda",
        {"environment.yml": None, "package-list.txt": "python>=3.11,<3.13\nflask=3.1\ngunicorn=23\n"},
        plan={"manager": "conda", "decides": "package-list.txt", "python_version": "3.12"},
    ),
    "node": App(
        "node",
        plan={"manager": "pip"},
        reasons={"assets": "package.json has the script 'build'; package-lock.json, so npm ci; Node 22: the default"},
    ),
}


def package(folder="", **keys: Any) -> dict[str, str | None]:
    """A package.json for the folder `pip`, whose script `build` writes static/built.txt with a package's help."""
    up = "../" * len(Path(folder).parts)
    code = f"require('is-odd'); require('fs').cpSync('{up}app.py', '{up}static/built.txt')"
    content = {"scripts": {"build": f'node -e "{code}"'}, "dependencies": {"is-odd": "3.0.1"}}
    return {str(Path(folder, "package.json")): json.dumps({**content, **keys}, indent=1)}


def lock(name: str, folder: str = "") -> dict[str, str | None]:
    """The lock file of that package.json."""
    return {str(Path(folder, name)): read(f"locks/{name}")}


# Node: package managers, versions, folders, and what else needs it.
NODE = {
    "pnpm": App(
        "pip",
        {**package(), **lock("pnpm-lock.yaml")},
        reasons={"assets": "pnpm-lock.yaml, so pnpm install --frozen-lockfile; Node 22: the default; after the code"},
    ),
    "pnpm-named": App(
        "pip",
        {**package(packageManager="pnpm@9.15.9+sha512.abc"), **lock("pnpm-lock.yaml")},
        reasons={"assets": "package.json, line 8 names pnpm, pnpm-lock.yaml, so pnpm install --frozen-lockfile"},
    ),
    "pnpm-without-lock": App(
        "pip",
        package(packageManager="pnpm"),
        reasons={"assets": "no lock file of pnpm, so pnpm install --no-frozen-lockfile"},
    ),
    "yarn-classic": App(
        "pip", {**package(), **lock("yarn.lock")}, reasons={"assets": "yarn.lock, so yarn install --frozen-lockfile"}
    ),
    "yarn-berry": App(
        "pip",
        {**package(), "yarn.lock": read("locks/berry.lock")},
        reasons={"assets": "yarn.lock, so yarn install --immutable"},
    ),
    "bun": App(
        "pip", {**package(), **lock("bun.lock")}, reasons={"assets": "bun.lock, so bun install --frozen-lockfile"}
    ),
    "assets-in-a-folder": App(
        "pip",
        {**package("frontend"), **lock("package-lock.json", "frontend"), "frontend/.nvmrc": "v22.11.0\n"},
        reasons={
            "assets": "frontend/package.json has the script 'build'; package-lock.json, so npm ci; Node 22: "
            "'v22.11.0' in "
            "frontend/.nvmrc, line 1"
        },
    ),
    "assets-of-a-setting": App(
        "pip",
        {**package("admin"), **package("shop/client")},
        {"assets_folder": "shop/client/"},
        reasons={"assets": "shop/client/package.json has the script 'build'"},
    ),
    "assets-below-tools": App(
        "pip",
        {"package.json": '{"devDependencies": {"prettier": "3"}}', **package("client"), **package("client/lib")},
        reasons={"assets": "client/package.json has the script 'build'"},
    ),
    "assets-not-wanted": App(
        "pip",
        package(),
        {"assets_folder": "none"},
        plan={"node": None},
        reasons={"assets": "the setting assets_folder"},
    ),
    "assets-that-are-not-sent": App("pip", {**package("web"), ".dockerignore": "web\n"}, plan={"node": None}),
    "package-of-a-template": App("pip", {"theme/package.json": "{{ name }}"}, plan={"node": None}),
    "packages-of-tests": App("pip", {**package("tests/app"), **package("docs")}, plan={"node": None}),
    "script-that-reads-code": App(
        "pip",
        {
            **package(scripts={"build": "true", "postinstall": "node patch.js"}),
            **lock("package-lock.json"),
            "patch.js": "",
        },
        reasons={"assets": "after the code: its script 'postinstall' may read it"},
    ),
    "package-of-a-folder": App(
        "pip",
        package(dependencies={"lib": "file:lib"}),
        reasons={"assets": "after the code: 'lib' comes from file:lib"},
    ),
    "workspaces": App(
        "pip",
        {**package(workspaces=["lib"]), "lib/package.json": '{"name": "lib", "version": "1.0.0"}'},
        reasons={"assets": "after the code: it has workspaces"},
    ),
    "script-with-python": App(
        "pip",
        package(scripts={"build": "npm run js && npm run digest", "js": "true", "digest": "flask digest compile"}),
        reasons={"assets": "with Python, since its script 'digest' runs flask"},
    ),
    "node-runs": App(
        "pip",
        {**package(scripts={}), "Procfile": f"web: {WEB}\nmail: node mail.js\n"},
        reasons={"Node at run time": "worker mail runs node"},
    ),
    "node-runs-by-a-setting": App(
        "pip",
        package(scripts={}),
        {"other_commands": ["npx cap"]},
        reasons={"Node at run time": "the command 'npx cap' runs npx"},
    ),
    "packages-that-a-template-names": App(
        "pip",
        {**package(scripts={}), "templates/base.html": '\n<script src="/node_modules/htmx/htmx.js">'},
        reasons={"Node at run time": "templates/base.html, line 2 refers to it"},
    ),
    "build-command": App(
        "pip",
        settings={"build_command": "flask digest compile"},
        plan={"build_command": "flask digest compile", "node": None},
        reasons={"build command": "the setting build_command"},
    ),
    "build-command-with-node": App(
        "pip", settings={"build_command": "npx tailwindcss"}, reasons={"Node": "the default"}
    ),
    "node-of-tool-versions": App(
        "pip",
        {**package(), ".tool-versions": "python 3.13\nnodejs 20.11.1\n"},
        reasons={"assets": "Node 20: '20.11.1' in"},
    ),
    "node-of-volta": App(
        "pip", package(volta={"node": "24.1.0"}), reasons={"assets": "Node 24: '24.1.0' in package.json"}
    ),
    "node-of-engines": App(
        "pip", package(engines={"node": ">=18 <21"}), reasons={"assets": "which gets no fixes since 2026-04"}
    ),
}
# Files of the app that dependencies need.
NEEDED = {
    "wheels-of-a-folder": App(
        "pip",
        {"requirements.txt": f"--find-links ./wheels\n{FLASK}", "wheels/note": ""},
        plan={"code_first": True},
        reasons={"dependencies": "'--find-links ./wheels' in requirements.txt, line 1 needs it"},
    ),
    "wheels-of-an-address": App(
        "pip", {"requirements.txt": f"-f https://example.com/wheels\n{FLASK}"}, plan={"code_first": False}
    ),
    "constraints-in-a-folder": App(
        "pip",
        {"requirements.txt": f"-c limits/web.txt\n{FLASK}", "limits/web.txt": "gunicorn<24\n"},
        plan={"dependency_files": ("requirements.txt", "limits/web.txt"), "code_first": False},
    ),
    "conda-constraints": App(
        "conda",
        {
            "environment.yml": "dependencies:\n  - python=3.12\n  - pip:\n    - -c limits.txt\n    - -f ./wheels\n",
            "limits.txt": "gunicorn<24\npsycopg2<3\n",
            "wheels/README": "none yet",
        },
        plan={"dependency_files": ("environment.yml", "limits.txt"), "code_first": True, "build_packages": ()},
    ),
    "pip-conf": App(
        "pip",
        {"pip.conf": "[global]\ntimeout = 180\n"},
        plan={"dependency_files": ("requirements.txt", "pip.conf"), "code_first": False},
    ),
    "pip-conf-with-a-file": App("pip", {"pip.conf": "[install]\nconstraint = limits.txt\n"}, plan={"code_first": True}),
    "pip-conf-with-an-index": App(
        "pip", {"pip.conf": f"[global]\nindex-url = {INDEX}\n", "pyproject.toml": UV_INDEX}, plan={"manager": "pip"}
    ),
    "poetry-toml": App(
        "poetry",
        {"poetry.toml": "[installer]\nparallel = false\n"},
        plan={"dependency_files": ("pyproject.toml", "poetry.lock", "poetry.toml")},
    ),
    "wheels-of-uv": App(
        "uv",
        {"uv.lock": read("uv/uv.lock").replace('registry = "https://pypi.org/simple"', 'registry = "wheels"')},
        plan={"code_first": True},
    ),
}
# Precedence of managers and Python, and what is read out of files.
VARIANTS = {
    **NODE,
    **NEEDED,
    "uv-before-pip": App(
        "uv",
        {"requirements.txt": "flask\n"},
        plan={"manager": "uv"},
        reasons={"packages": "not used for this: requirements.txt"},
    ),
    "pipenv-lock-before-pip": App("pipenv", {"requirements.txt": "flask\n"}, plan={"manager": "pipenv"}),
    "pip-before-pipenv-without-lock": App(
        "pipenv", {"requirements.txt": "flask\n", "Pipfile.lock": None}, plan={"manager": "pip"}
    ),
    "pip-before-conda": App(
        "conda", {"requirements.txt": "flask\n"}, plan={"manager": "pip", "python_version": "3.13"}
    ),
    "pip-with-a-project-of-tools-alone": App(
        "pip", {"pyproject.toml": "[tool.ruff]\nline-length = 120\n"}, plan={"manager": "pip"}
    ),
    "poetry-without-lock": App(
        "poetry", {"poetry.lock": None}, plan={"manager": "poetry", "decides": "pyproject.toml"}
    ),
    "python-of-a-setting": App(
        "pip", {".python-version": "3.11\n"}, {"python_version": "3.12"}, plan={"python_version": "3.12"}
    ),
    "python-of-a-pin": App(
        "uv",
        {".python-version": "# pyenv\n3.12.7\n"},
        plan={"python_version": "3.12"},
        reasons={"Python": ".python-version, line 2"},
    ),
    "python-of-the-project": App(
        "uv", {"pyproject.toml": project('requires-python = ">=3.14"')}, plan={"python_version": "3.14"}
    ),
    "python-of-a-runtime": App("pip", {"runtime.txt": "python-3.11.9\n"}, plan={"python_version": "3.11"}),
    "command-of-a-setting": App(
        "pip", settings={"start_command": "uwsgi --http :$PORT"}, plan={"start_command": "uwsgi --http :$PORT"}
    ),
    "command-of-a-script-not-installed": App(
        "uv",
        {"Procfile": None, "pyproject.toml": project('scripts = {serve = "app:app.run"}')},
        plan={"start_command": "python -c 'import sys; from app import app; sys.exit(app.run())'"},
    ),
    "sent-whole": App("pip", reasons={"sent to the builder": "there is no .dockerignore"}),
    "sent-in-part": App(
        "pip", {".dockerignore": ".git\n"}, reasons={"sent to the builder": "what .dockerignore leaves"}
    ),
    "conda-explicit": App(
        "conda",
        {
            "environment.yml": None,
            "package-list.txt": "@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/linux-64/python-3.11.9-h_0.conda\n",
        },
        plan={"python_version": "3.11"},
        reasons={"Python": "'==3.11.*' in package-list.txt, line 2"},
    ),
    "release-and-workers": App(
        "pip",
        {"Procfile": f"web: {WEB}\nrelease: flask db upgrade\nqueue: rq worker\n"},
        plan={"release_command": "flask db upgrade", "workers": {"queue": "rq worker"}},
    ),
    # The image contains no package manager: commands run in its one environment.
    "runner-of-poetry": App(
        "poetry",
        {
            "Procfile": f"web: poetry run {WEB}\nrelease: poetry run flask db upgrade\n"
            "queue: sh -c 'poetry run rq worker'\n"
        },
        plan={
            "start_command": WEB,
            "release_command": "flask db upgrade",
            "workers": {"queue": "sh -c 'rq worker'"},
        },
        reasons={"start command": "`web:` in Procfile, without `poetry run`: packages are on the image's PATH"},
    ),
    "runner-of-a-setting": App(
        "uv", settings={"start_command": f"exec uv run --frozen {WEB}"}, plan={"start_command": f"exec {WEB}"}
    ),
    "runner-of-a-script": App(
        "uv",
        {
            "Procfile": "web: pdm start -w 2\n",
            "pyproject.toml": project() + '[tool.pdm.scripts]\nstart = "gunicorn app:app"\n',
        },
        plan={"start_command": "gunicorn app:app -w 2"},
    ),
    "runner-of-an-installed-script": App(
        "pyproject", {"Procfile": "web: hatch run greet\n"}, plan={"start_command": "greet"}
    ),
    "process-types": App(
        "pip",
        {
            "Procfile": f"web: {WEB}\ncelery_worker: celery -A app worker\nceleryBeat: celery -A app beat\n"
            "RQWorker: rq worker\n2nd: python jobs.py\nclock-2: python clock.py\nsg-jobs: rq worker\n"
            "console: flask shell\nmigrate: python m.py\nupgrade_db: ./up\ndb: python manage.py migrate --noinput\n"
            "seed: rq worker seeds\npoll: bash\n"
        },
        plan={
            "workers": {
                "celery-worker": "celery -A app worker",
                "celery-beat": "celery -A app beat",
                "rq-worker": "rq worker",
                "worker-2nd": "python jobs.py",
                "clock-2": "python clock.py",
                "worker-sg-jobs": "rq worker",
                "seed": "rq worker seeds",
            }
        },
        reasons={
            "worker celery-beat": "`celeryBeat:` in Procfile",
            "not a service": "`console:` in Procfile runs once, by its name; the setting workers can make it a service",
        },
    ),
    "compiled": App(
        "pip",
        {"requirements.txt": "Flask\npsycopg2==2.9.10 ; python_version > '3'\n"},
        {"system_packages": ["ffmpeg"]},
        plan={"build_packages": ("build-essential", "ffmpeg", "libpq-dev"), "run_packages": ("ffmpeg", "libpq5")},
        reasons={"system packages": "psycopg2 has no wheels for Linux"},
    ),
    "psycopg-binary": App("pip", {"requirements.txt": "psycopg[binary]\n"}, plan={"run_packages": ()}),
    "psycopg-pure": App(
        "pip", {"requirements.txt": "psycopg\n"}, plan={"run_packages": ("libpq5",), "build_packages": ()}
    ),
    "from-git": App(
        "pip", {"requirements.txt": "app @ git+https://example.com/app.git\n"}, plan={"build_packages": ("git",)}
    ),
    "included": App(
        "pip",
        {
            "requirements.txt": "-r base/web.txt\n-c limits.txt\n",
            "base/web.txt": "flask==3.1.2\ngunicorn \\\n  # which limits.txt holds back\n",
            "limits.txt": "gunicorn<24\n",
        },
        plan={"dependency_files": ("requirements.txt", "base/web.txt", "limits.txt"), "code_first": False},
    ),
    "local-package": App(
        "pip",
        {"requirements.txt": f"{FLASK}-e ./lib\n", **LIBRARY},
        plan={"code_first": True},
        reasons={"dependencies": "'-e ./lib' in requirements.txt, line 3 needs it"},
    ),
    "pipenv-without-lock": App("pipenv", {"Pipfile.lock": None}, plan={"manager": "pipenv", "decides": "Pipfile"}),
    "poetry-package": App(
        "poetry",
        {"pyproject.toml": read("poetry/pyproject.toml").replace("package-mode = false\n", ""), "poetry.lock": None},
        plan={"installs_project": True},
    ),
    "dynamic-dependencies": App(
        "pyproject",
        {
            "pyproject.toml": script(
                "[project.scripts]", 'greet = "greeter:main"', "[tool.setuptools.dynamic]", DYNAMIC
            )
            .replace('dependencies = ["flask==3.1.2", "gunicorn==23.0.0"]', 'dynamic = ["dependencies"]')
            .replace(
                "[tool.setuptools.dynamic]", '[tool.setuptools]\npy-modules = ["greeter"]\n[tool.setuptools.dynamic]'
            ),
            "requirements.in": FLASK,
        },
        plan={"manager": "pyproject", "code_first": True, "installs_project": True},
    ),
    "uv-source-without-lock": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": UV_PATH, **LIBRARY},
        plan={
            "manager": "uv",
            "decides": "pyproject.toml",
            "dependency_files": ("pyproject.toml",),
            "code_first": True,
        },
        reasons={"dependencies": "'lib' in pyproject.toml needs it"},
    ),
    "uv-index-without-lock": App(
        "uv", {"uv.lock": None, "pyproject.toml": UV_INDEX}, plan={"manager": "uv", "code_first": False}
    ),
    "uv-settings-without-lock": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": NEEDS_LIB, "uv.toml": f'index-url = "{INDEX}"\n'},
        plan={"manager": "uv", "dependency_files": ("pyproject.toml", "uv.toml")},
    ),
    "uv-workspace-without-lock": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": f'{UV_WORKSPACE}[tool.uv.workspace]\nmembers = ["lib"]\n', **LIBRARY},
        plan={"manager": "uv", "code_first": True},
    ),
    "uv-of-tools-alone": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": f"{NEEDS_LIB}[tool.uv]\ndev-dependencies = []\n"},
        plan={"manager": "pyproject"},
    ),
    "source-that-requirements-name-too": App(
        "pip", {"requirements.txt": f"{FLASK}-e ./lib\n", "pyproject.toml": UV_PATH, **LIBRARY}, plan={"manager": "pip"}
    ),
    "source-that-a-hash-excludes": App(
        "pip-hashes", {"pyproject.toml": UV_INDEX}, plan={"manager": "pip", "hashes": True}
    ),
    "index-that-requirements-name-too": App(
        "pip",
        {"requirements.txt": f"--extra-index-url {INDEX}\n{FLASK}", "pyproject.toml": UV_INDEX},
        plan={"manager": "pip"},
    ),
    "explicit-index-that-nothing-uses": App(
        "pip",
        {
            "pyproject.toml": f'[[tool.uv.index]]\nname = "ours"\nurl = "{INDEX}"\nexplicit = true\n'
            '[tool.uv.sources]\ntorch = { index = "ours" }\n'
        },
        plan={"manager": "pip"},
    ),
    "pipenv-with-its-own-sources": App(
        "pipenv",
        {
            "Pipfile.lock": None,
            "Pipfile": f'[[source]]\nname = "ours"\nurl = "{INDEX}"\n'
            '[packages]\nflask = "*"\nlib = { path = "lib" }\n',
            **LIBRARY,
        },
        plan={"manager": "pipenv", "code_first": True},
    ),
    "shrinkwrap-before-package-lock": App(
        "node",
        {"npm-shrinkwrap.json": read("node/package-lock.json")},
        reasons={"assets": "npm-shrinkwrap.json, so npm ci"},
    ),
    # A lock file that is not made of what the app needs.
    "stale-poetry-lock": App(
        "pip",
        {"pyproject.toml": "[tool.ruff]\nline-length = 120\n", "poetry.lock": read("poetry/poetry.lock")},
        plan={"manager": "pip", "decides": "requirements.txt"},
        reasons={
            "packages": "there is requirements.txt; passed over: poetry.lock (pyproject.toml has neither "
            "[tool.poetry] nor "
            "[project])"
        },
    ),
    "stale-uv-lock": App(
        "uv",
        {"requirements.txt": FLASK, "pyproject.toml": "[tool.black]\n"},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: uv.lock (pyproject.toml has no [project])"},
    ),
    "uv-lock-without-dependencies": App(
        "uv",
        {"requirements.txt": FLASK, "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n'},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: uv.lock (pyproject.toml declares no dependencies)"},
    ),
    "uv-lock-of-an-app-without-dependencies": App(
        "uv",
        {"pyproject.toml": '[project]\nname = "app"\nversion = "1"\n'},
        plan={"manager": "uv", "decides": "uv.lock"},
    ),
    "poetry-lock-without-dependencies": App(
        "poetry",
        {"requirements.txt": FLASK, "pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\n'},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: poetry.lock (pyproject.toml declares no dependencies)"},
    ),
    "poetry-lock-without-project": App(
        "pip",
        {"poetry.lock": read("poetry/poetry.lock")},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: poetry.lock (there is no pyproject.toml)"},
    ),
    "pipenv-lock-without-pipfile": App(
        "pipenv",
        {"requirements.txt": FLASK, "Pipfile": None},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: Pipfile.lock (there is no Pipfile)"},
    ),
    "pipenv-lock-of-development-alone": App(
        "pipenv",
        {"requirements.txt": FLASK, "Pipfile": '[dev-packages]\npytest = "*"\n'},
        plan={"manager": "pip"},
        reasons={"packages": "passed over: Pipfile.lock (Pipfile declares no dependencies)"},
    ),
    "unread-lock": App(
        "pyproject",
        {"pdm.lock": "[metadata]\n"},
        plan={"manager": "pyproject"},
        reasons={
            "packages": "passed over: pdm.lock (is not read; `pdm export --output requirements.txt` writes what is)"
        },
    ),
    "locked-outside-for-development": App(
        "uv",
        {
            "uv.lock": read("uv/uv.lock") + '[[package]]\nname = "tools"\nsource = { editable = "../tools" }\n',
        },
        plan={"manager": "uv"},
    ),
    "files-of-other-platforms": App(
        "pip",
        {".env": "SECRET_KEY=x\n", "fly.toml": "not TOML", ".upsun/config.yaml": "a: 1\n"},
        reasons={"not read": "variables belong in the setting env, and secret ones in secret_values"},
    ),
    "npm-install": App("node", {"package-lock.json": None}, reasons={"assets": "no lock file of npm, so npm install"}),
    "no-build-script": App("node", {"package.json": "{}"}, plan={"node": None}),
    "dockerfile": App(
        "pip",
        {"Dockerfile": "FROM scratch\n", "pyproject.toml": "not TOML"},
        plan={"dockerfile": "Dockerfile", "manager": "", "start_command": ""},
        reasons={"image": "the app's own Dockerfile decides"},
    ),
}
# Each wrong thing with its whole sentence, and several at once.
BAD = {
    "nothing": App(
        "pip",
        {"requirements.txt": None},
        problems=(
            "nothing says what to install; looked for uv.lock, poetry.lock, Pipfile.lock, requirements.txt, Pipfile, "
            "environment.yml, package-list.txt, pyproject.toml; list the app's packages in one of them.",
        ),
    ),
    # A source that the package manager does not read: PyPI would be asked instead.
    "source-of-uv": App(
        "pip",
        {"requirements.txt": "flask\nlib\n", "pyproject.toml": UV_PATH, **LIBRARY},
        problems=(
            "pyproject.toml, line 6: pip does not read this source, the folder lib, so 'lib' would come from PyPI; "
            + UV_LOCK,
        ),
    ),
    "source-of-uv-for-the-project": App(
        "pip",
        {"requirements.txt": ".\n", "pyproject.toml": UV_PATH, **LIBRARY},
        problems=(
            "pyproject.toml, line 6: pip does not read this source, the folder lib, so 'lib' would come from PyPI; "
            + UV_LOCK,
        ),
    ),
    "source-of-uv-for-conda": App(
        "conda",
        {
            "environment.yml": "dependencies:\n  - python=3.12\n  - pip:\n    - lib\n    - gunicorn\n",
            "pyproject.toml": UV_PATH,
        },
        problems=(
            "pyproject.toml, line 6: conda does not read this source, the folder lib, so 'lib' would come from PyPI; "
            + UV_LOCK,
        ),
    ),
    "index-of-uv": App(
        "pip", {"pyproject.toml": UV_INDEX}, problems=(f"pyproject.toml, line 7: {NOT_READ}; {UV_LOCK}",)
    ),
    "workspace-of-uv": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": UV_WORKSPACE},
        problems=(
            "pyproject.toml, line 6: 'lib' is in a workspace, which is not in the app's folder; set app to the "
            "workspace's folder, or run `uv export --no-emit-workspace --output-file requirements.txt` and add 'lib' "
            "to it as a wheel or a Git URL.",
        ),
    ),
    "index-of-pdm": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": f'{NEEDS_LIB}[[tool.pdm.source]]\nname = "ours"\nurl = "{INDEX}"\n'},
        problems=(f"pyproject.toml, line 7: {NOT_READ}; run `pdm export --output requirements.txt` and commit it.",),
    ),
    "index-of-rye": App(
        "uv",
        {"uv.lock": None, "pyproject.toml": f'{NEEDS_LIB}[[tool.rye.sources]]\nname = "ours"\nurl = "{INDEX}"\n'},
        problems=(
            f"pyproject.toml, line 7: {NOT_READ}; run `rye lock --with-sources` and commit requirements.lock as "
            "requirements.txt.",
        ),
    ),
    "index-of-hatch": App(
        "uv",
        {
            "uv.lock": None,
            "pyproject.toml": f'{NEEDS_LIB}[tool.hatch.envs.default.env-vars]\nPIP_EXTRA_INDEX_URL = "{INDEX}"\n',
        },
        problems=(
            f"pyproject.toml, line 6: {NOT_READ}; list the packages in a requirements.txt that has the index in a line "
            "`--index-url URL`.",
        ),
    ),
    "source-of-poetry": App(
        "pip",
        {
            "requirements.txt": "flask\nlib\n",
            "pyproject.toml": '[tool.poetry.dependencies]\nlib = { git = "https://example.com/lib.git" }\n',
        },
        problems=(
            "pyproject.toml, line 2: pip does not read this source, https://example.com/lib.git, so 'lib' would come "
            "from PyPI; run `poetry lock` and commit poetry.lock.",
        ),
    ),
    "index-of-poetry": App(
        "pip",
        {"pyproject.toml": f'[[tool.poetry.source]]\nname = "ours"\nurl = "{INDEX}"\n'},
        problems=(f"pyproject.toml, line 3: {NOT_READ}; run `poetry lock` and commit poetry.lock.",),
    ),
    "sources-of-pipenv": App(
        "pipenv",
        {
            "Pipfile.lock": None,
            "requirements.txt": "flask\nlib\n",
            "Pipfile": f'[[source]]\nurl = "{INDEX}"\n[packages]\nlib = {{ path = "lib" }}\n',
        },
        problems=(
            "Pipfile, line 4: pip does not read this source, the folder lib, so 'lib' would come from PyPI; run "
            "`pipenv lock` and commit Pipfile.lock.",
            f"Pipfile, line 2: {NOT_READ}; run `pipenv lock` and commit Pipfile.lock.",
        ),
    ),
    "no-start": App(
        "pip",
        {"Procfile": "q: rq\n"},
        problems=(
            NO_START.format(
                procfile="has no line `web:`",
                scripts="there is none",
                proposal=f"{WEB} (app in app.py is the WSGI application)",
            ),
        ),
    ),
    "two-scripts": App(
        "pyproject",
        {"pyproject.toml": script("[project.scripts]", 'a = "greeter:main"', 'b = "greeter:main"')},
        problems=(
            NO_START.format(
                procfile="there is none",
                scripts="2 entries: a, b",
                proposal="gunicorn --bind 0.0.0.0:$PORT greeter:app (app in greeter.py is the WSGI application)",
            ),
        ),
    ),
    "runners": App(
        "pip",
        {"Procfile": "web: uvx gunicorn\n\nrelease: poetry install && x\nq: uv run --with rq rq worker\n"},
        {"other_commands": ["pipenv sync && x"]},
        problems=(
            "Procfile, line 3: `poetry install` does not run: the image does not contain poetry, and packages are "
            "installed when it is built; remove it from the command.",
            "Procfile, line 4: `uv run --with` installs packages when the command runs; add them to the app's "
            "dependencies, and remove the option.",
            "a command of the stack: `pipenv sync` does not run: the image does not contain pipenv, and packages are "
            "installed when it is built; remove it from the command.",
        ),
    ),
    "runner-of-a-setting": App(
        "pip",
        settings={"start_command": "poetry -C web run x"},
        problems=(
            "start_command: `poetry -C web` uses the project in web, and the packages of the app's folder are "
            "installed; set app to the folder of that project, and remove the option.",
        ),
    ),
    "process-types-of-one-name": App(
        "pip",
        {"Procfile": f"web: {WEB}\nmail_out: a\n\nmail-out: b\n"},
        problems=("Procfile, line 4: 'mail-out' and 'mail_out' are both the service 'mail-out'; rename one of them.",),
    ),
    "process-type-of-the-web": App(
        "pip",
        {"Procfile": f"Web: {WEB}\n"},
        problems=("Procfile, line 1: 'Web' is the service 'web' in lower case; write `web:`, or rename it.",),
    ),
    "process-type-without-letters": App(
        "pip",
        {"Procfile": f"web: {WEB}\n__: a\n"},
        problems=("Procfile, line 2: '__' has no letters or digits, so it is not a name for a service; rename it.",),
    ),
    "long-process-type": App(
        "pip",
        {"Procfile": f"web: {WEB}\nsend_all_the_newsletters_now: a\n"},
        problems=("Procfile, line 2: the service 'send-all-the-newsletters-now' has 28 characters; use at most 24.",),
    ),
    "script-of-a-command-line-tool": App(
        "pyproject",
        {
            "greeter.py": "import argparse\n\n\ndef main():\n    argparse.ArgumentParser().print_help()\n",
            "shop/__init__.py": "from flask import Flask\n\n\ndef create_app():\n    return Flask(__name__)\n",
        },
        problems=(
            NO_START.format(
                procfile="there is none",
                scripts="1 entry: greet, which starts no server: greeter.py, line 4",
                proposal="gunicorn --bind 0.0.0.0:$PORT 'shop:create_app()' (create_app() in shop/__init__.py is the "
                "WSGI application)",
            ),
        ),
    ),
    "script-that-cannot-be-seen": App(
        "pyproject",
        {"greeter.py": None, "pyproject.toml": script("[project.scripts]", 'greet = "elsewhere:main"')},
        problems=(
            NO_START.format(
                procfile="there is none",
                scripts="1 entry: greet, which is not in the app's code",
                proposal="greet (if greet of [project.scripts] starts a server)",
            ),
        ),
    ),
    "server-of-conda": App(
        "conda",
        {"environment.yml": "dependencies: [python=3.12, conda-forge::flask=3.1, waitress>=3]\n", "Procfile": None},
        problems=(
            NO_START.format(
                procfile="there is none",
                scripts="there is none",
                proposal="waitress-serve --listen 0.0.0.0:$PORT app:app (app in app.py is the WSGI application)",
            ),
        ),
    ),
    "procfile": App(
        "pip",
        {"Procfile": "web gunicorn\n"},
        problems=("Procfile, line 1: 'web gunicorn' must be a name, a colon and a command.",),
    ),
    "toml": App(
        "uv",
        {"pyproject.toml": '[project]\nname = "app\n'},
        problems=("pyproject.toml, line 2: is not TOML (Illegal character '\\n'); correct it.",),
    ),
    "yaml": App(
        "conda",
        {"environment.yml": "name: app\ndependencies: [flask\n"},
        problems=("environment.yml, line 3: is not YAML (expected ',' or ']', but got '<stream end>'); correct it.",),
    ),
    "json": App(
        "node",
        {"package.json": '{\n  "scripts": {,}\n}'},
        problems=(
            "package.json, line 2: is not JSON (Expecting property name enclosed in double quotes); correct it.",
        ),
    ),
    "requirement": App(
        "pip",
        {"requirements.txt": "flask\n<<<<<<< HEAD\n"},
        problems=("requirements.txt, line 2: '<<<<<<< HEAD' is not a requirement; correct or remove it.",),
    ),
    "unread-file-of-sources": App(
        "pip",
        {"requirements.txt": "flask\n", "Pipfile": "\0", "Procfile": "web: gunicorn app:app\n"},
        problems=("Pipfile, line 1: is not TOML (Invalid statement); correct it.",),
    ),
    "nothing-but-a-stale-lock": App(
        "pip",
        {"requirements.txt": None, "poetry.lock": "", "pyproject.toml": "[tool.ruff]\n"},
        problems=(
            "nothing says what to install; looked for uv.lock, poetry.lock, Pipfile.lock, requirements.txt, Pipfile, "
            "environment.yml, package-list.txt, pyproject.toml; passed over: poetry.lock (pyproject.toml has neither "
            "[tool.poetry] nor [project]); list the app's packages in one of them.",
        ),
    ),
    "freeze-of-conda": App(
        "pip",
        {"requirements.txt": "gunicorn\nflask @ file:///home/conda/feedstock_root/build_artifacts/flask_17/work\n"},
        problems=(
            "requirements.txt, line 2: 'flask @ file:///home/conda/feedstock_root/build_artifacts/flask_17/work' is "
            "not in "
            "the app's folder, so it is not in the image; write the version instead, flask==…; `pip list "
            "--format=freeze` "
            "lists all versions.",
        ),
    ),
    "package-that-does-not-exist": App(
        "pip",
        {"requirements.txt": "-r base/all.txt\n", "base/all.txt": "\n-e ./lib\n"},
        problems=(
            "base/all.txt, line 2: '-e ./lib' does not exist in the app's folder; put it there and write its path in "
            "that "
            "folder, such as ./lib.",
        ),
    ),
    "wheels-outside": App(
        "pip",
        {"requirements.txt": "flask\n--find-links=../wheels\n"},
        problems=(
            "requirements.txt, line 2: '--find-links=../wheels' is not in the app's folder, so it is not in the "
            "image; put it "
            "there and write its path in that folder.",
        ),
    ),
    "dependency-outside-of-a-project": App(
        "pyproject",
        {
            "pyproject.toml": script("[project.scripts]", 'greet = "greeter:main"').replace(
                '"flask==3.1.2"', '"lib @ file:///srv/lib"'
            )
        },
        problems=(
            "pyproject.toml, line 9: 'lib @ file:///srv/lib' is not in the app's folder, so it is not in the image; "
            "write the "
            "version instead, lib==…; `pip list --format=freeze` lists all versions.",
        ),
    ),
    "poetry-outside": App(
        "poetry",
        {"poetry.lock": None, "pyproject.toml": '[tool.poetry.dependencies]\nlib = { path = "../lib" }\n'},
        problems=(
            "'lib' in pyproject.toml: '../lib' is not in the app's folder, so it is not in the image; move it into "
            "the app's "
            "folder, or take it from an index or a Git repository.",
        ),
    ),
    "uv-lock-outside": App(
        "uv",
        {
            "uv.lock": 'version = 1\n[[package]]\nname = "app"\nsource = { virtual = "." }\n'
            'dependencies = [{ name = "lib" }]\n[[package]]\nname = "lib"\nsource = { editable = "../lib" }\n'
        },
        problems=(
            "uv.lock: 'lib' from ../lib is not in the app's folder, so it is not in the image; move it into "
            "the app's folder, or take it from an index or a Git repository.",
        ),
    ),
    "pip-of-conda-outside": App(
        "conda",
        {"environment.yml": "dependencies:\n  - python=3.12\n  - pip:\n    - /srv/lib\n"},
        problems=(
            "environment.yml, line 4: '/srv/lib' is not in the app's folder, so it is not in the image; put it there "
            "and "
            "write its path in that folder, such as ./lib.",
        ),
    ),
    "missing-include": App(
        "pip",
        {"requirements.txt": "-r ../base.txt\n"},
        problems=(
            "requirements.txt, line 1: '../base.txt' is not in the app's folder; put it there or remove the line.",
        ),
    ),
    "old-python": App(
        "pip",
        settings={"python_version": "3.9"},
        problems=("python_version: '3.9' is not one of 3.11, 3.12, 3.13, 3.14, 3.15; choose one of them.",),
    ),
    "no-python-allowed": App(
        "uv",
        {"pyproject.toml": project('requires-python = "<3.11"')},
        problems=("pyproject.toml, line 4: '<3.11' allows none of 3.11, 3.12, 3.13, 3.14, 3.15; allow one of them.",),
    ),
    "python-against-the-project": App(
        "uv",
        {"pyproject.toml": project('requires-python = ">=3.13"')},
        {"python_version": "3.12"},
        problems=(
            "pyproject.toml, line 4: '>=3.13' does not allow 3.12, from the setting python_version; "
            "change one of them.",
        ),
    ),
    "pin": App(
        "pip", {".python-version": "pypy\n"}, problems=(".python-version, line 1: 'pypy' must be a version like 3.13.",)
    ),
    "system-package": App(
        "pip",
        settings={"system_packages": ["lib pq"]},
        problems=(
            "system_packages: 'lib pq' is not the name of a Debian package; it has lower-case letters, digits, plus "
            "and minus signs and dots.",
        ),
    ),
    "two-lock-files": App(
        "pip",
        {**package(), **lock("yarn.lock"), **lock("package-lock.json")},
        problems=(
            "package.json, line 1: package-lock.json and yarn.lock are lock files of different package managers; "
            "delete all "
            'but one, or add "packageManager".',
        ),
    ),
    "lock-file-of-another-manager": App(
        "pip",
        {**package(packageManager="pnpm@10.5.2"), **lock("package-lock.json")},
        problems=(
            "package.json, line 8: pnpm is the package manager, but the lock file is package-lock.json; commit "
            "pnpm-lock.yaml and delete package-lock.json, or name the manager of package-lock.json.",
        ),
    ),
    "manager-without-an-exact-version": App(
        "pip",
        package(packageManager="pnpm@latest"),
        problems=(
            "package.json, line 8: packageManager: 'pnpm@latest' is not npm, pnpm, yarn or bun with an exact "
            "version; write "
            "one such as pnpm@10.34.9.",
        ),
    ),
    "engines-of-no-node": App(
        "pip",
        package(engines={"node": ">=30"}),
        problems=(
            "package.json, line 8: '>=30' allows none of Node 14, 16, 18, 20, 22, 24, 26; allow one of them, such "
            "as 22.",
        ),
    ),
    "pin-of-no-node": App(
        "pip",
        {**package("web"), ".nvmrc": "# ours\n12\n"},
        problems=(
            ".nvmrc, line 2: '12' allows none of Node 14, 16, 18, 20, 22, 24, 26; allow one of them, such as 22.",
        ),
    ),
    "two-folders-of-assets": App(
        "pip",
        {**package("frontend"), **package("admin")},
        problems=(
            "assets_folder: admin/package.json, frontend/package.json have a script 'build' each; set assets_folder "
            "to the "
            "folder whose assets the app uses, or to none.",
        ),
    ),
    "assets-outside": App(
        "pip",
        settings={"assets_folder": "../web"},
        problems=(
            "assets_folder: '../web' has no package.json in the app's folder; set it to a folder that has one, or "
            "to none.",
        ),
    ),
    "requirements-left-out": App(
        "pip",
        {".dockerignore": "# ours\n*.txt\n"},
        problems=(
            ".dockerignore, line 2: '*.txt' leaves out requirements.txt, which the build needs; add the line "
            "!requirements.txt after it.",
        ),
    ),
    "library-left-out": App(
        "pip",
        {"requirements.txt": f"{FLASK}-e ./lib\n", **LIBRARY, ".dockerignore": "li*\n"},
        problems=(".dockerignore, line 1: 'li*' leaves out lib, which the build needs; add the line !lib after it.",),
    ),
    "wheels-of-uv-left-out": App(
        "uv",
        {
            "uv.lock": read("uv/uv.lock").replace('registry = "https://pypi.org/simple"', 'registry = "file:wheels"'),
            ".dockerignore": "wheels\n",
        },
        problems=(
            ".dockerignore, line 1: 'wheels' leaves out wheels, which the build needs; add the line !wheels after it.",
        ),
    ),
    "wheels-of-uv-outside": App(
        "uv",
        {"uv.lock": read("uv/uv.lock").replace('registry = "https://pypi.org/simple"', 'registry = "../wheels"')},
        problems=(
            "uv.lock: 'blinker' from ../wheels is not in the app's folder, so it is not in the image; move it into "
            "the app's folder, or take it from an index or a Git repository.",
        ),
    ),
    "package-left-out": App(
        "node",
        {".dockerignore": "package-lock.json\n"},
        problems=(
            ".dockerignore, line 1: 'package-lock.json' leaves out package-lock.json, which the build needs; add "
            "the line "
            "!package-lock.json after it.",
        ),
    ),
    "lock-file-left-out": App(
        "pip",
        {**package(), **lock("pnpm-lock.yaml"), ".dockerignore": "**/pnpm-lock.yaml\n"},
        problems=(
            ".dockerignore, line 1: '**/pnpm-lock.yaml' leaves out pnpm-lock.yaml, which the build needs; add the line "
            "!pnpm-lock.yaml after it.",
        ),
    ),
    "assets-left-out": App(
        "pip",
        {**package("web"), **lock("pnpm-lock.yaml", "web"), ".dockerignore": "*\n!*.py\n!requirements.txt\n"},
        {"assets_folder": "web"},
        problems=(
            ".dockerignore, line 1: '*' leaves out web/package.json, which the build needs; add the line "
            "!web/package.json "
            "after it.",
            ".dockerignore, line 1: '*' leaves out web/pnpm-lock.yaml, which the build needs; add the line "
            "!web/pnpm-lock.yaml after it.",
        ),
    ),
    "everything-at-once": App(
        "node",
        {"requirements.txt": "?\n", ".python-version": "two\n", "package.json": "[]", "Procfile": "web\n"},
        problems=(
            "requirements.txt, line 1: '?' is not a requirement; correct or remove it.",
            ".python-version, line 1: 'two' must be a version like 3.13.",
            "Procfile, line 1: 'web' must be a name, a colon and a command.",
            "package.json, line 1: must hold names with values; see its manual.",
        ),
    ),
}
# Without a start command, whose proposal must serve: tests/reliability/test_frameworks.py runs it.
BAD |= {
    f"framework-{name}": App(
        "pip",
        {"app.py": None, "Procfile": None, "requirements.txt": f"{app.requirements}\n", **app.files},
        problems=(
            NO_START.format(
                procfile="there is none", scripts="there is none", proposal=f"{app.command} ({app.reason})"
            ),
        ),
    )
    for name, app in FRAMEWORKS.items()
}
GOOD = {**MANAGERS, **VARIANTS}
# What can be built and run, apart from conda's, which need a channel.
RUNNABLE = {name: app for name, app in MANAGERS.items() if not name.startswith("conda")} | {
    name: VARIANTS[name]
    for name in (
        "included",
        "local-package",
        "pipenv-without-lock",
        "poetry-package",
        "dynamic-dependencies",
        "uv-source-without-lock",
        *("pnpm", "yarn-classic", "yarn-berry", "bun", "assets-in-a-folder", "workspaces", "pip-conf"),
    )
}
