"""Fixtures: PostgreSQL, the template as real processes, and HAProxy in front of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import App, HaProxy, Postgres, postgres_bin_folder


@pytest.fixture(scope="session")
def app_bin() -> Path:
    """The commands of the environment that `./test` creates for the template."""
    folder = Path(os.environ.get("FLASK_ON_AWS_APP_BIN") or Path(sys.prefix, "app", "bin"))
    if not (folder / "granian").exists():
        pytest.skip(f"{folder} has no granian; ./test creates the environment, or set FLASK_ON_AWS_APP_BIN to its bin")
    return folder


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    bin_folder = postgres_bin_folder()
    if bin_folder is None:
        pytest.skip("there is no PostgreSQL server: neither in /usr/lib/postgresql nor pg_ctl on the PATH")
    server = Postgres(bin_folder)
    server.start()
    yield server
    if server.is_running():
        server.stop()
    shutil.rmtree(server.home)


@pytest.fixture
def app(app_bin: Path, postgres: Postgres, tmp_path: Path) -> App:
    """The template with a dedicated, migrated database."""
    app = App(app_bin, tmp_path, DATABASE_URL=postgres.new_database(), DEFAULT_STORAGE_DSN=f"file://{tmp_path}/media/")
    subprocess.run(app.release, cwd=app.home, env=app.environment, check=True, capture_output=True)
    return app


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HaProxy]:
    command = shutil.which("haproxy") or "/usr/sbin/haproxy"
    if not Path(command).exists():
        pytest.skip("HAProxy is not installed; install it, for example with: apt-get install haproxy")
    proxy = HaProxy(command, tmp_path)
    yield proxy
    proxy.stop()
