"""Writes the reference pages from what they describe; a test compares them.

python docs/generate.py    write the pages of PAGES below to docs/
"""

import ast
import inspect
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml
from flask_on_aws_cli.main import main

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask_on_aws import FlaskAppArgs  # noqa: E402 likewise
from flask_on_aws.made_by_aws import MADE_BY_AWS  # noqa: E402
from flask_on_aws.naming import camel_case, snake_case  # noqa: E402
from flask_on_aws.runtime_contract.contract import VARIABLES  # noqa: E402 the path above finds it
from flask_on_aws.validation.messages import in_settings_names  # noqa: E402 likewise
from flask_on_aws.validation.setting_texts import EMPTY_IS_A_VALUE  # noqa: E402 likewise

import settings  # noqa: E402 the path above finds it


def settings_page() -> str:
    """Every setting, from the arguments of FlaskApp and their docstrings."""
    lines = [
        "# Settings",
        "",
        "Set one with `pulumi config set minTasks 3`, and an element of a list or map with `--path`:",
        "`pulumi config set --path env.GREETING hello`. Set a secret with `--secret`:",
        "`pulumi config set --secret --path secretValues.STRIPE_KEY sk_live_…`, and an ARN in `secrets` with",
        "`--plaintext`, since Pulumi takes an ARN for a secret itself.",
        "",
        "A setting that is unset, or `auto`, has its default. An empty text, list or object counts as unset, except",
        f"for {_listed(sorted(EMPTY_IS_A_VALUE))}: for these, empty means none.",
    ]
    for section, group in settings_by_section().items():
        lines += ["", f"## {section}", "", "| setting | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{row.name}` | {row.type} | {_cell(row.default)} | {_cell(row.meaning)} |" for row in group]
    return "\n".join(lines) + "\n"


class Setting(NamedTuple):
    """A row of the reference."""

    name: str
    type: str
    default: str
    meaning: str


def settings_by_section() -> dict[str, list[Setting]]:
    """The settings in the order of `FlaskAppArgs`, whose comments are the headings."""
    source = inspect.getsource(inspect.getmodule(FlaskAppArgs)).splitlines()
    (body,) = (
        node.body
        for node in ast.parse("\n".join(source)).body
        if isinstance(node, ast.ClassDef) and node.name == "FlaskAppArgs"
    )
    sections: dict[str, list[Setting]] = {"General": [Setting("name", "string", settings.NAME, _NAME_MEANING)]}
    section = "General"
    for field, docstring in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign):
            continue
        above = source[field.lineno - 2].strip()
        section = above.removeprefix("# ") if above.startswith("# ") else section
        sections.setdefault(section, []).append(_setting(field.target.id, docstring.value.value))
    return sections


def _setting(argument: str, docstring: str) -> Setting:
    name = camel_case(argument)
    meaning, _, default = in_settings_names(docstring, FlaskAppArgs.__annotations__).rpartition(" Default: ")
    read = settings.READERS.get(name, settings.mapping)
    return Setting(name, _TYPES[read], default.removesuffix("."), meaning)


def components_page() -> str:
    """Every component's arguments and outputs, from the schema that other languages see."""
    schema = json.loads((ROOT / "tests" / "golden" / "schema.json").read_text(encoding="utf-8"))
    lines = [
        "# Components",
        "",
        "Each argument and output has two spellings: one for Python, and one for the other languages and for settings.",
        "Arguments without a default are required.",
        "",
    ]
    for token, component in sorted(schema["resources"].items()):
        lines += [f"## {token.rpartition(':')[2]}", "", component["description"].strip(), ""]
        lines += _table("argument", component.get("inputProperties", {}))
        lines += _table("output", component.get("properties", {}))
    return "\n".join(lines).rstrip() + "\n"


def environment_page() -> str:
    """Every variable that an app gets."""
    lines = [
        "# The app's environment",
        "",
        "The values of secret variables are in the app's JSON secret in Secrets Manager; the task definition contains",
        "only its ARN.",
        "",
        "| variable | delivered | set with | meaning |",
        "|---|---|---|---|",
    ]
    for variable in VARIABLES:
        condition = ", ".join(
            word for word in (variable.needs.replace("_", " "), variable.preset and f"preset {variable.preset}") if word
        )
        lines.append(f"| `{variable.name}` | {variable.kind} | {condition or 'always'} | {_cell(variable.meaning)} |")
    return "\n".join(lines) + "\n"


def made_by_aws_page() -> str:
    """What is on AWS besides the stack's own resources."""
    lines = [
        "# What AWS creates outside the stack",
        "",
        "None of these is a resource of the stack: AWS creates them together with the resource in the first column.",
        "",
        "| with | what | when | after `pulumi destroy` |",
        "|---|---|---|---|",
    ]
    for made in MADE_BY_AWS:
        kind = made.by.rpartition(":")[2]
        lines.append(f"| {kind} | {_cell(made.what)} | {made.when or 'always'} | {_cell(made.after)} |")
    return "\n".join(lines) + "\n"


def security_scan_page() -> str:
    """What a scanner finds, and why it stays so."""
    listed = yaml.safe_load((ROOT / "components" / "waivers.yaml").read_text(encoding="utf-8"))
    lines = [
        "# Security scan",
        "",
        "What a scanner reports for a production stack with all defaults, and the reason for each finding that",
        "remains. The tests write the resources that the program registers as Terraform JSON, scan them with",
        "[checkov](https://www.checkov.io/), and compare the failed checks with `components/waivers.yaml`: the tests",
        "fail for a finding that is not listed there, and for a waiver that is no longer needed.",
        "",
        "| date | scanner | input | passed | failed, all waived |",
        "|---|---|---|---|---|",
    ]
    for figure in listed["figures"]:
        lines.append("| {date} | {scanner} | {input} | {passed} | {failed} |".format(**figure))
    lines += ["", "| check | resources | what it asks for | why it is waived | since |", "|---|---|---|---|---|"]
    for waiver in listed["waivers"]:
        resources = ", ".join(f"`{name}`" for name in waiver["resources"])
        texts = f"{_cell(waiver['title'])} | {_cell(waiver['reason'])}"
        lines.append(f"| {waiver['check']} | {resources} | {texts} | {waiver['date']} |")
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its options, as `--help` has them."""
    lines = [
        "# Commands",
        "",
        "`./up COMMAND` is short for `flask-on-aws local COMMAND`, and `./up` for `flask-on-aws local up`.",
    ]
    root = click.Context(main, info_name="flask-on-aws", **main.context_settings)
    for path, command in _commands(root, main):
        context = click.Context(command, parent=root, info_name=path)
        usage = " ".join(command.collect_usage_pieces(context))
        lines += ["", f"## {path}", "", f"```text\n{path} {usage}\n```", "", _paragraphs(command.help)]
        options = [option for option in command.get_params(context) if isinstance(option, click.Option)]
        lines += ["", "| option | meaning |", "|---|---|"]
        for option, meaning in filter(None, (option.get_help_record(context) for option in options)):
            lines.append(f"| `{_cell(option)}` | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


_NAME_MEANING = (
    "First part of all names on AWS, at most 20 lower-case letters, digits and hyphens. It cannot be changed while the "
    "stack is up: a preview that would is rejected."
)
# As Pulumi calls the types of settings.
_TYPES = {
    settings.text: "string",
    settings.number: "integer",
    settings.flag: "boolean",
    settings.texts: "array",
    settings.numbers: "array",
    settings.objects: "array",
    settings.containers: "array",
    settings.mapping: "object",
}

PAGES = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "components.md": components_page,
    "environment.md": environment_page,
    "made-by-aws.md": made_by_aws_page,
    "security-scan.md": security_scan_page,
}


def _table(kind: str, properties: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| `{snake_case(name)}` | `{name}` | {_cell(described['description'])} |"
        for name, described in properties.items()
    ]
    return [f"| {kind} in Python | elsewhere | meaning |", "|---|---|---|", *rows, ""] if rows else []


def _commands(
    context: click.Context, group: click.Group, path: str = "flask-on-aws"
) -> list[tuple[str, click.Command]]:
    """Every command that does something, groups replaced by theirs."""
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += _commands(context, command, f"{path} {name}")
        elif command:
            found.append((f"{path} {name}", command))
    return found


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (text or "").split("\n\n"))


def _listed(names: Sequence[str]) -> str:
    *most, last = (f"`{name}`" for name in names)
    return f"{', '.join(most)} and {last}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
