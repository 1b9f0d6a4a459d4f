"""Generates the reference pages from the code that they describe; a test checks that they are up to date.

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
from flask_on_aws_cli.review.policy import findings as policy
from flask_on_aws_cli.review.policy.rules import GROUPS, RULES

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from flask_on_aws import FlaskAppArgs  # noqa: E402 likewise
from flask_on_aws.made_by_aws import MADE_BY_AWS  # noqa: E402
from flask_on_aws.naming import camel_case, snake_case  # noqa: E402
from flask_on_aws.runtime_contract.contract import VARIABLES  # noqa: E402 the path above finds it
from flask_on_aws.validation.setting_names import in_settings_names  # noqa: E402 likewise
from flask_on_aws.validation.setting_texts import EMPTY_IS_A_VALUE  # noqa: E402 likewise

import settings  # noqa: E402 the path above finds it


def settings_page() -> str:
    """Every setting, from the arguments of FlaskApp and their docstrings."""
    lines = [
        "# Settings",
        "",
        "A setting is set for a stack, and takes effect at the next `pulumi up`:",
        "",
        "```sh",
        "pulumi config set minTasks 3",
        "pulumi config set --path env.GREETING hello                         # one entry of an object",
        "pulumi config set --path 'domainAliases[0]' www.example.com         # one element of a list",
        "pulumi config set --secret --path secretValues.STRIPE_KEY sk_live_…",
        "pulumi config set --plaintext --path secrets.STRIPE_KEY arn:aws:…   # Pulumi mistakes an ARN for a secret",
        "pulumi config rm minTasks                                           # back to the default",
        "```",
        "",
        "A setting that is not set, or is `auto`, has its default. An empty string, list or object counts as not set,",
        f"except for {_listed(sorted(EMPTY_IS_A_VALUE))}, for which empty means none.",
        "",
        "[Environments and costs](environments.md) compares the defaults of the environments, and",
        "[Changes that lose data](data-loss.md) lists the settings whose change is rejected in a running stack.",
    ]
    for section, group in settings_by_section().items():
        lines += ["", f"## {section}", ""]
        if guides := _GUIDES.get(section):
            lines += [f"Guides: {', '.join(f'[{title}]({page})' for title, page in guides.items())}", ""]
        lines += ["| setting | type | default | meaning |", "|---|---|---|---|"]
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
        "The components of the library, with their arguments and outputs. Each has two spellings: one in Python, and",
        "one in other languages and in settings. [Use the components](library.md) shows how to combine them.",
        "",
    ]
    for token, component in sorted(schema["resources"].items()):
        lines += [f"## {token.rpartition(':')[2]}", "", inspect.cleandoc(component["description"]), ""]
        lines += _table("argument", component.get("inputProperties", {}))
        lines += _table("output", component.get("properties", {}))
    return "\n".join(lines).rstrip() + "\n"


def environment_page() -> str:
    """Every variable that an app gets."""
    lines = [
        "# Environment variables",
        "",
        "The stack sets these variables for the app: in the web service, the workers, the release command and one-off",
        "commands. On your machine, `./up env` prints them with their values. Add your own with the",
        "[settings](settings.md#environment-of-the-app) `env`, `secrets` and `secretValues`.",
        "",
        "Plain variables are in the task definition. The values of secret ones are in the app's JSON secret in Secrets",
        "Manager, of which the task definition contains only the ARN.",
        "",
        "| variable | kind | set | meaning |",
        "|---|---|---|---|",
    ]
    for variable in VARIABLES:
        condition = ", ".join(
            word for word in (variable.needs.replace("_", " "), variable.preset and f"preset {variable.preset}") if word
        )
        when = f"with: {condition}" if condition else "always"
        lines.append(f"| `{variable.name}` | {variable.kind} | {when} | {_cell(variable.meaning)} |")
    return "\n".join(lines) + "\n"


def made_by_aws_page() -> str:
    """What AWS creates outside the stack."""
    lines = [
        "# What AWS creates outside the stack",
        "",
        "AWS creates these together with a resource of the stack, the one in the first column, but they are not in the",
        "stack themselves. The last column shows what is left of them after `pulumi destroy`, and how to delete it.",
        "",
        "| with | what | when | after `pulumi destroy` |",
        "|---|---|---|---|",
    ]
    for made in MADE_BY_AWS:
        lines.append(
            f"| `{_short_type(made.by)}` | {_cell(made.what)} | {made.when or 'always'} | {_cell(made.after)} |"
        )
    return "\n".join(lines) + "\n"


def _short_type(token: str) -> str:
    """A type of resource as programs spell it: ecs.Cluster for aws:ecs/cluster:Cluster."""
    package, module, name = token.split(":")
    return f"{module.partition('/')[0] if package == 'aws' else package}.{name}"


def security_scan_page() -> str:
    """The findings of the security scanners, and why each is waived."""
    listed = yaml.safe_load((ROOT / "components" / "waivers.yaml").read_text(encoding="utf-8"))
    lines = [
        "# Security scan",
        "",
        "[checkov](https://www.checkov.io/) and, nightly, [tfsec](https://aquasecurity.github.io/tfsec/) scan a",
        "production stack with all defaults. The findings that remain are listed here, each with the reason why it",
        "is waived. The tests write the resources that the program registers as a Terraform configuration, scan it,",
        "and compare the failed checks with `components/waivers.yaml`: they fail for a finding that is not listed",
        "there, and for a waiver that is no longer needed.",
        "",
        "## Scans",
        "",
        "| date | scanner | input | passed | failed, all waived |",
        "|---|---|---|---|---|",
    ]
    for figure in listed["figures"]:
        lines.append("| {date} | {scanner} | {input} | {passed} | {failed} |".format(**figure))
    lines += ["", "## Waived findings", ""]
    lines += ["| check | resources | what the check requires | why it is waived | since |", "|---|---|---|---|---|"]
    for waiver in listed["waivers"]:
        resources = ", ".join(f"`{name}`" for name in waiver["resources"])
        texts = f"{_cell(waiver['title'])} | {_cell(waiver['reason'])}"
        lines.append(f"| {waiver['check']} | {resources} | {texts} | {waiver['date']} |")
    return "\n".join(lines) + "\n"


def policy_rules_page() -> str:
    """The rules of the policy, and why what remains is waived."""
    folder = Path(policy.__file__).parent
    waivers = yaml.safe_load((folder / "waivers.yaml").read_text(encoding="utf-8"))
    left_out = yaml.safe_load((folder / "not_adopted.yaml").read_text(encoding="utf-8"))
    lines = [
        "# Rules of the policy",
        "",
        f"The {len(RULES)} rules by which [`flask-on-aws review`](review.md#policy) judges the resources of a stack.",
        "They cover the rules of [checkov](https://www.checkov.io/) (CKV…), [trivy](https://trivy.dev/) (AWS-…),",
        "[cdk-nag](https://github.com/cdklabs/cdk-nag) (AwsSolutions-…),",
        "[AWS Foundational Security Best Practices](https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html)",
        "(RDS.3) and Pulumi's AWSGuard (names in camel case) for the types of resources that the components create.",
        "",
        "| severity | meaning |",
        "|---|---|",
        "| critical | anybody can reach or read what must not be public |",
        "| high | one more mistake, or an insider, exposes or loses data |",
        "| medium | a second line of defense, or what an investigation needs, is missing |",
        "| low | good practice |",
    ]
    for title, group in GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| rule | severity | what is right | otherwise | fix | covers |",
            "|---|---|---|---|---|---|",
        ]
        for rule in group:
            fix = f"{rule.fix} [`{rule.setting}`](settings.md)" if rule.setting else rule.fix
            cells = (f"`{rule.id}`", rule.severity.label, f"{rule.title}.", rule.reason, fix, rule.covers)
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    lines += [
        "",
        "## Waivers of the components",
        "",
        "What the components create by themselves, and why it is accepted:",
        "",
    ]
    lines += ["| rule | components | resources | why it is waived | since |", "|---|---|---|---|---|"]
    for waiver in waivers:
        where = waiver.get("resource") or waiver.get("property") or "all"
        cells = (
            f"`{waiver['rule']}`",
            ", ".join(waiver["components"]),
            f"`{where}`",
            waiver["reason"],
            str(waiver["date"]),
        )
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    lines += ["", "## Rules that are not adopted", "", "| rules | why |", "|---|---|"]
    lines += [f"| {', '.join(entry['rules'])} | {_cell(entry['reason'])} |" for entry in left_out]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    """Every command with its options, as in `--help`."""
    lines = [
        "# Commands",
        "",
        "How to install the command depends on what you use it for: [building](deploy-your-app.md),",
        "[checking](preflight.md), [reviewing](review.md), [operating](operations.md) or",
        "[running an app locally](local-aws.md).",
        "`./up COMMAND` is short for `flask-on-aws local COMMAND`, `./up` for `flask-on-aws local up`, and",
        "`./up DIR` for `flask-on-aws local up --app DIR`.",
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
    "First part of all names on AWS: at most 20 lower-case letters, digits and hyphens. It cannot be changed in a "
    "running stack; a preview that would change it is rejected."
)
# The pages on the settings of a section.
_GUIDES: Mapping[str, Mapping[str, str]] = {
    "General": {"Environments and costs": "environments.md", "Tags": "operations.md#tags"},
    "Image": {"Deploy your existing app": "deploy-your-app.md", "Preflight": "preflight.md#in-pulumi-up"},
    "Encryption": {"Encryption with a KMS key": "encryption.md"},
    "Domain": {"Domains": "domains.md"},
    "Network": {"IPv6": "domains.md#ipv6"},
    "Bucket": {"Media files through CloudFront": "media.md"},
    "Database": {
        "Changes that lose data": "data-loss.md",
        "Rotate the database password": "operations.md#rotate-the-database-password",
        "Many apps on one platform": "sharing-a-platform.md",
    },
    "Queue": {"Background jobs with a queue": "background-jobs.md"},
    "Cache": {"A cache: Valkey": "cache.md", "Changes that lose data": "data-loss.md"},
    "Load balancer, logs and deletion": {
        "Attach a web ACL of AWS WAF": "web-acl.md",
        "Destroy a stack": "destroy.md",
    },
    "Sharing with other stacks": {"Many apps on one platform": "sharing-a-platform.md"},
    "Service": {
        "Releases": "releases.md",
        "Background jobs with a queue": "background-jobs.md",
        "Scheduled jobs": "scheduled-jobs.md",
    },
    "Environment of the app": {"Environment variables": "environment.md"},
    "Permissions and hardening": {"Security scan": "security-scan.md"},
    "Monitoring": {"When an alarm fires": "alarms.md"},
}
# As Pulumi calls the types of settings.
_TYPES = {
    settings.text: "string",
    settings.number: "integer",
    settings.decimal: "number",
    settings.flag: "boolean",
    settings.texts: "array",
    settings.numbers: "array",
    settings.objects: "array",
    settings.containers: "array",
    settings.mapping: "object",
    settings.commands: "object",
}

PAGES = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "components.md": components_page,
    "environment.md": environment_page,
    "made-by-aws.md": made_by_aws_page,
    "policy-rules.md": policy_rules_page,
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
    """All commands, with each group replaced by its commands."""
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
