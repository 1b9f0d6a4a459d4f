"""Tests of both distributions, built as for a release and installed with every Python version of this machine."""

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
    "flask_on_aws": ["py.typed", "rds-ca/rds-ca-bundle.pem", "/basic_auth.js"],
    "flask_on_aws_cli": ["py.typed", "/page.html", "/page.css", "/page.js", "/docs/settings.md"],
}


def run(*command: str | Path, folder: Path | None = None) -> str:
    result = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}:\n{result.stdout}{result.stderr}"
    return result.stdout


def interpreter(version: str) -> str | None:
    """An interpreter of this version on this machine, if there is one that starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    candidates = [sys.executable, shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
    script = "import sys, ensurepip; print('{}.{}'.format(*sys.version_info))"
    for candidate in filter(None, candidates):
        result = subprocess.run([candidate, "-c", script], capture_output=True, text=True, check=False)
        if result.returncode == 0 and result.stdout.strip() == version:
            return str(candidate)
    return None


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> list[Path]:
    """The wheels, which are built from the source distributions, so that these must be complete too."""
    folder = tmp_path_factory.mktemp("distributions")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if name.startswith(("components/", "cli/")) and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2  # the link to the documentation
            copy(ROOT / name, folder / name)
    for name in ("components", "cli"):
        run(find_uv_bin(), "build", "--quiet", "--python", sys.executable, "--out-dir", folder / "dist", folder / name)
    wheels = sorted((folder / "dist").glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["flask_on_aws", "flask_on_aws_cli"]
    return wheels


def test_the_wheels_contain_their_data_files_and_no_tests(wheels):
    for wheel in wheels:
        names = ZipFile(wheel).namelist()
        package = wheel.name.partition("-")[0]
        assert [data for data in DATA[package] if not any(name.endswith(data) for name in names)] == []
        assert [name for name in names if not re.match(rf"{package}(/|-[\d.]+\.dist-info/)", name)] == []


def test_every_distribution_contains_the_license(wheels):
    """Section 4 of Apache-2.0 requires a copy of the license in every redistribution."""
    license_text = (ROOT / "LICENSE").read_bytes()
    for wheel in wheels:
        with ZipFile(wheel) as archive:
            (metadata,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            fields = BytesParser().parsebytes(archive.read(metadata))
            assert (fields["License-Expression"], fields.get_all("License-File")) == ("Apache-2.0", ["LICENSE"])
            assert archive.read(metadata.replace("METADATA", "licenses/LICENSE")) == license_text
        stem = "-".join(wheel.name.split("-")[:2])
        with tarfile.open(wheel.with_name(f"{stem}.tar.gz")) as archive:
            file = archive.extractfile(f"{stem}/LICENSE")
            assert file is not None
            assert file.read() == license_text


# What the oldest and the newest have, those between them have too.
BETWEEN = [pytest.param(version, marks=pytest.mark.slow) for version in VERSIONS[1:-2]]


@pytest.mark.parametrize("version", [VERSIONS[0], *BETWEEN, *VERSIONS[-2:]])
def test_the_wheels_work_in_a_clean_environment(wheels, version, tmp_path):
    """Only this test proves that each distribution has its modules and declares its dependencies, with every Python."""
    python = interpreter(version)
    if not python:
        pytest.skip(f"there is no Python {version} on this machine")
    uv, environment = find_uv_bin(), tmp_path / "environment"
    run(uv, "venv", "--quiet", "--python", python, environment)
    library, command = wheels
    install = [uv, "pip", "install", "--quiet", "--python", environment / "bin" / "python"]
    run(*install, library, f"{command}[local,mcp]")
    assert f"by Python {version}." in run(environment / "bin" / "python", "-I", ROOT / "tests" / "import_all.py")
    plan = run(environment / "bin" / "flask-on-aws", "plan", ROOT / "tests" / "apps" / "pip", folder=tmp_path)
    assert "gunicorn" in plan


def test_the_release_workflow_tests_the_same_python_versions():
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["wheels"]["strategy"]["matrix"]["python"] == VERSIONS
