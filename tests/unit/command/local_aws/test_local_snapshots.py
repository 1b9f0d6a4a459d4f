"""Records on disk that an earlier version wrote."""

import pickle
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.local_aws import parts
from flask_on_aws_cli.local_aws.api import snapshots
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.local_project.location import ACCOUNT_ID


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
    assert snapshots._Reader(old, tmp_path).load() == recorded


class Bomb:
    """Unpickling it fails the test."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("it was unpickled",)


def at(folder: Path) -> snapshots.Snapshots:
    return snapshots.Snapshots(folder / "records", "eu-central-1", Faults())


def record(folder: Path, content: bytes) -> Path:
    path = folder / "records" / f"sns~{ACCOUNT_ID}~eu-central-1.records"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_file_names_its_format_and_moto(tmp_path: Path) -> None:
    at(tmp_path).load()
    files = list((tmp_path / "records").glob("*.records"))
    assert files
    header = f"flask-on-aws records, format 1, moto {version('moto')}\n".encode()
    assert all(path.read_bytes().startswith(header) for path in files)
    at(tmp_path).load()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("flask-on-aws records, format 1, moto 5.1.0\n", "were written with moto 5.1.0, and"),
        ("flask-on-aws records, format 1, moto 6.0.0.dev1+a\n", "were written with moto 6.0.0.dev1+a, and"),
        ("flask-on-aws records, format 2, moto 5.2.5\n", "have format 2, and this version reads 1"),
    ],
)
def test_records_of_another_version_are_neither_unpickled_nor_changed(tmp_path: Path, header: str, why: str) -> None:
    path = record(tmp_path, header.encode() + pickle.dumps(Bomb()))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=re.escape(why)) as error:
        at(tmp_path).load()
    assert str(path) in str(error.value)
    assert f"rename {tmp_path}" in str(error.value)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir() if one.is_file()] == [path.name]


def test_records_without_a_version_are_of_the_moto_of_0_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path, pickle.dumps((1, {"from_0_1": True})))
    at(tmp_path).load()
    assert snapshots._backend("sns", ACCOUNT_ID, "eu-central-1").from_0_1  # type: ignore[attr-defined]
    record(tmp_path, pickle.dumps(Bomb()))
    monkeypatch.setattr(snapshots, "_MOTO", "5.3.0")
    with pytest.raises(ValueError, match=r"written with moto 5\.2\.5, and 5\.3\.0 is installed"):
        at(tmp_path).load()


def test_what_a_kill_left_of_a_file_is_deleted_at_the_next_start(tmp_path: Path) -> None:
    objects = tmp_path / "records" / "objects"
    objects.mkdir(parents=True)
    left = [objects / f".{'a' * 64}.k3_x9zq1", objects.parent / f".s3~{ACCOUNT_ID}~aws.records.k3_x9zq1"]
    kept = [objects.parent / ".gitignore", objects / ("b" * 64)]
    for path in (*left, *kept):
        path.write_bytes(b"")
    at(tmp_path)._delete_temporary_files()
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)
