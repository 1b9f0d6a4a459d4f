"""Records on disk, also those that an earlier version wrote."""

import io
import pickle
import re
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.local_aws import parts
from flask_on_aws_cli.local_aws.api import snapshots
from flask_on_aws_cli.local_aws.api.records import ALL, Records
from flask_on_aws_cli.local_aws.api.saving import RecordSaver
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.local_project.location import ACCOUNT_ID


@pytest.mark.parametrize(
    ("recorded", "current_module", "old_module"),
    [
        (snapshots._nested, snapshots.__name__, "flask_on_aws_cli.local.snapshots"),
        (parts.TargetHealth("healthy"), parts.__name__, "flask_on_aws_cli.local.parts"),
    ],
    ids=["a factory", "a target's health"],
)
def test_records_of_version_0_1_are_read(tmp_path: Path, recorded: Any, current_module: str, old_module: str) -> None:
    """They refer to functions and classes of this package by their former modules."""
    content = pickle.dumps(recorded, protocol=0)  # the protocol whose names end with a line break and have no length
    old = content.replace(current_module.encode(), old_module.encode())
    assert old != content
    assert snapshots._Reader(old, tmp_path).load() == recorded


class FailsOnUnpickling:
    """Fails the test when it is unpickled."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("it was unpickled",)


def open_snapshots(folder: Path) -> snapshots.Snapshots:
    return snapshots.Snapshots(folder / "records", "eu-central-1", Faults())


def write_records(folder: Path, content: bytes) -> Path:
    path = folder / "records" / f"sns~{ACCOUNT_ID}~eu-central-1.records"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_file_names_its_format_and_moto(tmp_path: Path) -> None:
    open_snapshots(tmp_path).load()
    files = list((tmp_path / "records").glob("*.records"))
    assert files
    header = f"flask-on-aws records, format 1, moto {version('moto')}\n".encode()
    assert all(path.read_bytes().startswith(header) for path in files)
    open_snapshots(tmp_path).load()


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("flask-on-aws records, format 1, moto 5.1.0\n", "were written with moto 5.1.0, and"),
        ("flask-on-aws records, format 1, moto 6.0.0.dev1+a\n", "were written with moto 6.0.0.dev1+a, and"),
        ("flask-on-aws records, format 2, moto 5.2.5\n", "have format 2, and this version reads 1"),
    ],
)
def test_records_of_another_version_are_neither_unpickled_nor_changed(tmp_path: Path, header: str, reason: str) -> None:
    path = write_records(tmp_path, header.encode() + pickle.dumps(FailsOnUnpickling()))
    previous = path.read_bytes()
    with pytest.raises(ValueError, match=re.escape(reason)) as error:
        open_snapshots(tmp_path).load()
    assert str(path) in str(error.value)
    assert f"rename {tmp_path}" in str(error.value)
    assert path.read_bytes() == previous
    assert [file.name for file in path.parent.iterdir() if file.is_file()] == [path.name]


def test_records_without_a_header_have_the_moto_version_of_0_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records(tmp_path, pickle.dumps((1, {"from_0_1": True})))
    open_snapshots(tmp_path).load()
    assert snapshots._backend("sns", ACCOUNT_ID, "eu-central-1").from_0_1  # type: ignore[attr-defined]
    write_records(tmp_path, pickle.dumps(FailsOnUnpickling()))
    monkeypatch.setattr(snapshots, "_MOTO_VERSION", "5.3.0")
    with pytest.raises(ValueError, match=r"written with moto 5\.2\.5, and 5\.3\.0 is installed"):
        open_snapshots(tmp_path).load()


def test_temporary_files_of_a_killed_process_are_deleted_at_the_next_start(tmp_path: Path) -> None:
    objects = tmp_path / "records" / "objects"
    objects.mkdir(parents=True)
    temporary = [objects / f".{'a' * 64}.k3_x9zq1", objects.parent / f".s3~{ACCOUNT_ID}~aws.records.k3_x9zq1"]
    others = [objects.parent / ".gitignore", objects / ("b" * 64)]
    for path in (*temporary, *others):
        path.write_bytes(b"")
    open_snapshots(tmp_path)._delete_temporary_files()
    assert not any(path.exists() for path in temporary)
    assert all(path.exists() for path in others)


@pytest.mark.parametrize("reference", ["current", "persistent id of earlier versions"])
def test_another_service_s_records_are_referred_to_by_name(tmp_path: Path, reference: str) -> None:
    backend = snapshots._backend("ec2", ACCOUNT_ID, "eu-central-1")
    content = io.BytesIO()
    if reference == "current":
        snapshots._Writer(content, tmp_path).dump({"ec2": backend})
    else:
        pickler = pickle.Pickler(content)
        pickler.persistent_id = lambda obj: (  # type: ignore[method-assign]
            ("backend", "ec2", ACCOUNT_ID, "eu-central-1") if obj is backend else None
        )
        pickler.dump({"ec2": backend})
    assert len(content.getvalue()) < 300
    assert snapshots._Reader(content.getvalue(), tmp_path).load()["ec2"] is backend


def test_a_read_saves_only_its_service_and_a_change_also_the_others() -> None:
    records = Records("eu-central-1")
    records.note_call("rds", is_change=False)
    assert records.stale == {"rds"}
    records.note_call("rds", is_change=True)
    assert ALL in records.stale


def test_lines_of_logs_are_saved_without_the_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A health check logs a line every few seconds, and metrics are large."""
    records = Records("eu-central-1")
    saver = RecordSaver(tmp_path, records, Faults())
    saves: list[Any] = []
    monkeypatch.setattr(snapshots.Snapshots, "save", lambda self, called=None, only=None: saves.append(only))
    for elapsed, stale in (
        (40, {"logs", "cloudwatch"}),
        (42, {"logs", "cloudwatch"}),
        (44, set()),
        (75, {"cloudwatch"}),
    ):
        monkeypatch.setattr(time, "monotonic", lambda elapsed=elapsed: 1000.0 + elapsed)
        records.stale |= stale
        saver._save_regularly()
    records.note_call("ecs", is_change=True)
    monkeypatch.setattr(time, "monotonic", lambda: 1080.0)
    saver._save_regularly()
    assert saves == [{"logs", "cloudwatch"}, {"logs"}, {"cloudwatch"}, None]
    assert records.stale == set()
