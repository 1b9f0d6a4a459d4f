"""Every resource type that the library creates is created by the in-process engine, or is planned for a reason."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from flask_on_aws_cli.pulumi_engine.planned_types import PLANNED_TYPES
from flask_on_aws_cli.pulumi_engine.providers import PROVIDERS

ROOT = Path(__file__).parents[4]
LIBRARY = ROOT / "components" / "flask_on_aws"
SDKS = ("pulumi_aws", "pulumi_docker", "pulumi_docker_build", "pulumi_random")


def referenced_types(source: str) -> set[str]:
    """The types of the SDKs' resource classes that a module refers to, whether it calls them or passes them on."""
    tree = ast.parse(source)
    modules = dict(_imported(tree))
    attributes = [_path(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    names = [[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name)]
    resolved = (_resolve(modules[path[0]], path[1:]) for path in [*attributes, *names] if path and path[0] in modules)
    return {
        str(value.pulumi_type)  # type: ignore[attr-defined]
        for value in resolved
        if isinstance(value, type) and issubclass(value, pulumi.CustomResource)
    }


def _imported(tree: ast.AST) -> Iterator[tuple[str, object]]:
    """The names under which a module imports the SDKs' modules and classes, with the objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in SDKS:
                    module = alias.name if alias.asname else alias.name.partition(".")[0]
                    yield alias.asname or module, importlib.import_module(module)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in SDKS and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, _resolve(importlib.import_module(node.module or ""), [alias.name])


def _path(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        parent = _path(node.value)
        return [*parent, node.attr] if parent else []
    return [node.id] if isinstance(node, ast.Name) else []


def _resolve(value: object, path: list[str]) -> object:
    for name in path:
        value = getattr(value, name, None)
    return value


def library_types() -> set[str]:
    modules = [*LIBRARY.rglob("*.py"), ROOT / "__main__.py"]
    return {token for path in modules for token in referenced_types(path.read_text())}


def golden_types() -> set[str]:
    lines = [line for path in (ROOT / "tests/golden").glob("resources-*.txt") for line in path.read_text().splitlines()]
    tokens = {line.split()[0] for line in lines if line}
    return {token for token in tokens if token.startswith(("aws:", "docker", "random:"))}


def test_every_type_of_the_library_is_created_or_planned_for_a_reason() -> None:
    unknown = (library_types() | golden_types()) - set(PROVIDERS) - set(PLANNED_TYPES)
    assert not unknown, (
        f"Give {sorted(unknown)} a provider in pulumi_engine/providers, or a reason in planned_types.py."
    )


def test_every_planned_type_is_used_and_has_no_provider() -> None:
    unused = set(PLANNED_TYPES) - library_types() - golden_types()
    assert not unused, f"Remove {sorted(unused)} from planned_types.py: the library no longer creates them."
    both = set(PLANNED_TYPES) & set(PROVIDERS)
    assert not both, f"Remove {sorted(both)} from planned_types.py: the engine creates them."
    assert all(reason.endswith(".") for reason in PLANNED_TYPES.values())


def test_the_scan_finds_all_types_of_the_golden_stacks() -> None:
    assert golden_types() - library_types() == set()


@pytest.mark.parametrize(
    "source",
    [
        "import pulumi_aws as aws\naws.sqs.Queue('a')",
        "import pulumi_aws\npulumi_aws.sqs.Queue('a')",
        "import pulumi_aws.sqs as queues\nqueues.Queue('a')",
        "from pulumi_aws import sqs\nsqs.Queue('a')",
        "from pulumi_aws.sqs import Queue as Q\nQ('a')",
        "from pulumi_aws import sqs\nmake(sqs.Queue, 'a')",
    ],
)
def test_the_scan_finds_a_type_however_it_is_imported(source: str) -> None:
    assert referenced_types(source) == {"aws:sqs/queue:Queue"}
