"""What libraries may say in the app's log."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from board import logs


@pytest.fixture
def _levels() -> Iterator[None]:
    """Puts back what `configure` changes for the whole process."""
    root, names = logging.getLogger(), ("board", "werkzeug", "botocore", "alembic.runtime.plugins")
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in (*names, None)}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("_levels")
@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_boto3_tells_what_went_wrong_and_not_how_it_works(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(level)
    logging.getLogger("botocore.regions").info("Found endpoint for s3 via: environment_global.")
    assert "Found endpoint" not in capsys.readouterr().err
    logging.getLogger("botocore.retries").error("Giving up")
    assert '"message": "Giving up"' in capsys.readouterr().err


@pytest.mark.usefixtures("_levels")
def test_a_line_is_json_with_the_request_s_identity_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
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
    began = datetime.fromisoformat(line.pop("time"))
    assert abs(datetime.now(UTC) - began) < timedelta(minutes=1)
    assert line.pop("exception").endswith("ValueError: two\nlines")
    assert line == {
        "level": "error",
        "message": "broken: käse\n",
        "at": "2026-01-02T00:00:00+00:00",
        "path": "/a",
        "request": "0123456789abcdef",
    }
