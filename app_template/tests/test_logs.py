"""What libraries may say in the app's log."""

import logging
from collections.abc import Iterator

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
