"""What an app and its build get of this machine: the programs of the image, and no variables of the shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.programs import missing_package, programs_of
from flask_on_aws_cli.build import local_python as python_module
from flask_on_aws_cli.build.image_programs import SLIM, closure
from flask_on_aws_cli.build.local_python import LocalPython, local_python, python_path
from flask_on_aws_cli.build.machine_programs import link_programs, node_folders
from flask_on_aws_cli.build.run import BuildError, make_environment
from flask_on_aws_cli.build.step_environment import step_environment


def program(folder: Path, name: str, text: str = "echo of the machine") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """A folder that is first on this process's PATH."""
    folder = tmp_path / "machine"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def found(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["flask", "gunicorn", "python3", "pip", "curl", "git", "gcc", "node", "ruby"])
def test_a_program_that_the_image_lacks_is_hidden(tmp_path, machine, name):
    program(machine, name)
    path = link_programs(tmp_path / "bin")
    assert name not in found(path)
    line = subprocess.run(["/bin/sh", "-c", f"{name}"], env={"PATH": str(path)}, capture_output=True, check=False)
    assert line.returncode == 127


@pytest.mark.parametrize(
    "name", ["sh", "env", "cat", "sed", "grep", "awk", "find", "tar", "gzip", "perl", "nproc", "id"]
)
def test_the_programs_of_a_slim_image_are_those_of_the_system(tmp_path, machine, name):
    program(machine, name)
    links = link_programs(tmp_path / "bin")
    expected = shutil.which(name, path="/usr/bin:/bin")
    assert expected is None or (links / name).readlink().samefile(expected)
    assert name in SLIM


def test_a_declared_package_s_programs_are_those_of_the_machine(tmp_path, machine):
    for name in ("ffmpeg", "ffprobe", "own-tool", "pdftotext"):
        program(machine, name)
    links = link_programs(tmp_path / "bin", ["ffmpeg", "own-tool", "nothing-here"])
    assert {"ffmpeg", "ffprobe", "own-tool"} <= found(links)
    assert not {"pdftotext", "nothing-here"} & found(links)
    line = subprocess.run([links / "ffmpeg"], capture_output=True, text=True, check=True)
    assert line.stdout == "of the machine\n"


def test_debian_s_packages_bring_the_programs_of_what_they_depend_on(tmp_path, machine):
    program(
        machine,
        "dpkg-query",
        'case $1 in --show) printf "media\\tvirtual\\tlib, util (>= 1)\\nutil\\t\\t\\n";; *) echo /bin/ls; esac',
    )
    (tmp_path / "ls").symlink_to("/bin/ls")
    assert "ls" in found(link_programs(tmp_path / "bin", ["virtual"]))
    assert closure(["a"], {"a": ["b", "c"], "c": ["a", "d"]}) == {"a", "b", "c", "d"}


def test_node_is_itself_and_not_the_shim_of_a_version_manager(tmp_path, machine):
    real = tmp_path / "versions" / "22" / "bin"
    program(real, "node")
    program(real, "npm")
    program(machine, "node", f'[ "$*" = "-p process.execPath" ] && echo {real}/node')
    program(machine, "npm")
    assert node_folders() == (str(real), str(machine))


def test_a_build_step_has_no_variables_of_the_shell(tmp_path):
    shell = {
        **dict.fromkeys(
            ("PYTHONPATH", "PYTHONHOME", "PIP_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "GEM_HOME"), "x"
        ),
        **dict.fromkeys(("NODE_PATH", "npm_config_registry", "NPM_CONFIG_USERCONFIG", "AWS_SECRET_ACCESS_KEY"), "x"),
        **dict.fromkeys(("POETRY_HTTP_BASIC_OURS_PASSWORD", "VIRTUAL_ENV", "CONDA_PREFIX", "CFLAGS", "FLASK_APP"), "x"),
        **{"HOME": "/home/me", "HTTPS_PROXY": "http://proxy", "SSL_CERT_FILE": "/ca.pem", "LANG": "de_DE.UTF-8"},
    }
    variables = step_environment(tmp_path, shell)
    assert "x" not in variables.values()
    assert variables["HOME"] == str(tmp_path)
    assert (variables["HTTPS_PROXY"], variables["SSL_CERT_FILE"]) == ("http://proxy", "/ca.pem")
    assert variables["UV_CACHE_DIR"] == "/home/me/.cache/uv"
    assert variables["NPM_CONFIG_CACHE"] == "/home/me/.npm"
    assert variables["PIP_CONFIG_FILE"] == os.devnull


def test_a_build_and_the_app_have_no_program_of_the_machine(tmp_path, machine, monkeypatch):
    app = tmp_path / "app"
    app.mkdir()
    (app / "requirements.txt").write_text("")
    program(machine, "of-the-machine")
    program(machine, "declared")
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setenv("PYTHONPATH", str(machine))
    plan = BuildPlan(
        manager="pip",
        decides="requirements.txt",
        dependency_files=("requirements.txt",),
        python_version=own,
        run_packages=("declared",),
        start_command="declared && python -c 'import sys; print(sys.path)' && of-the-machine",
    )
    make_environment(plan, app, tmp_path / "out", {"VIRTUAL_ENV": "/nowhere"})  # as ENV of an image wins over its ARG
    done = subprocess.run([tmp_path / "out" / "start"], capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert done.stdout.startswith("of the machine\n")
    assert str(machine) not in done.stdout
    assert "of-the-machine: not found" in done.stderr


def test_the_build_command_has_no_secret_and_no_program_of_the_machine(tmp_path, machine, monkeypatch):
    app = tmp_path / "app"
    (app / "env311" / "bin").mkdir(parents=True)
    (app / "env311" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (app / "requirements.txt").write_text("")
    program(machine, "of-the-machine")
    for name in ("TOKEN", "OF_THE_SHELL"):
        monkeypatch.setenv(name, "x")
    plan = BuildPlan(
        manager="pip",
        decides="requirements.txt",
        dependency_files=("requirements.txt",),
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        build_command="env > variables; command -v of-the-machine >> variables || true",
        start_command="true",
    )
    make_environment(plan, app, tmp_path / "out", {"MODE": "production"}, ["TOKEN"])
    variables = (tmp_path / "out" / "app" / "variables").read_text()
    assert "MODE=production\n" in variables
    assert not [text for text in ("TOKEN", "OF_THE_SHELL", "of-the-machine", str(machine)) if text in variables]
    assert not (tmp_path / "out" / "app" / "env311").exists()


def test_other_build_steps_have_the_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "x")
    app = tmp_path / "app"
    app.mkdir()
    (app / "requirements.txt").write_text("-i ${TOKEN}://nowhere\nflask\n")
    plan = BuildPlan(
        manager="pip",
        decides="requirements.txt",
        dependency_files=("requirements.txt",),
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        start_command="true",
    )
    with pytest.raises(BuildError) as failure:
        make_environment(plan, app, tmp_path / "out", {}, ["TOKEN"])
    assert "x://nowhere" in str(failure.value)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("flask", ("dependencies", "Flask")),
        ("gunicorn", ("dependencies", "gunicorn")),
        ("ffmpeg", ("system_packages", "ffmpeg")),
        ("pdftotext", ("system_packages", "poppler-utils")),
        ("own-tool", ("", "")),
    ],
)
def test_the_package_of_a_program(name, package):
    assert missing_package(name) == package
    assert package[0] != "system_packages" or name in programs_of(package[1])


def plan(version: str, manager: str = "pip") -> BuildPlan:
    return BuildPlan(manager=manager, decides="x", python_version=version)


@pytest.fixture
def uv(tmp_path, monkeypatch):
    """A uv in place of the real one; returns its calls and what was said."""

    def install(text: str) -> tuple[Path, list[str]]:
        calls = tmp_path / "calls"
        uv = program(tmp_path / "uv", "uv", f'echo "$*" >>{calls}\n{text}')
        monkeypatch.setattr(python_module, "find_uv_bin", lambda: str(uv))
        return calls, []

    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)
    return install


OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_python_that_is_here_is_used_without_a_word(uv):
    calls, said = uv("exit 0")
    assert local_python(plan("3.14"), said.append) == LocalPython("3.14")
    assert calls.read_text() == "python find 3.14\n"
    assert said == []


def test_a_python_is_downloaded_with_a_message(uv):
    _, said = uv('[ "$2" = install ]')
    assert local_python(plan("3.14"), said.append) == LocalPython("3.14")
    assert said == ["Python 3.14 is not on this machine: uv downloads it, about 30 MB."]


def test_without_the_network_the_tool_s_python_is_used_and_reported(uv):
    _, said = uv('printf "error: Failed to install\\n  cause: no route to host\\n" >&2; exit 1')
    python = local_python(plan("3.14"), said.append)
    assert python == LocalPython(
        OWN, "Python 3.14 is not on this machine, and uv cannot download it (no route to host); install it"
    )


@pytest.mark.parametrize("mode", ["never", "manual"])
def test_downloads_that_are_switched_off_are_not_tried(uv, monkeypatch, mode):
    calls, said = uv("exit 1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", mode)
    python = local_python(plan("3.14"), said.append)
    assert python.version == OWN
    assert f"UV_PYTHON_DOWNLOADS is {mode}" in python.difference
    assert (said, "install" in calls.read_text()) == ([], False)


@pytest.mark.parametrize(
    ("variable", "installed"),
    [
        *((None, ".pyenv/versions"), (None, ".asdf/installs/python"), (None, ".local/share/mise/installs/python")),
        ("PYENV_ROOT", "versions"),
    ],
)
def test_a_python_of_a_version_manager_is_found_its_newest_patch_first(tmp_path, variable, installed):
    """On PATH, pyenv has programs that fail unless the version is selected for the folder."""
    machine = {"HOME": str(tmp_path), "PATH": "/shims"} | ({variable: str(tmp_path)} if variable else {})
    for patch in ("3.14.9", "3.14.10", "3.13.2"):
        program(tmp_path / installed / patch / "bin", f"python{patch.rpartition('.')[0]}", "exit 0")
    (tmp_path / installed / "3.14.11").mkdir()  # an installation that failed
    expected = tmp_path / installed / "3.14.10" / "bin"
    assert python_path("3.14", machine) == f"{expected}:/shims"
    assert python_path("3.15", machine) == "/shims"


def test_conda_brings_its_own_python(uv):
    calls, said = uv("exit 1")
    assert local_python(plan("3.12", "conda"), said.append) == LocalPython("3.12")
    assert not calls.exists()
