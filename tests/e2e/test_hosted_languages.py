"""The examples in other languages, held to the SDKs that Pulumi generates from the package's schema."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT

SCHEMA = ROOT / "tests" / "golden" / "schema.json"


@pytest.fixture
def typescript(pulumi_command, tmp_path) -> Path:
    """The example with its generated SDK, its packages installed with npm's own cache."""
    for command in ("node", "npm", "pulumi-language-nodejs"):
        if shutil.which(command) is None:
            pytest.skip(f"there is no command {command} on this machine")
    folder = shutil.copytree(ROOT / "examples" / "hosted" / "typescript", tmp_path / "typescript")
    run(tmp_path, pulumi_command, "package", "gen-sdk", str(SCHEMA), "--language", "nodejs", "--out", str(tmp_path))
    (folder / "sdks").mkdir()
    shutil.move(tmp_path / "nodejs", folder / "sdks" / "flask-on-aws")
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
    return folder


def run(folder: Path, *command: str, fails: bool = False) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, output
    return output


def test_typescript(typescript):
    run(typescript, "npx", "--no-install", "tsc", "--noEmit")
    program = typescript / "index.ts"
    program.write_text(program.read_text().replace("memory:", "memroy:"))
    output = run(typescript, "npx", "--no-install", "tsc", "--noEmit", fails=True)
    assert "'memroy' does not exist" in output
