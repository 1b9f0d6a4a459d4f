"""`flask worker`: background work. It removes pictures that were uploaded but never posted."""

import re
import signal
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import bindparam, select

from . import database, logs
from .models import Post
from .storage import Storage
from .views import EXTENSIONS

_INTERVAL_SECONDS = 3600
_RETRY_SECONDS = 60  # after an error of the database or the bucket
# A picture is posted within 15 minutes or never (board/views.py); a day leaves time to investigate a missing one.
_ABANDONED_SECONDS = 24 * 3600
_BATCH_SIZE = 500  # keys per query
# Files with other names are not the board's.
_PICTURE_KEY = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join(EXTENSIONS.values())})")

_POSTED_KEYS = select(Post.picture_key).where(Post.picture_key.in_(bindparam("keys", expanding=True)))


@click.command("worker")
@click.option("--once", is_flag=True, help="Run once and exit.")
@with_appcontext
def worker(once: bool) -> None:
    """Remove pictures without a post every hour, until SIGTERM."""
    signal.signal(signal.SIGTERM, _exit)  # by default, the first process of a container ignores it
    storage: Storage | None = current_app.extensions["board.storage"]
    while True:
        pause = _INTERVAL_SECONDS
        try:
            for key in _abandoned_keys(storage) if storage else ():
                storage.remove(key)
                logs.logger.info("worker: removed a picture without a post", extra={"key": key})
            logs.logger.debug("worker: finished")
        except (*database.CONNECTION_ERRORS, BotoCoreError, ClientError, OSError) as error:
            if once:
                raise click.ClickException(str(error)) from error
            logs.logger.warning("worker: %s", type(error).__name__, extra={"detail": str(error)})
            pause = _RETRY_SECONDS
        if once:
            return
        time.sleep(pause)


def _exit(*_: Any) -> None:
    raise SystemExit(0)


def _abandoned_keys(storage: Storage) -> Iterator[str]:
    old_keys = (key for key in storage.keys_older_than(_ABANDONED_SECONDS) if _PICTURE_KEY.fullmatch(key))
    while keys := list(islice(old_keys, _BATCH_SIZE)):
        posted = {row.picture_key for row in database.read(_POSTED_KEYS, keys=keys)}
        yield from (key for key in keys if key not in posted)
