"""Tests of the worker: which pictures it removes from a bucket and a folder, and what it does after errors."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from board import worker
from conftest import REGION
from flask import Flask
from sqlalchemy import insert

MakeApp = Callable[..., Flask]
OLD, POSTED, NEW = (f"{letter * 32}.png" for letter in "abc")
KEYS = {OLD, POSTED, NEW, "logo.png", f"{'d' * 32}.gif"}


def _add_post(app: Flask) -> None:
    from board.models import Post, database

    with app.app_context():
        database.session.execute(insert(Post), {"body": "hello", "picture_key": POSTED})
        database.session.commit()


def _run(app: Flask) -> Any:
    return app.test_cli_runner().invoke(args=["worker", "--once"])


def test_old_pictures_without_a_post_are_removed_from_a_folder(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(DEFAULT_STORAGE_DSN=f"file://{tmp_path}/")
    _add_post(app)
    yesterday = time.time() - timedelta(days=1, minutes=1).total_seconds()
    for key in KEYS:
        (tmp_path / key).touch()
        if key != NEW:
            os.utime(tmp_path / key, (yesterday, yesterday))
    assert _run(app).exit_code == 0
    assert {file.name for file in tmp_path.iterdir()} == KEYS - {OLD}


def test_old_pictures_without_a_post_are_removed_from_a_bucket(
    make_app: MakeApp, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(MEDIA_BUCKET=bucket, AWS_REGION=REGION)
    _add_post(app)
    client = boto3.client("s3", region_name=REGION)
    for key in KEYS - {NEW}:
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    assert _run(app).exit_code == 0
    assert len(client.list_objects_v2(Bucket=bucket)["Contents"]) == len(KEYS) - 1
    monkeypatch.setattr(worker, "_ABANDONED_SECONDS", 2)  # because a bucket sets the time of its files itself
    time.sleep(2.5)
    client.put_object(Bucket=bucket, Key=NEW, Body=b"")
    monkeypatch.setattr(worker, "_BATCH_SIZE", 1)
    assert _run(app).exit_code == 0
    assert {entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]} == KEYS - {OLD}


def test_without_storage_the_worker_succeeds(make_app: MakeApp) -> None:
    assert _run(make_app()).exit_code == 0


def test_nothing_is_removed_while_the_database_is_unavailable(make_app: MakeApp, tmp_path: Path) -> None:
    (tmp_path / OLD).touch()
    os.utime(tmp_path / OLD, (0, 0))
    app = make_app(DEFAULT_STORAGE_DSN=f"file://{tmp_path}/", DATABASE_URL="postgresql://board@/x?host=/nowhere")
    result = _run(app)
    assert result.exit_code == 1
    assert "Error: " in result.output
    assert (tmp_path / OLD).exists()


def test_the_worker_retries_after_an_error(
    make_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(worker.time, "sleep", sleep)
    errors = iter([OSError("the disk is unavailable"), None])

    def keys_older_than(storage: Any, seconds: float) -> Any:
        if error := next(errors):
            raise error
        return iter(())

    monkeypatch.setattr("board.storage.Folder.keys_older_than", keys_older_than)
    app = make_app(DEFAULT_STORAGE_DSN=f"file://{tmp_path}/")
    handler = signal.getsignal(signal.SIGTERM)
    app.test_cli_runner().invoke(args=["worker"])
    signal.signal(signal.SIGTERM, handler)
    assert pauses == [60, 3600]
    assert "the disk is unavailable" in capsys.readouterr().err
