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
def test_a_difference_has_no_direction(old, new):
    assert changed(old, new) == changed(new, old)


@given(INPUTS, INPUTS)
def test_ignoring_all_that_differs_leaves_nothing_to_do(old, new):
    assert changed(old, ignoring(old, new, sorted(changed(old, new)))) == set()


@given(INPUTS, INPUTS, st.sampled_from("abcd"))
def test_ignoring_one_property_leaves_the_others(old, new, name):
    assert changed(new, ignoring(old, new, [name])) <= {name}


@given(INPUTS, INPUTS, st.sets(st.sampled_from("abcd")))
def test_a_type_is_replaced_for_what_it_cannot_change_and_updated_for_the_rest(old, new, fixed):
    step, differing = decide(old, new, replace_on=fixed), changed(old, new)
    expected = Step.REPLACE if differing & fixed else Step.UPDATE if differing else Step.SAME
    assert step is expected


def test_null_is_absent_and_a_secret_is_its_value():
    assert changed({"a": None, "b": {"c": None}, "s": Secret("x")}, {"b": {}, "s": "x"}) == set()
    assert changed({"s": Secret("x")}, {"s": Secret("y")}) == {"s"}


@pytest.mark.parametrize(
    ("path", "parts"),
    [("a", ["a"]), ("a.b[0].c", ["a", "b", 0, "c"]), ('tags["a.b"]', ["tags", "a.b"]), ("[1]", [1])],
)
def test_property_paths(path, parts):
    assert parse_path(path) == parts


def test_ignored_paths_reach_into_lists_and_objects():
    old = {"containers": [{"image": "one", "cpu": 1}], "tags": {"a.b": "x"}, "gone": 1}
    new = {"containers": [{"image": "two", "cpu": 2}], "tags": {"a.b": "y", "c": "z"}}
    found = ignoring(old, new, ["containers[0].image", 'tags["a.b"]', "gone", "nowhere.at[3].all"])
    assert found == {"containers": [{"image": "one", "cpu": 2}], "tags": {"a.b": "x", "c": "z"}, "gone": 1}
    assert new["containers"] == [{"image": "two", "cpu": 2}], "the program's own values stay as they are"


def test_ignoring_what_was_never_there_drops_the_new_value():
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
def test_what_decides_the_step(options, step):
    assert decide({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, **{"replace_on": [], **options}) is step


def test_an_update_whose_end_is_not_known_is_done_again():
    assert decide({"a": 1}, {"a": 1}, replace_on=[], unsure=True) is Step.UPDATE
