"""Records on disk that an earlier version wrote."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.local_aws import parts
from flask_on_aws_cli.local_aws.api import snapshots


@pytest.mark.parametrize(
    ("recorded", "now", "before"),
    [
        (snapshots._nested, snapshots.__name__, "flask_on_aws_cli.local.snapshots"),
        (parts.TargetHealth("healthy"), parts.__name__, "flask_on_aws_cli.local.parts"),
    ],
    ids=["a factory", "a target's health"],
)
def test_records_of_version_0_1_are_read(tmp_path: Path, recorded: Any, now: str, before: str) -> None:
    """They name functions and classes of this package by the modules that these were in."""
    content = pickle.dumps(recorded, protocol=0)  # in which a name ends with its line, whatever its length
    old = content.replace(now.encode(), before.encode())
    assert old != content
    (tmp_path / "service").write_bytes(old)
    assert snapshots._Reader(tmp_path / "service", tmp_path).load() == recorded
