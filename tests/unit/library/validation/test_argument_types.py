"""Arguments of another type than a component declares: one sentence each, no traceback, and nothing registered."""

import inspect

import flask_on_aws
import pulumi
import pytest
from flask_on_aws.validation.argument_types import type_problems

KINDS = {
    name: inspect.get_annotations(getattr(flask_on_aws, name).__init__)["args"] for name in flask_on_aws.COMPONENTS
}
FLAGS = [(kind, key) for kind, args in KINDS.items() for key, hint in args.__annotations__.items() if hint is bool]
TEXTS = [(kind, key) for kind, args in KINDS.items() for key, hint in args.__annotations__.items() if hint is str]


@pytest.mark.parametrize(("kind", "flag"), FLAGS)
@pytest.mark.parametrize("value", ["false", 0, []])
def test_only_a_boolean_is_a_flag(mocks, kind, flag, value):
    with pytest.raises(pulumi.InputPropertiesError) as error:
        getattr(flask_on_aws, kind)("x", {flag: value})
    said = f"{flag}: {value!r} must be true or false."
    assert str(error.value).split("; ").count(said) == 1
    assert isinstance(error.value, pulumi.RunError)  # which Pulumi prints without a traceback
    assert mocks.resources == []


@pytest.mark.parametrize(("kind", "key"), TEXTS)
@pytest.mark.parametrize("value", [5, True, ["a"], {"a": "b"}])
def test_what_is_no_text(kind, key, value):
    assert [p.reason for p in type_problems(KINDS[kind], {key: value})] == [f"{value!r} must be a text."]


@pytest.mark.parametrize(("kind", "key"), [*FLAGS, *TEXTS])
def test_an_output_cannot_decide_what_is_created(kind, key):
    late = pulumi.Output.from_input("false")
    (problem,) = type_problems(KINDS[kind], {key: late})
    assert problem.reason.startswith("needs a plain value, not an Output")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["text", 5, 1.5, True, ["a"], [{}], {"a": 1}, {"a": ["b"]}])
def test_a_value_of_another_type_is_never_a_traceback(mocks, kind, value):
    wrong = [key for key in KINDS[kind].__annotations__ if list(type_problems(KINDS[kind], {key: value}))]
    for key in wrong:
        with pytest.raises(pulumi.RunError, match=key):
            getattr(flask_on_aws, kind)("x", {key: value})
    assert mocks.resources == []


def test_outputs_none_and_whole_floats_are_what_the_host_sends():
    args = {"vpc_id": pulumi.Output.from_input("vpc-1"), "allowed_cidrs": None, "idle_timeout": 50.0}
    assert not list(type_problems(KINDS["LoadBalancer"], args))


def test_a_secret_s_value_is_never_repeated():
    args = {"secret_values": {"A": ["hunter2"]}, "build_secrets": "hunter2", "secrets": {"B": 5}}
    found = list(type_problems(KINDS["FlaskApp"], args))
    assert [problem.argument for problem in found] == ["secret_values.A", "build_secrets", "secrets.B"]
    assert "hunter2" not in str(found)
