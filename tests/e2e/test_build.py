"""Tests of images of build plans, which a Docker engine builds and runs with the restrictions of Fargate."""

import io
import json
import os
import re
import secrets
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws.build_plan.packages.system_packages import NEEDS
from flask_on_aws.build_plan.plan import LEFT_OUT, PlanSettings, plan_build
from flask_on_aws.image.dockerfile import CA_CONTEXT, CA_FILE, CA_FOLDER, render_dockerfile
from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws_cli.main import main

from tests.apps.catalogue import GOOD, MANAGERS
from tests.waiting import HANG_SECONDS, SECONDS

pytestmark = pytest.mark.docker
CONDA = [name for name in MANAGERS if name.startswith("conda")]


def docker(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=HANG_SECONDS, **options)


@pytest.fixture(scope="module", autouse=True)
def docker_engine():
    try:
        result = docker("version")
    except FileNotFoundError:
        pytest.skip("there is no docker command on this machine")
    if result.returncode:
        pytest.skip(f"no Docker engine is available: {result.stderr.strip()}")


class Image:
    """An image and the output of its build."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.output = folder, name, ""

    def build(self, settings: PlanSettings | None = None, *options: str, names=((), ())) -> "Image":
        arguments, secret_names = names
        # Poetry trusts the certificates of the image, for networks that inspect TLS.
        ca_bundle = "REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt"
        text = render_dockerfile(plan_build(self.folder, settings), [*arguments, "REQUESTS_CA_BUNDLE"], secret_names)
        result = docker(
            *("build", "--progress=plain", "--tag", self.name, "--build-context", f"{CA_CONTEXT}={CA_FOLDER}"),
            *("--build-arg", ca_bundle, *options, "--file", "-", str(self.folder)),
            input=text,
        )
        self.output = result.stderr
        base = re.search(r"failed to resolve source metadata for (\S+):", self.output)
        if base:
            pytest.skip(f"the base image {base[1]} is not available here")
        assert result.returncode == 0, result.stderr[-4000:]
        return self


@pytest.fixture
def built(tmp_path) -> Iterator[type[Image]]:
    """A function that writes an app of the catalogue; its image has a unique name and is deleted after the test."""
    images: list[Image] = []

    def make(name: str) -> Image:
        images.append(Image(GOOD[name].write(tmp_path / "app"), f"flask-on-aws-test-{name}-{secrets.token_hex(4)}"))
        return images[-1]

    yield make
    for image in images:
        docker("image", "rm", "--force", image.name)


@pytest.fixture
def running() -> Iterator:
    """A function that starts a container with the contract's restrictions and returns its ID and address."""
    started: list[str] = []

    def run(image: str, *options: str) -> tuple[str, str]:
        result = docker(
            *("run", "--detach", "--read-only", "--cap-drop=ALL", "--env", "PORT=9123"),
            *("--publish", "127.0.0.1::9123", *options, image),
        )
        assert result.returncode == 0, result.stderr
        started.append(result.stdout.strip())
        return started[-1], "http://" + docker("port", started[-1], "9123").stdout.strip()

    yield run
    for container in started:
        docker("rm", "--force", "--volumes", container)


def get(container: str, address: str) -> str:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return response.read().decode()
        except OSError:
            logs = docker("logs", container)
            assert time.monotonic() < deadline, logs.stdout + logs.stderr
            time.sleep(0.1)


@pytest.mark.parametrize("name", MANAGERS)
def test_an_image_of_every_kind_of_app_is_built_serves_and_stops(built, running, name):
    image = built(name).build().name
    container, address = running(image, "--env", "PGHOST=db.example.com")
    assert get(container, f"{address}/up") == "up\n"
    assert get(container, f"{address}/variables/PGHOST") == "db.example.com\n"
    result = docker("exec", container, "sh", "-c", f"id -u; cat {CA_PATH}; python -c 'import iniconfig' 2>&1 | tail -1")
    user, _, rest = result.stdout.partition("\n")
    assert user == "10001"
    assert rest.startswith((CA_FOLDER / CA_FILE).read_text())
    assert "No module named 'iniconfig'" in rest  # development dependencies are not installed
    assert docker("stop", "--time", "30", container).returncode == 0
    assert docker("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip() == "0"


def layers(image: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file in every layer, and of all other parts of the image."""
    archive = folder / "image.tar"
    docker("save", "--output", str(archive), image)
    with tarfile.open(archive) as outer:
        for member in outer:
            content = outer.extractfile(member).read() if member.isfile() else b""
            yield member.name, content
            if not tarfile.is_tarfile(io.BytesIO(content)):
                continue
            with tarfile.open(fileobj=io.BytesIO(content)) as inner:
                for file in inner:
                    yield f"{member.name}/{file.name}", inner.extractfile(file).read() if file.isfile() else b""


def test_the_image_contains_no_secrets_and_files_of_the_build(built, tmp_path):
    app = built("node")
    # The build uses both: it prints their lengths.
    package = json.loads((app.folder / "package.json").read_text())
    package["scripts"]["build"] += ' --define:process.env.BUILT_BY=\\"nobody\\" && echo found ${#TOKEN} ${#MODE}'
    (app.folder / "package.json").write_text(json.dumps(package))
    for name in LEFT_OUT:
        (app.folder / name).mkdir()
        (app.folder / name / "note").write_text("left-behind-by-a-developer")
    secret, mode = (f"{word}-{secrets.token_hex(16)}" for word in ("secret", "mode"))
    (tmp_path / "token").write_text(secret)
    options = ("--secret", f"id=TOKEN,src={tmp_path / 'token'}", "--build-arg", f"MODE={mode}")
    app.build(None, *options, names=(["MODE"], ["TOKEN"]))
    assert f"found {len(secret)} {len(mode)}" in app.output
    forbidden = {word: word.encode() for word in (secret, mode, "left-behind-by-a-developer")}
    count, leaks = 0, []
    for name, content in layers(app.name, tmp_path):
        count += 1
        leaks += [(word, name) for word, code in forbidden.items() if code in content or word in name]
    assert leaks == []
    assert count > 1000  # otherwise Python itself is missing
    assert "built by" in docker("run", "--rm", app.name, "cat", "static/site.js").stdout


def test_a_virtual_environment_is_not_sent_and_not_in_the_image(built):
    app = built("pip")
    environment = app.folder / "tools" / "my env"
    environment.mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (environment / "big").write_bytes(secrets.token_bytes(5 * 2**20))
    (app.folder / ".dockerignore").write_text("*.log\n")
    (app.folder / "server.log").touch()
    command = [sys.executable, "-m", "flask_on_aws_cli", "build", str(app.folder), "--tag", app.name]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "BUILDKIT_PROGRESS": "plain"}
    )
    if re.search(r"failed to resolve source metadata for (\S+):", result.stderr):
        pytest.skip("the base image is not available here")
    assert result.returncode == 0, result.stderr[-4000:]
    sizes = re.findall(r"transferring context: ([\d.]+)(\w*B)", result.stderr)
    assert sizes
    assert {unit for _, unit in sizes} <= {"B", "kB"}
    files = docker("run", "--rm", app.name, "find", "/app").stdout.splitlines()
    assert "/app/app.py" in files
    assert not [path for path in files if "my env" in path or path.endswith(".log")]


@pytest.mark.parametrize("name", [name for name in MANAGERS if name not in CONDA])
def test_a_change_of_only_code_installs_nothing(built, name):
    app = built(name).build()
    code = next(app.folder.glob("*.py"))
    code.write_text(f"{code.read_text()}\n# {secrets.token_hex(8)}, which no earlier build has seen\n")
    app.build()
    steps = dict(re.findall(r"^#(\d+) \[(.+)$", app.output, re.MULTILINE))
    cached = set(re.findall(r"^#(\d+) CACHED$", app.output, re.MULTILINE))
    copies = [number for number, step in steps.items() if "COPY . ." in step]
    assert copies
    assert not cached & set(copies)
    installs = [
        number
        for number, step in steps.items()
        if "RUN --mount" in step and re.search(r"stall -r|sync|npm ci|no-root|hashes", step)
    ]
    assert installs
    assert set(installs) <= cached


BUILD_COMMAND = """\
node -p "'node ' + require('is-odd')(3)" > static/node.txt
flask --app app routes > static/routes.txt
{ id -u; env; } > static/environment.txt
"""


def test_an_image_has_assets_of_pnpm_and_the_output_of_the_build_command(built, running, tmp_path):
    app = built("pnpm")
    (tmp_path / "token").write_text("hush-hush")
    options = ("--secret", f"id=TOKEN,src={tmp_path / 'token'}", "--build-arg", "MODE=blue")
    app.build(PlanSettings(build_command=BUILD_COMMAND), *options, names=(["MODE"], ["TOKEN"]))
    container, address = running(app.name)
    assert get(container, f"{address}/up") == "up\n"
    files = docker("exec", container, "sh", "-c", "cd static && cat built.txt node.txt routes.txt").stdout
    assert files.startswith((app.folder / "app.py").read_text())
    assert "node true\n" in files
    assert "/up" in files
    user, _, environment = docker("exec", container, "cat", "static/environment.txt").stdout.partition("\n")
    assert user == "10001"
    assert "MODE=blue" in environment
    assert "hush" not in environment
    listed = docker("exec", container, "sh", "-c", "command -v node; ls -a; stat -c %U static/node.txt").stdout
    assert "node" not in listed  # neither Node nor node_modules
    assert listed.endswith("root\n")  # the app must not change its own code


def test_a_failed_build_command_fails_the_build_with_its_cause(built):
    app = built("pip")
    done = CliRunner().invoke(
        main,
        ["build", str(app.folder), "--tag", app.name, "--build-command", "python -c 'import os; os.environ[\"X_Y\"]'"],
    )
    assert done.exit_code == 1
    *progress, error = done.output.split("docker build exited with code 1: ")
    assert "RUN " in "".join(progress)
    assert error.startswith("the variable X_Y is not set in the build; set it in buildEnv"), error


def test_node_and_packages_are_in_the_image_of_an_app_that_runs_them(built):
    app = built("node-runs")
    (app.folder / "mail.js").write_text("console.log(require('is-odd')(3))\n")
    app.build()
    result = docker("run", "--rm", "--read-only", app.name, "node", "mail.js")
    assert (result.stdout, result.stderr) == ("true\n", "")


def test_every_system_package_exists(built):
    names = sorted({name for needs in NEEDS.values() for name in needs.build + needs.run})
    command = f"apt-get update -qq && apt-get install --simulate -qq {' '.join(names)}"
    result = docker("run", "--rm", "--network=host", "python:3.13-slim-trixie", "sh", "-c", command)
    if "Unable to find image" in result.stderr and result.returncode == 125:
        pytest.skip("the base image is not available here")
    assert result.returncode == 0, result.stderr


def test_a_package_without_a_wheel_is_compiled_and_runs(built):
    """Only this test proves that the image of an app whose package has no wheel has a compiler while it is built."""
    app = built("pip")
    (app.folder / "requirements.txt").write_text("psycopg2==2.9.10\n")
    # If Debian's package of Python is installed in the base image, the headers are in a separate package.
    app.build(PlanSettings(system_packages=["python3-dev"]))
    result = docker(
        "run", "--rm", app.name, "python", "-c", "import psycopg2; print(psycopg2.extensions.libpq_version())"
    )
    assert int(result.stdout) >= 170000, result.stderr  # the libpq of Debian 13


def test_the_build_command_builds_and_its_ejected_dockerfile_builds_without_it(built, running, monkeypatch):
    app = built("pip")
    monkeypatch.setenv("TOKEN", "hush")
    options = ["--tag", app.name, "--build-env", "MODE=x", "--build-secret", "TOKEN"]
    assert CliRunner().invoke(main, ["build", str(app.folder), *options]).exit_code == 0
    container, address = running(app.name)
    assert get(container, f"{address}/up") == "up\n"
    assert CliRunner().invoke(main, ["build", str(app.folder), "--eject"]).exit_code == 0
    assert docker("build", "--tag", app.name, str(app.folder)).returncode == 0
    container, address = running(app.name)
    assert get(container, f"{address}/up") == "up\n"
