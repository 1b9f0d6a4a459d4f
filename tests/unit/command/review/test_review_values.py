"""What differs between two values: inside of JSON, by name, without the values of secrets."""

import json

import pytest
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN, Secret
from flask_on_aws_cli.review.values import differences, unknown_paths


def found(before, after):
    return {".".join(d.path): (d.before, d.after) for d in differences(before, after)}


def containers(**environment):
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    return json.dumps([{"name": "web", "image": "web:1", "environment": variables}])


def test_environment_variables_are_compared_by_name():
    before = {"containerDefinitions": containers(A="1", B="2", C="3")}
    after = {"containerDefinitions": containers(C="3", A="1", B="4", D="5")}
    path = "containerDefinitions.web.environment"
    assert found(before, after) == {f"{path}.B": ("2", "4"), f"{path}.D": (None, "5")}


def test_secrets_of_a_container_are_compared_by_name():
    before = [{"name": "web", "secrets": [{"name": "TOKEN", "valueFrom": "arn:1"}]}]
    after = [{"name": "web", "secrets": [{"name": "TOKEN", "valueFrom": "arn:2"}]}]
    assert found({"c": json.dumps(before)}, {"c": json.dumps(after)}) == {"c.web.secrets.TOKEN": ("arn:1", "arn:2")}


def test_statements_of_a_policy_are_compared_by_sid():
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject"}
    before = json.dumps({"Version": "2012-10-17", "Statement": [statement, {"Sid": "Tls", "Effect": "Deny"}]})
    after = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Sid": "Tls", "Effect": "Deny"}, {**statement, "Action": "s3:*"}]}
    )
    assert found({"policy": before}, {"policy": after}) == {"policy.Statement.Read.Action": ("s3:GetObject", "s3:*")}


def test_objects_without_names_are_compared_by_position():
    before, after = [{"fromPort": 80}], [{"fromPort": 80}, {"fromPort": 443}]
    assert found({"ingress": before}, {"ingress": after}) == {"ingress.1": (None, {"fromPort": 443})}


def test_a_json_text_that_is_added_is_shown_by_its_parts():
    assert found({}, {"policy": '{"Version": "1"}'}) == {"policy.Version": (None, "1")}


@pytest.mark.parametrize("text", ["{not JSON", "[", "${Vpc a.id}", ""])
def test_other_texts_are_compared_whole(text):
    assert found({"a": text}, {"a": "b"}) == {"a": (text, "b")}


def test_secret_values_are_never_in_a_difference():
    before, after = (
        {"s": Secret('{"A": "quiet", "B": "same"}')},
        {"s": Secret('{"A": "louder", "B": "same", "C": "new"}')},
    )
    changes = list(differences(before, after))
    assert {".".join(d.path): (d.before, d.after) for d in changes} == {
        "s.A": ("(secret)", "(secret)"),
        "s.C": (None, "(secret)"),
    }
    assert all(d.secret for d in changes)
    assert not any(word in repr(changes) for word in ("quiet", "louder", "new"))


def test_a_value_that_becomes_secret_is_not_shown_either():
    assert list(differences({"a": "quiet"}, {"a": Secret("quiet")})) == []
    (change,) = differences({"a": "quiet"}, {"a": Secret("other")})
    assert (change.before, change.after) == ("(secret)", "(secret)")


def test_a_secret_inside_of_a_list_is_not_shown():
    (change,) = differences({"a": [Secret("x")]}, {"a": [Secret("y")]})
    assert "Secret(" not in json.dumps([str(change.path)])
    assert "'x'" not in repr(change)
    assert "'y'" not in repr(change)


def test_unknown_values_differ_from_known_ones_only():
    assert found({"a": UNKNOWN}, {"a": UNKNOWN}) == {}
    assert found({"a": "x"}, {"a": UNKNOWN}) == {"a": ("x", UNKNOWN)}


def test_values_that_are_known_on_neither_side_are_listed():
    before = {"a": UNKNOWN, "b": [{"c": UNKNOWN}], "d": Secret(UNKNOWN), "e": UNKNOWN, "f": "1"}
    after = {"a": UNKNOWN, "b": [{"c": UNKNOWN}], "d": Secret(UNKNOWN), "e": "1", "f": UNKNOWN}
    assert list(unknown_paths(before, after)) == ["a", "b.0.c", "d"]


def test_the_order_of_differences_is_that_of_the_names():
    assert list(found({}, {"b": 1, "a": 1, "c": {"z": 1, "y": 2}})) == ["a", "b", "c"]
