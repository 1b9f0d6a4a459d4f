"""Writes the reference pages from what they describe; a test compares them.

python docs/generate.py    write the pages of PAGES below to docs/
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml
from flask_on_aws_cli.main import main

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask_on_aws.made_by_aws import MADE_BY_AWS  # noqa: E402
from flask_on_aws.naming import snake_case  # noqa: E402 the path above finds it
from flask_on_aws.runtime_contract.contract import VARIABLES  # noqa: E402 the path above finds it
from flask_on_aws.validation.setting_texts import EMPTY_IS_A_VALUE  # noqa: E402 likewise


def settings_page() -> str:
    """Every setting of settings.yaml."""
    declared = yaml.safe_load((ROOT / "settings.yaml").read_text(encoding="utf-8"))
    lines = [
        "# Settings",
        "",
        "Set one with `pulumi config set minTasks 3`, and an element of a list or map with `--path`:",
        "`pulumi config set --path env.COLOUR red`.",
        "A setting that is unset, or `auto`, has its default; where the default is `auto`, other settings decide,",
        "in most cases `environment`. An empty text, list or object counts as unset, except for",
        f"{_listed(sorted(EMPTY_IS_A_VALUE))}: for these, empty means none.",
        "",
        "| setting | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, setting in declared.items():
        default = _default(setting.get("default"))
        lines.append(f"| `{name}` | {setting['type']} | {default} | {_cell(setting['description'])} |")
    return "\n".join(lines) + "\n"


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
        "# What AWS creates beside the stack",
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


def _default(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), encoding="utf-8")
