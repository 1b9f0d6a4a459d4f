"""Both distributions, built as a release builds them and installed as users do, by every Python of this machine."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.parser import BytesParser
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from uv import find_uv_bin

from tests.e2e.stacks import ROOT

pytestmark = pytest.mark.long
VERSIONS = ["3.11", "3.12", "3.13", "3.14"]
DATA = {
    "flask_on_aws": ["py.typed", "rds-ca/rds-ca-bundle.pem"],
    "flask_on_aws_cli": ["py.typed", "/page.html", "/page.css", "/page.js"],
}


def run(*command: str | Path, folder: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def interpreter(version: str) -> str | None:
    """This machine's Python of a version, of those that start."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    candidates = [sys.executable, shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
    ask = "import sys, ensurepip; print('{}.{}'.format(*sys.version_info))"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return str(candidate)
    return None


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> list[Path]:
    """The wheels, each built from its source distribution: what that lacks, they lack too."""
    folder = tmp_path_factory.mktemp("distributions")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if name.startswith(("components/", "cli/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in ("components", "cli"):
        run(find_uv_bin(), "build", "--quiet", "--python", sys.executable, "--out-dir", folder / "dist", folder / name)
    found = sorted((folder / "dist").glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in found] == ["flask_on_aws", "flask_on_aws_cli"]
    return found


def test_the_wheels_have_their_data_and_nothing_of_the_tests(wheels):
    for wheel in wheels:
        names = ZipFile(wheel).namelist()
        package = wheel.name.partition("-")[0]
        assert [data for data in DATA[package] if not any(name.endswith(data) for name in names)] == []
        assert [name for name in names if not re.match(rf"{package}(/|-[\d.]+\.dist-info/)", name)] == []


def test_both_forms_of_both_distributions_hold_the_licence(wheels):
    """Apache-2.0, section 4: whoever passes the work on gives a copy of the licence with it."""
    licence = (ROOT / "LICENSE").read_bytes()
    for wheel in wheels:
        with ZipFile(wheel) as archive:
            (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            fields = BytesParser().parsebytes(archive.read(metadata))
            assert (fields["License-Expression"], fields.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])
            assert archive.read(metadata.replace("METADATA", "licenses/LICENSE")) == licence
        stem = "-".join(wheel.name.split("-")[:2])
        with tarfile.open(wheel.with_name(f"{stem}.tar.gz")) as archive:
            file = archive.extractfile(f"{stem}/LICENSE")
            assert file is not None
            assert file.read() == licence


@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheels_work_in_a_clean_environment(wheels, version, tmp_path):
    """Only this test proves that each distribution has its modules and declares its dependencies, by every Python."""
    python = interpreter(version)
    if not python:
        pytest.skip(f"there is no Python {version} on this machine")
    uv, environment = find_uv_bin(), tmp_path / "environment"
    run(uv, "venv", "--quiet", "--python", python, environment)
    library, command = wheels
    install = [uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python"]
    run(*install, library, f"{command}[local]")
    assert f"by Python {version}." in run(environment / "bin" / "python", "-I", ROOT / "tests" / "import_all.py")
    plan = run(environment / "bin" / "flask-on-aws", "plan", ROOT / "tests" / "apps" / "pip", folder=tmp_path)
    assert "gunicorn" in plan


def test_the_release_tests_the_same_versions_as_this_file():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["wheels"]["strategy"]["matrix"]["python"] == VERSIONS
