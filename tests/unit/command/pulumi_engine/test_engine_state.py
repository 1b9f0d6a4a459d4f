import json
import multiprocessing
import stat

import pytest
from flask_on_aws_cli.pulumi_engine import EngineError, Secret
from flask_on_aws_cli.pulumi_engine.state import Record, State, exclusive_lock

RECORD = Record(
    urn="urn:a",
    type="test:index:A",
    name="a",
    custom=True,
    parent="urn:p",
    id="id-1",
    physical="a-1234567",
    inputs={"size": 1, "key": Secret({"x": "y"})},
    outputs={"arn": "arn:a"},
    dependencies=("urn:b",),
    property_dependencies={"size": ("urn:b",)},
    protect=True,
    hooks={"before_delete": ("h",)},
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "place" / "stack.json"


def test_the_state_is_read_as_it_was_written(path):
    state = State(path)
    other = Record("urn:b", "test:index:B", "b", True)
    state.put(RECORD)
    state.put(other, replaced=RECORD)
    state.begin_creation(Record("urn:c", "test:index:C", "c", True, physical="c-1"))
    state.export({"url": Secret("x")})
    reloaded = State(path)
    assert reloaded.resources == {"urn:a": RECORD, "urn:b": other}
    assert reloaded.pending_deletions == [RECORD]
    assert reloaded.pending_creations == state.pending_creations
    assert reloaded.outputs == {"url": Secret("x")}


def test_only_its_owner_can_read_it(path):
    State(path).put(RECORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "no temporary file is left"


def test_recording_ends_a_pending_creation(path):
    state = State(path)
    state.begin_creation(RECORD)
    state.put(RECORD)
    assert State(path).pending_creations == {}


def test_an_unchanged_record_is_not_written(path):
    state = State(path)
    state.put(RECORD)
    path.unlink()
    state.put(RECORD)
    assert not path.exists()


def test_removing_a_replaced_resource_keeps_its_replacement(path):
    state = State(path)
    replacement = Record("urn:a", "test:index:A", "a", True, id="id-2")
    state.put(RECORD)
    state.put(replacement, replaced=RECORD)
    state.remove(RECORD)
    assert State(path).resources == {"urn:a": replacement}
    assert State(path).pending_deletions == []


def test_renaming_changes_every_reference(path):
    state = State(path)
    state.put(Record("urn:b", "test:index:B", "b", True))
    state.put(RECORD)
    state.rename("urn:b", "urn:new")
    resources = State(path).resources
    assert list(resources) == ["urn:new", "urn:a"]
    assert resources["urn:new"].urn == "urn:new"
    assert resources["urn:a"].dependencies == ("urn:new",)
    assert resources["urn:a"].property_dependencies == {"size": ("urn:new",)}


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"version": 99}), json.dumps({"version": 1})])
def test_an_invalid_file_is_named(path, text):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(EngineError, match=r"stack\.json .*delete it to start over"):
        State(path)


def _hold(path, locked, done):
    with exclusive_lock(path):
        locked.set()
        done.wait(30)


def test_two_processes_cannot_update_at_once_and_a_dead_one_holds_no_lock(path):
    context = multiprocessing.get_context("spawn")
    locked, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(path, locked, done))
    holder.start()
    assert locked.wait(60)
    with pytest.raises(EngineError, match="Another update of this stack is in progress"), exclusive_lock(path):
        pass
    holder.kill()
    holder.join()
    with exclusive_lock(path):
        pass
