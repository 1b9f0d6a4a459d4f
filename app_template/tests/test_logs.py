"""Tests of the log format and of the levels of libraries."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from board import logs


@pytest.fixture
def _levels() -> Iterator[None]:
    """Restores the logging configuration of the process, which `configure` changes."""
    root, names = logging.getLogger(), ("board", "werkzeug", "botocore", "alembic.runtime.plugins")
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in (*names, None)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("_levels")
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_only_warnings_and_errors_of_boto3_are_logged(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level)
    logging.getLogger("botocore.regions").info("Found endpoint for s3 via: environment_global.")
    assert "Found endpoint" not in capsys.readouterr().err
    logging.getLogger("botocore.retries").error("Giving up")
    assert '"message": "Giving up"' in capsys.readouterr().err


@pytest.mark.usefixtures("_levels")
def test_every_line_is_json_with_the_identity_of_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    identity = logs.identity.set({"request": "0123456789abcdef"})
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logs.logger.exception(
            "broken: %s", "käse\n", extra={"at": datetime(2026, 1, 2, tzinfo=UTC), "path": Path("/a")}
        )
    finally:
        logs.identity.reset(identity)
    line = json.loads(capsys.readouterr().err)
    logged_at = datetime.fromisoformat(line.pop("time"))
    assert abs(datetime.now(UTC) - logged_at) < timedelta(minutes=1)
    assert line.pop("exception").endswith("ValueError: two\nlines")
    assert line == {
        "level": "error",
        "message": "broken: käse\n",
        "at": "2026-01-02T00:00:00+00:00",
        "path": "/a",
        "request": "0123456789abcdef",
    }
