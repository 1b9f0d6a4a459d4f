from typing import Any

import pytest
from flask_on_aws_cli.pulumi_engine.diff import Step, changed, decide, ignoring, parse_path
from flask_on_aws_cli.pulumi_engine.model.values import Secret
from hypothesis import given
from hypothesis import strategies as st

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
INPUTS: Any = st.dictionaries(st.sampled_from("abcd"), VALUES)


@given(INPUTS)
def test_nothing_differs_from_itself(inputs):
    assert changed(inputs, inputs) == set()
    assert decide(inputs, inputs, replace_on=inputs, replace_on_changes=["*"]) is Step.SAME


@given(INPUTS, INPUTS)
def test_changed_is_symmetric(old, new):
    assert changed(old, new) == changed(new, old)


@given(INPUTS, INPUTS)
def test_ignoring_every_difference_leaves_none(old, new):
    assert changed(old, ignoring(old, new, sorted(changed(old, new)))) == set()


@given(INPUTS, INPUTS, st.sampled_from("abcd"))
def test_ignoring_one_property_leaves_the_others(old, new, name):
    assert changed(new, ignoring(old, new, [name])) <= {name}


@given(INPUTS, INPUTS, st.sets(st.sampled_from("abcd")))
def test_a_resource_is_replaced_for_immutable_inputs_and_updated_for_the_others(old, new, immutable):
    step, differing = decide(old, new, replace_on=immutable), changed(old, new)
    expected = Step.REPLACE if differing & immutable else Step.UPDATE if differing else Step.SAME
    assert step is expected


def test_null_equals_absent_and_a_secret_equals_its_value():
    assert changed({"a": None, "b": {"c": None}, "s": Secret("x")}, {"b": {}, "s": "x"}) == set()
    assert changed({"s": Secret("x")}, {"s": Secret("y")}) == {"s"}


@pytest.mark.parametrize(
    ("path", "segments"),
    [("a", ["a"]), ("a.b[0].c", ["a", "b", 0, "c"]), ('tags["a.b"]', ["tags", "a.b"]), ("[1]", [1])],
)
def test_property_paths(path, segments):
    assert parse_path(path) == segments


def test_ignored_paths_reach_into_lists_and_objects():
    old = {"containers": [{"image": "web:1", "cpu": 1}], "tags": {"a.b": "x"}, "removed": 1}
    new = {"containers": [{"image": "web:2", "cpu": 2}], "tags": {"a.b": "y", "c": "z"}}
    inputs = ignoring(old, new, ["containers[0].image", 'tags["a.b"]', "removed", "no.such[3].path"])
    assert inputs == {"containers": [{"image": "web:1", "cpu": 2}], "tags": {"a.b": "x", "c": "z"}, "removed": 1}
    assert new["containers"] == [{"image": "web:2", "cpu": 2}], "the program's own values are unchanged"


def test_ignoring_a_new_property_drops_it():
    assert ignoring({}, {"a": 1, "b": 2}, ["a"]) == {"b": 2}
    assert ignoring({"x": 1}, {"a": 1}, ["*"]) == {"x": 1}


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({}, Step.UPDATE),
        ({"updatable": False}, Step.REPLACE),
        ({"replace_on": ["a"], "delete_first": True}, Step.REPLACE_DELETE_FIRST),
        ({"replace_on_changes": ["a.b"]}, Step.REPLACE),
        ({"replace_on_changes": ["a.c"]}, Step.UPDATE),
        ({"replace_on_changes": ["*"]}, Step.REPLACE),
    ],
)
def test_options_and_the_type_decide_the_step(options, step):
    assert decide({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, **{"replace_on": [], **options}) is step


def test_an_interrupted_update_is_repeated():
    assert decide({"a": 1}, {"a": 1}, replace_on=[], unsure=True) is Step.UPDATE
