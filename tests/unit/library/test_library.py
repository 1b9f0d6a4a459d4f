"""The library's front door: every name, each imported when it is asked for."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import flask_on_aws
import flask_on_aws_cli
import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", flask_on_aws.__all__)
def test_a_public_name_is_there_and_is_what_it_says(name):
    assert getattr(flask_on_aws, name).__name__ == name


def test_another_name_is_rejected():
    with pytest.raises(AttributeError, match="module 'flask_on_aws' has no attribute 'Balancer'"):
        _ = flask_on_aws.Balancer


def test_a_build_plan_needs_no_pulumi():
    check = "import sys, flask_on_aws.build_plan.plan; sys.exit('pulumi' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_base_install_of_the_command_needs_no_package_of_an_extra():
    """`plan` and `build` work, and every other command names the extra that it needs."""
    project = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {re.split(r"[\[<>=]", line)[0] for lines in project["optional-dependencies"].values() for line in lines}
    assert {"filelock", "docker", "psutil"} <= extras
    modules = sorted({"psycopg": "psycopg", "dnspython": "dns"}.get(name, name) for name in extras)
    check = (
        f"import sys; sys.modules.update(dict.fromkeys({modules}))\n"
        "from flask_on_aws_cli import main\n"
        "from flask_on_aws_cli.build import command\n"
        "from flask_on_aws_cli.plan import command\n"
        "for name, (_, extra) in main._COMMANDS.items():\n"
        "    command = main.main.get_command(None, name)\n"
        "    assert bool(extra) == (command.help or '').endswith(f'[{extra}]\\''), name\n"
        "    try: extra and command.main([], standalone_mode=False)\n"
        "    except main.MissingPackagesError as error: assert f'[{extra}]' in error.message, name\n"
        "    else: assert not extra, name\n"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["operations", "preflight", "local"])
def test_each_extra_that_locks_files_brings_the_library_for_it(name):
    """`local_project` and `pulumi_engine`, which all of them import, lock files."""
    project = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [line for line in project["optional-dependencies"][name] if line.startswith("filelock>=")]


def test_the_library_depends_on_the_sdks_and_on_three_readers_alone():
    project = tomllib.loads((ROOT / "components" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]}
    assert {name for name in names if not name.startswith("pulumi")} == {"packaging", "PyYAML", "semantic-version"}


def test_an_edit_of_the_library_or_the_command_takes_effect_at_the_next_update():
    """The program's environment has both as they are in this folder, not as copies."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {"-e ./components", "-e ./cli[preflight]"} <= set(requirements)
    assert Path(flask_on_aws.__file__).parent == ROOT / "components" / "flask_on_aws"
    assert Path(flask_on_aws_cli.__file__).parent == ROOT / "cli" / "flask_on_aws_cli"


def test_modules_named_like_those_of_python_do_not_break_the_hosted_package(tmp_path):
    """Python puts the folder of `__main__.py` first into its path: nothing there may be imported by accident."""
    folder = tmp_path / "components"
    shutil.copytree(ROOT / "components" / "flask_on_aws", folder / "flask_on_aws")
    shutil.copy(ROOT / "components" / "__main__.py", folder)
    for package in (folder / "flask_on_aws", *(path.parent for path in folder.rglob("*/__init__.py"))):
        for name in sys.stdlib_module_names:
            module = package / f"{name}.py"
            if not module.exists() and not (package / name).exists():
                module.write_text("raise ImportError(__name__)\n")
    code = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]);"
        "host = runpy.run_path(sys.argv[1])['host']();"
        "import flask_on_aws; assert flask_on_aws.__file__.startswith(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
