"""Tests that the examples in other languages compile with the SDKs that Pulumi generates from the schema."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT
from tests.waiting import HANG_SECONDS

SCHEMA = ROOT / "tests" / "golden" / "schema.json"
GENERATOR = ROOT / "tests" / "sdk_generator"
# Go code that passes the port and the storage size of a database to other components.
CONNECTED = """
func connect(ctx *pulumi.Context, network *flaskonaws.Network) error {
	server, err := flaskonaws.NewDatabase(ctx, "server", &flaskonaws.DatabaseArgs{
		VpcId:     network.VpcId,
		SubnetIds: network.PrivateSubnetIds,
	})
	if err != nil {
		return err
	}
	app := flaskonaws.FlaskAppArgs{DatabaseHost: server.Host, DatabasePort: server.Port}
	blog := flaskonaws.LogicalDatabaseArgs{Host: server.Host, Port: server.Port, DatabaseName: "blog"}
	alarms := flaskonaws.AlarmsArgs{DatabaseStorageGib: server.AllocatedStorageGib}
	_, _, _ = app, blog, alarms
	return nil
}
"""


@pytest.fixture
def typescript(tmp_path) -> Path:
    """The example with its generated SDK and the packages from npm."""
    require("node", "npm")
    folder = shutil.copytree(ROOT / "examples" / "hosted" / "typescript", tmp_path / "typescript")
    if shutil.which("pulumi") and shutil.which("pulumi-language-nodejs"):
        run(tmp_path, "pulumi", "package", "gen-sdk", str(SCHEMA), "--language", "nodejs", "--out", str(tmp_path))
        shutil.move(tmp_path / "nodejs", folder / "sdks" / "flask-on-aws")
    else:
        generate("nodejs", folder / "sdks" / "flask-on-aws")
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
    return folder


@pytest.fixture
def go(tmp_path) -> Path:
    """The example with the SDK that `pulumi install` generates; gen-sdk's has another import path and no go.mod."""
    folder = shutil.copytree(ROOT / "examples" / "hosted" / "go", tmp_path / "go")
    generate("go", folder / "sdks" / "flask-on-aws")
    run(folder, "go", "mod", "tidy")
    # With the generator's versions of all modules, the compiler finds them in its cache: three seconds instead of 100.
    run(folder, "go", "work", "init", ".", "./sdks/flask-on-aws", str(GENERATOR))
    return folder


def build(folder: Path, *, fails: bool = False) -> str:
    return run(folder, "go", "build", "-trimpath", "-o", "/dev/null", ".", fails=fails)


def generate(language: str, folder: Path) -> None:
    """Generate the SDK with Pulumi's generator, which is compiled from its Go module."""
    require("go")
    run(GENERATOR, "go", "run", "-trimpath", ".", language, str(SCHEMA), str(folder))


def require(*commands: str) -> None:
    for command in commands:
        if shutil.which(command) is None:
            pytest.skip(f"there is no command {command} on this machine")


def run(folder: Path, *command: str, fails: bool = False) -> str:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANG_SECONDS, check=False)
    output = result.stdout + result.stderr
    assert (result.returncode != 0) == fails, output
    return output


def test_the_typescript_example_compiles(typescript):
    """Only this test proves that the TypeScript example compiles: half a minute, most of it npm's."""
    run(typescript, "npx", "--no-install", "tsc", "--noEmit")
    program = typescript / "index.ts"
    program.write_text(program.read_text().replace("memory:", "memroy:"))
    output = run(typescript, "npx", "--no-install", "tsc", "--noEmit", fails=True)
    assert "'memroy' does not exist" in output


def test_the_go_example_compiles(go):
    """Only this test proves that the Go example compiles, and that outputs have the types of matching arguments."""
    assert not run(go, "gofmt", "-l", "main.go")
    program = go / "main.go"
    text = program.read_text() + CONNECTED
    program.write_text(text)
    build(go)
    program.write_text(text.replace("Memory:", "Memroy:"))
    assert "unknown field Memroy" in build(go, fails=True)
