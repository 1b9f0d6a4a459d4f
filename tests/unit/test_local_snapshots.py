"""Records on disk that an earlier version wrote."""

import pickle
from pathlib import Path

from flask_on_aws_cli.local_aws.api import snapshots


def test_records_of_version_0_1_are_read(tmp_path: Path) -> None:
    """They name functions of this package by the module that these were in."""
    content = pickle.dumps(snapshots._nested, protocol=0)  # in which a name ends with its line, whatever its length
    old = content.replace(snapshots.__name__.encode(), b"flask_on_aws_cli.local.snapshots")
    assert old != content
    (tmp_path / "service").write_bytes(old)
    assert snapshots._Reader(tmp_path / "service", tmp_path).load() is snapshots._nested
