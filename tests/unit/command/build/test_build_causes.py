"""Why a build failed, from the output of uv, pip, Poetry, compilers and npm: pure."""

import pytest
from flask_on_aws_cli.build.build_causes import build_cause
from flask_on_aws_cli.build.local_python import LocalPython
from flask_on_aws_cli.build.run import BuildError
from flask_on_aws_cli.preflight.prepare import build_failed

NOISE = ["Resolved 61 packages in 119ms", *(f"Downloading package-{n} (1.1MiB)" for n in range(40))]
UV_HASHES = """\
error: Failed to download `flask==3.1.2`
  cause: Hash mismatch for `flask==3.1.2`

         Expected:
           sha256:0000000000000000000000000000000000000000000000000000000000000000

         Computed:
           sha256:ca1d8112ec8a6158cc29ea4858963350011b5c846a414cdb7a954aa9e967d03c"""
PIP_HASHES = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, …
    flask==3.1.2 from https://files.example.com/flask-3.1.2-py3-none-any.whl (from -r requirements.txt (line 1)):
        Expected sha256 0000000000000000
             Got        ca1d8112ec8a6158"""
UV_PYTHON = """\
error: No solution found when resolving dependencies
  cause: Because the current Python version (3.11.7) does not satisfy Python>=3.12 and shop-core==3.5 \
depends on Python>=3.12, \
we can conclude that shop-core==3.5 cannot be used."""
PIP_PYTHON = "ERROR: Package 'shop-core' requires a different Python: 3.13.1 not in '<3.13'"
POETRY_PYTHON = """\
The current project's supported Python range (>=3.13,<4.0) is not compatible with some of the required packages:
  - shop-core requires Python <3.13,>=3.8, so it will not be installable for Python >=3.13"""
UV_WHEELS = """\
  cause: Because shop-core==1.2 has no wheels with a matching Python ABI tag (e.g., `cp313`), we can conclude so

hint: You require CPython 3.13 (`cp313`), but we only found wheels for `shop-core` (v1.2) with the following Python \
ABI tags: `cp310`, `cp311`"""
COMPILER = """\
error: Failed to download and build `pandas==1.0.0`
  cause: Failed to install requirements from `build-system.requires`
  cause: Failed to build `numpy==1.14.5`
  cause: Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1)

         [stderr]
         ModuleNotFoundError: No module named 'distutils.msvccompiler'"""
PIP_HEADER = """\
  Building wheel for mysqlclient (pyproject.toml): finished with status 'error'
      src/MySQLdb/_mysql.c:29:10: fatal error: mysql.h: No such file or directory
         29 | #include "mysql.h"
            |          ^~~~~~~~~
      compilation terminated.
      error: command '/usr/bin/gcc' failed with exit code 1
      [end of output]
  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for mysqlclient
Failed to build mysqlclient"""


def cause(text, prefix="", tail=()):
    return build_cause([f"{prefix}{line}" for line in [*NOISE, *text.splitlines(), *tail]])


@pytest.mark.parametrize("prefix", ["", "#12 3.456 "])
@pytest.mark.parametrize(
    ("text", "sentence", "fix", "shown"),
    [
        (UV_HASHES, "file of flask 3.1.2 is not the one whose hash", "lock again", "sha256:ca1d81"),
        (PIP_HASHES, "file of flask 3.1.2 is not the one whose hash", "lock again", "Got        ca1d8112"),
        (
            "ERROR: In --require-hashes mode, all requirements must have their hashes recorded.",
            "some packages have hashes",
            "record all",
            "--require-hashes",
        ),
        (
            "error: Hash-checking is required, but no trusted hash was provided for: `blinker`",
            "some packages have hashes and others have none",
            "record all",
            "blinker",
        ),
        (UV_PYTHON, "shop-core 3.5 needs Python >=3.12", "pythonVersion", "3.11.7"),
        (PIP_PYTHON, "shop-core needs Python <3.13", "pythonVersion", "3.13.1"),
        (POETRY_PYTHON, "shop-core needs Python <3.13,>=3.8", "pythonVersion", ">=3.13"),
        (UV_WHEELS, "shop-core 1.2 has wheels only for Python 3.10, 3.11", "set pythonVersion 3.11", "cp310"),
        (
            "  cause: Because there is no version of flask==0.0.0.1 and you require flask==0.0.0.1, we can conclude",
            "no flask 0.0.0.1",
            "correct the name or the version",
            "flask==0.0.0.1",
        ),
        (
            "  cause: Because nosuch-pkg was not found in the package registry and you require nosuch-pkg==1, we",
            "no nosuch-pkg that fits",
            "a private package needs its index",
            "nosuch-pkg",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement flask==9 (from versions: 1.0, 3.1.2)\n"
            "ERROR: No matching distribution found for flask==9",
            "no flask 9",
            "correct",
            "from versions: 1.0",
        ),
        (
            PIP_HEADER,
            "mysqlclient is compiled, and the header mysql.h is missing",
            "default-libmysqlclient-dev",
            "fatal",
        ),
        (
            "error: Failed to build `psycopg2==2.9.10`\n         Error: pg_config executable not found.",
            "psycopg2 2.9.10 is compiled, and the program pg_config is missing",
            "add libpq-dev to the setting systemPackages",
            "pg_config",
        ),
        (
            "  ERROR: Failed building wheel for uWSGI\n  error: command 'gcc' failed: No such file or directory",
            "uWSGI is compiled, and the program gcc is missing",
            "build-essential",
            "gcc",
        ),
        (
            "  x86_64-linux-gnu-gcc: not found\n  ERROR: Failed building wheel for thing\n  thing-1.4.2.tar.gz (1 kB)",
            "thing 1.4.2 is compiled, and the program gcc is missing",
            "build-essential",
            "gcc",
        ),
        ("error: can't find Rust compiler", "a package is compiled, and the program rustc is missing", "cargo", "Rust"),
        ("/usr/bin/ld: cannot find -lpq: No such file", "the library libpq is missing", "libpq-dev", "-lpq"),
        (
            COMPILER,
            "pandas 1.0.0 has no wheel for this Python, and cannot be compiled",
            "version of pandas",
            "msvccompiler",
        ),
        (
            "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.",
            "package-lock.json does not fit package.json",
            "run `npm install`",
            "in sync",
        ),
        (
            " ERR_PNPM_OUTDATED_LOCKFILE  Cannot install because pnpm-lock.yaml is not up to date",
            "pnpm-lock.yaml does not fit package.json",
            "run `pnpm install` and commit pnpm-lock.yaml",
            "not up to date",
        ),
        (
            "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.",
            "yarn.lock does not fit package.json",
            "run `yarn install`",
            "needs to be updated",
        ),
        (
            "➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.",
            "yarn.lock does not fit package.json",
            "run `yarn install`",
            "YN0028",
        ),
        (
            "error: lockfile had changes, but lockfile is frozen",
            "bun.lock does not fit package.json",
            "run `bun install`",
            "frozen",
        ),
        (
            'error vite@7.0.0: The engine "node" is incompatible with this module. Expected version ">=20".',
            "a package does not support this version of Node",
            ".nvmrc",
            "vite@7.0.0",
        ),
        (
            "Traceback (most recent call last):\n  File \"<frozen os>\", line 679\nKeyError: 'DATABASE_URL'",
            "the variable DATABASE_URL is not set in the build",
            "buildEnv",
            "KeyError",
        ),
        (
            "django.core.exceptions.ImproperlyConfigured: Set the MAIL_KEY environment variable",
            "the variable MAIL_KEY is not set in the build",
            "buildEnv",
            "MAIL_KEY",
        ),
        (
            "decouple.UndefinedValueError: MAIL_KEY not found. Declare it as envvar or define a default value.",
            "the variable MAIL_KEY is not set in the build",
            "buildEnv",
            "MAIL_KEY",
        ),
        ("npm error 404  'vitee@^5' is not in this registry.", "no vitee@^5", "package.json", "vitee"),
        (
            "error: Failed to fetch: `https://pypi.org/simple/flask/`\n  cause: dns error",
            "cannot be reached",
            "network",
            "pypi.org",
        ),
    ],
)
def test_the_cause_of_a_failed_build_is_found_and_shown(text, sentence, fix, shown, prefix):
    found = cause(text, prefix, tail=[f"and more {n}" for n in range(40)])
    assert sentence in found.sentence
    assert fix in found.fix
    assert any(shown in line for line in found.evidence)
    assert len(found.evidence) <= 12


def test_an_unknown_cause_is_none():
    assert cause("sh: exit 3") is None


def test_a_failed_build_says_its_cause_in_the_command_and_in_the_preflight():
    known = BuildError("docker build exited with code 1", cause(UV_HASHES))
    assert (
        str(known)
        .splitlines()[0]
        .startswith("docker build exited with code 1: the package index's file of flask 3.1.2")
    )
    assert build_failed(known).sentence == f"docker build exited with code 1: {known.cause.sentence}"
    assert build_failed(known).fix == known.cause.fix
    unknown = BuildError("`make` exited with code 2", None, ["", "one", "two"])
    assert str(unknown) == "`make` exited with code 2; its last lines are:\n\none\ntwo"
    assert build_failed(unknown).evidence == ("one", "two")
    assert "`flask-on-aws plan` shows the files" in build_failed(unknown).fix


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("django>=6.1 depends on Python>=3.12", "django>=6.1"),
        ("django>=6.1,<6.2 depends on Python>=3.12", "django>=6.1,<6.2"),
        ("all versions of shop-core depend on Python>=3.12", "shop-core"),
    ],
)
def test_a_range_of_versions_that_needs_another_python_is_named(wanted, name):
    found = cause(f"cause: Because the current Python version (3.11.7) does not satisfy Python>=3.12 and {wanted}, so")
    assert found.sentence == f"{name} needs Python >=3.12"


def test_a_build_on_another_python_than_the_plan_s_names_that_first():
    python = LocalPython(
        "3.11", "Python 3.13 is not on this machine, and uv cannot download it (no network); install it"
    )
    failure = BuildError("`uv pip install` exited with code 1", cause(UV_PYTHON)).on_other_python(python)
    assert build_failed(failure).sentence == (
        "`uv pip install` exited with code 1 on Python 3.11 (Python 3.13 is not on this machine, and uv cannot "
        "download it (no network); install it, and try again): shop-core 3.5 needs Python >=3.12"
    )
    assert BuildError("x").on_other_python(LocalPython("3.13")).sentence == "x"
