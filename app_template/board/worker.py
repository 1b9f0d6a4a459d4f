"""`flask worker`: what no request waits for. It removes pictures that were sent to be posted and never were."""

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

_EVERY_SECONDS = 3600
_AFTER_SECONDS = 60  # when the database or the bucket did not answer
# A picture is posted within 15 minutes or never (board/views.py); a day also leaves time to ask where one has gone.
_ABANDONED_SECONDS = 24 * 3600
_AT_A_TIME = 500  # keys of a query
# What is kept under other names is not the board's.
_PICTURE = re.compile(rf"[0-9a-f]{{32}}\.({'|'.join(EXTENSIONS.values())})")

_SHOWN = select(Post.picture_key).where(Post.picture_key.in_(bindparam("keys", expanding=True)))


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what there is to do, and end.")
@with_appcontext
def worker(once: bool) -> None:
    """Remove pictures without a post, every hour, until SIGTERM."""
    signal.signal(signal.SIGTERM, _end)  # a container's first process ignores it otherwise
    storage: Storage | None = current_app.extensions["board.storage"]
    while True:
        pause = _EVERY_SECONDS
        try:
            for key in _abandoned(storage) if storage else ():
                storage.remove(key)
                logs.logger.info("worker: removed a picture without a post", extra={"key": key})
            logs.logger.debug("worker: tidied up")
        except (*database.LOST, BotoCoreError, ClientError, OSError) as error:
            if once:
                raise click.ClickException(str(error)) from error
            logs.logger.warning("worker: %s", type(error).__name__, extra={"detail": str(error)})
            pause = _AFTER_SECONDS
        if once:
            return
        time.sleep(pause)


def _end(*_: Any) -> None:
    raise SystemExit(0)


def _abandoned(storage: Storage) -> Iterator[str]:
    old = (key for key in storage.older_than(_ABANDONED_SECONDS) if _PICTURE.fullmatch(key))
    while keys := list(islice(old, _AT_A_TIME)):
        shown = {row.picture_key for row in database.read(_SHOWN, keys=keys)}
        yield from (key for key in keys if key not in shown)
