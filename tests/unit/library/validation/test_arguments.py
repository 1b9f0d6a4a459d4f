"""Every component's arguments by name: unknown and missing ones and Outputs that come too late are reported at once."""

import inspect
import json
import os
from pathlib import Path

import flask_on_aws
import pulumi
import pytest
from flask_on_aws import Autoscaling, Database, FlaskApp, MediaBucket, Network
from flask_on_aws.component import with_defaults
from flask_on_aws.runtime_contract import contract
from flask_on_aws.validation import choices
from flask_on_aws.validation.argument_names import args_type

PUBLIC = [getattr(flask_on_aws, name) for name in flask_on_aws.COMPONENTS]
IDS = [component.__name__ for component in PUBLIC]


def problems(component, args):
    with pytest.raises(pulumi.InputPropertiesError) as error:
        component("name", args)
    return {problem["property_path"]: problem["reason"] for problem in error.value.errors}


@pytest.mark.parametrize("component", PUBLIC, ids=IDS)
def test_every_component_rejects_an_argument_that_it_does_not_have(mocks, component):
    found = problems(component, {"no_such_argument": 1})
    assert found["no_such_argument"].startswith("is not an argument of a")
    assert mocks.resources == []


@pytest.mark.parametrize("component", PUBLIC, ids=IDS)
def test_every_component_names_all_that_is_missing(mocks, component):
    required = args_type(component).__required_keys__
    if not required:
        return
    found = problems(component, {})
    assert set(found) == required
    assert {reason.split(";")[0] for reason in found.values()} == {"is missing"}
    assert set(problems(component, dict.fromkeys(required))) == required  # None counts as absent
    assert mocks.resources == []


@pytest.mark.parametrize(
    ("component", "name", "sentence"),
    [
        (FlaskApp, "minTasks", "is not an argument of a FlaskApp; in Python it is min_tasks."),
        (FlaskApp, "min_task", "is not an argument of a FlaskApp; did you mean min_tasks?"),
        (MediaBucket, "versioning", "is not an argument of a MediaBucket; did you mean versioned?"),
        (Autoscaling, "max_task", "is not an argument of an Autoscaling; did you mean max_tasks?"),
        (flask_on_aws.Cluster, "zzz", "is not an argument of a Cluster; it has container_insights, tags."),
    ],
)
def test_the_sentence_names_what_was_meant(mocks, component, name, sentence):
    assert problems(component, {name: True})[name] == sentence


def test_everything_is_reported_at_once_and_by_keyword_too(mocks):
    with pytest.raises(pulumi.InputPropertiesError) as error:
        Database(name="d", args={"vpc": "vpc-1", "storage_gib": pulumi.Output.from_input(20)})
    assert [problem["property_path"] for problem in error.value.errors] == [
        "vpc",
        "vpc_id",
        "subnet_ids",
        "storage_gib",
    ]
    assert mocks.resources == []


@pytest.mark.parametrize(
    ("args", "path"),
    [
        ({"cpu": pulumi.Output.from_input(256)}, "cpu"),
        ({"environment": pulumi.Output.from_input("production")}, "environment"),
        ({"domain_aliases": pulumi.Output.from_input(["a.example.com"])}, "domain_aliases"),
        ({"domain_aliases": [pulumi.Output.from_input("a.example.com")]}, "domain_aliases[0]"),
        ({"workers": {"mail": pulumi.Output.from_input("mail")}}, "workers.mail"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_output_where_a_plain_value_is_needed(mocks, args, path):
    assert problems(FlaskApp, args)[path].startswith("needs a plain value, not an Output: ")


def test_aws_takes_an_address_late(deploy):
    topic = deploy(lambda: flask_on_aws.Alarms("ops", {"email": pulumi.Output.from_input("ops@example.com")}))
    assert topic.named("ops-email")["endpoint"] == "ops@example.com"


def test_aws_takes_a_description_late(deploy):
    late = deploy(lambda: flask_on_aws.AppSecret("s", {"values": {}, "description": pulumi.Output.from_input("shop")}))
    assert late.named("s")["description"] == "shop"


def test_type_checkers_read_the_words_that_the_schema_has():
    stub = Path(choices.__file__).with_suffix(".pyi")
    if os.environ.get("UPDATE_GOLDEN"):
        stub.write_text(choices_stub())
    assert stub.read_text() == choices_stub(), "To regenerate it: UPDATE_GOLDEN=1 ./test tests/unit/library/validation"


def _literal(name, words):
    """As the formatter writes it."""
    line = f"{name} = Literal[{words}]"
    return line if len(line) <= 120 else f"{name} = Literal[\n    {words}\n]"


def choices_stub():
    """What type checkers read of choices.py."""
    enums = {
        name: kind for name, kind in vars(choices).items() if inspect.isclass(kind) and kind.__base__ is choices.Choice
    }
    literals = {name: list(kind) for name, kind in enums.items()} | {"Preset": contract.COMPAT}
    lines = [_literal(name, ", ".join(json.dumps(word) for word in words)) for name, words in literals.items()]
    return "\n".join(
        [
            '"""Generated from choices.py; see its docstring."""',
            "",
            "from enum import StrEnum",
            "from typing import Literal",
            "",
            "class Choice(StrEnum): ...",
            "",
            *lines,
            "",
        ]
    )


def test_the_words_of_an_enum_are_those_that_its_component_accepts():
    # Without them a certificate and scheduled jobs have no other problem.
    context = {"domain": "app.example.com", "jobs": []}
    for component in PUBLIC:
        if component is FlaskApp:  # its arguments are those of the others, under other names
            continue
        module = inspect.getmodule(args_type(component))
        for name, kind in args_type(component).__annotations__.items():
            if inspect.isclass(kind) and issubclass(kind, choices.Choice):
                sentences = [p.reason for p in module.problems(context | {name: kind("wrong")}) if p.argument == name]
                assert sentences == [f"'wrong' is not one of {', '.join(kind)}."], (component, name)


def test_a_hosted_component_s_enum_counts_as_its_text():
    settled = with_defaults({"egress": choices.Egress("nat")}, {"egress": "public"})
    assert settled == {"egress": "nat"}
    assert type(settled["egress"]) is str
    with pytest.raises(pulumi.InputPropertiesError, match="egress: 'wlan' is not one of public, ipv6"):
        Network("n", {"egress": choices.Egress("wlan")})
