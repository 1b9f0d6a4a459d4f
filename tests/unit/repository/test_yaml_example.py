"""examples/hosted/yaml: every property is what the package's schema declares, since no host for YAML runs here."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "tests" / "golden" / "schema.json").read_text())
PROGRAM = yaml.safe_load((ROOT / "examples" / "hosted" / "yaml" / "Pulumi.yaml").read_text())
REFERENCE = re.compile(r"\$\{([^}]*)\}")
TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


def problems(program: dict[str, Any]) -> Iterator[str]:
    """What the schema does not allow, and references to nothing."""
    for name, resource in program["resources"].items():
        described = SCHEMA["resources"].get(resource["type"])
        if described is None:
            yield f"{name}: {resource['type']} does not exist"
            continue
        given, inputs = resource.get("properties", {}), described.get("inputProperties", {})
        yield from (f"{name}: {key} is missing" for key in described.get("requiredInputs", []) if key not in given)
        for key, value in given.items():
            if key in inputs:
                yield from wrong_values(program, f"{name}.{key}", value, inputs[key])
            else:
                yield f"{name}: {key} is no property"
    yield from (p for name, value in program["outputs"].items() for p in wrong_references(program, name, value))


def wrong_values(program: dict[str, Any], path: str, value: Any, kind: dict[str, Any]) -> Iterator[str]:
    if "$ref" in kind:
        enum = SCHEMA["types"][kind["$ref"].removeprefix("#/types/")]["enum"]
        if value not in [one["value"] for one in enum]:
            yield f"{path}: {value!r} is not one of its words"
    elif isinstance(value, str) and REFERENCE.search(value):
        if kind.get("plain") and not isinstance(program["config"].get(REFERENCE.findall(value)[0]), dict):
            yield f"{path}: a plain value cannot be an output"
        yield from wrong_references(program, path, value)
        yield from wrong_types(program, path, value, kind)
    elif kind["type"] == "object":
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
            return
        for key, item in value.items():
            yield from wrong_values(program, f"{path}.{key}", item, kind["additionalProperties"])
    elif kind["type"] == "array":
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for item in value:
            yield from wrong_values(program, path, item, kind["items"])
    elif not isinstance(value, TYPES[kind["type"]]) or (isinstance(value, bool) and kind["type"] != "boolean"):
        yield f"{path}: {value!r} is no {kind['type']}"


def wrong_types(program: dict[str, Any], path: str, text: str, kind: dict[str, Any]) -> Iterator[str]:
    """A reference of another type than the property; a text with more than one reference in it is a text."""
    whole = REFERENCE.fullmatch(text)
    referenced = referenced_kind(program, whole[1]) if whole else {"type": "string"}
    if referenced is not None and shape(referenced) != shape(kind):
        yield f"{path}: {text} is {shape(referenced)}, not {shape(kind)}"


def referenced_kind(program: dict[str, Any], reference: str) -> dict[str, Any] | None:
    """The type of an output or of a setting; None if it refers to nothing."""
    if reference in program["config"]:
        return program["config"][reference]
    name, _, output = reference.partition(".")
    resource = program["resources"].get(name, {})
    return SCHEMA["resources"].get(resource.get("type"), {}).get("properties", {}).get(output)


def shape(kind: dict[str, Any]) -> str:
    """The type in words, with those of a list's and an object's values."""
    if kind["type"] == "array":
        return f"a list, each {shape(kind['items'])}"
    if kind["type"] == "object":
        return f"an object, each {shape(kind['additionalProperties'])}"
    return kind["type"]


def wrong_references(program: dict[str, Any], path: str, text: str) -> Iterator[str]:
    for reference in REFERENCE.findall(text):
        name, _, output = reference.partition(".")
        resource = program["resources"].get(name)
        known = SCHEMA["resources"].get(resource["type"], {}).get("properties", {}) if resource else {}
        if not (reference in program["config"] or output in known):
            yield f"{path}: {text} refers to nothing"


def give(program: dict[str, Any], **properties: Any) -> None:
    program["resources"]["shop"]["properties"].update(properties)


def test_outputs_and_settings_of_the_right_type_are_accepted():
    program = copy.deepcopy(PROGRAM)
    program["config"]["port"] = {"type": "integer"}
    give(program, databasePort="${shop.databasePort}", publicSubnetIds="${shop.publicSubnetIds}")
    assert list(problems(program)) == []
    give(program, databasePort="${port}", databaseHost="db.${shop.databaseHost}")
    assert list(problems(program)) == []


def test_a_program_s_own_settings_count():
    program = copy.deepcopy(PROGRAM)
    program["config"]["memory"] = {"type": "integer"}
    give(program, memory="${memory}")
    assert list(problems(program)) == []
    del program["config"]["image"]
    assert any("image" in problem for problem in problems(program))


def test_the_example_keeps_to_the_schema():
    assert list(problems(PROGRAM)) == []
    assert {resource["type"] for resource in PROGRAM["resources"].values()} >= {"flask-on-aws:index:FlaskApp"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda p: p["resources"]["shop"].update(type="flask-on-aws:index:Flask"), "Flask does not exist"),
        (lambda p: p["resources"]["shop"]["properties"].update(min_tasks=2), "min_tasks is no property"),
        (lambda p: p["resources"]["shop"]["properties"].update(cpu="512"), "'512' is no integer"),
        (lambda p: p["resources"]["shop"]["properties"].update(cpu=True), "True is no integer"),
        (lambda p: p["resources"]["shop"]["properties"].update(environment="prod"), "'prod' is not one of its words"),
        (lambda p: p["resources"]["shop"]["properties"].update(env="A=1"), "'A=1' is no object"),
        (lambda p: p["resources"]["shop"]["properties"]["env"].update(A=1), "env.A: 1 is no string"),
        (lambda p: p["resources"]["shop"]["properties"].update(domainAliases="a"), "'a' is no list"),
        (lambda p: p["resources"]["shop"]["properties"].update(image="${img}"), "refers to nothing"),
        (lambda p: p["resources"]["shop"]["properties"].update(domain="${reports.bucketName}"), "plain value"),
        (lambda p: p["resources"].update(db={"type": "flask-on-aws:index:Database"}), "vpcId is missing"),
        (lambda p: p["outputs"].update(x="${shop.adress}"), "refers to nothing"),
        (lambda p: give(p, databasePort="${shop.databaseHost}"), "${shop.databaseHost} is string, not integer"),
        (lambda p: give(p, databasePort="${image}"), "${image} is string, not integer"),
        (lambda p: give(p, databasePort="1${shop.databasePort}"), "is string, not integer"),
        (lambda p: give(p, databaseHost="${shop.databasePort}"), "${shop.databasePort} is integer, not string"),
        (lambda p: give(p, env={"A": "${shop.databasePort}"}), "env.A: ${shop.databasePort} is integer, not string"),
        (lambda p: give(p, publicSubnetIds="${shop.vpcId}"), "is string, not a list, each string"),
        (lambda p: give(p, publicSubnetIds=["${shop.publicSubnetIds}"]), "is a list, each string, not string"),
    ],
)
def test_what_the_schema_does_not_allow_is_found(change, problem):
    program = copy.deepcopy(PROGRAM)
    change(program)
    assert any(problem in found for found in problems(program))
