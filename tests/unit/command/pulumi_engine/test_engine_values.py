from typing import Any

from flask_on_aws_cli.pulumi_engine.model.values import (
    UNKNOWN,
    Secret,
    from_json,
    from_struct,
    plain,
    to_json,
    to_struct,
)
from hypothesis import given
from hypothesis import strategies as st

LEAVES = st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.text(), st.just(UNKNOWN))
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(st.text(), inner),
        inner.filter(lambda v: not isinstance(v, Secret)).map(Secret),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES))
def test_values_survive_the_wire_format(values):
    assert from_struct(to_struct(values)) == values


@given(st.dictionaries(st.text(), VALUES))
def test_values_survive_the_state_file(values):
    assert from_json(to_json(values)) == values


def test_null_properties_are_left_out_but_not_null_items():
    assert from_struct(to_struct({"a": None, "b": [1, None]})) == {"b": [1, None]}


def test_plain_unwraps_secrets_at_every_depth():
    assert plain({"a": Secret([Secret("x"), {"b": Secret(1)}])}) == {"a": ["x", {"b": 1}]}


def test_a_secret_does_not_show_its_value():
    assert "hunter2" not in f"{Secret('hunter2')} {[Secret('hunter2')]!r}"
