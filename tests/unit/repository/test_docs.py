"""The reference pages say what the code says."""

import itertools
import re
from pathlib import Path

import pulumi
import pytest
from click.testing import CliRunner
from flask_on_aws import FlaskAppArgs
from flask_on_aws.alarms.alarm_rules import CACHE_RULES
from flask_on_aws.flask_app.flask_app_args import with_profile
from flask_on_aws.flask_app.topology import load_balancers
from flask_on_aws.ingress import load_balancer_guard
from flask_on_aws.naming import snake_case
from flask_on_aws_cli.main import main

import settings
from tests.reference import generate

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_page_is_up_to_date(name):
    is_current = (ROOT / "docs" / name).read_text(encoding="utf-8") == generate.PAGES[name]()
    assert is_current, f"docs/{name} is not what the code says: .test-env/bin/python docs/generate.py"


def test_the_readme_s_files_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = [part.split(")")[0] for part in readme.split("](")[1:]]
    assert linked
    assert [path for path in linked if "://" not in path and not (ROOT / path.split("#")[0]).exists()] == []


GUIDES = sorted(
    [
        *(ROOT / "docs").glob("from-*.md"),
        *(ROOT / "docs" / f"{page}.md" for page in ("deploy-your-app", "encryption", "operations")),
    ]
)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_names_settings_and_files_that_exist(page):
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"pulumi config set (?:--secret )?(?:--path )?'?([A-Za-z]+)(?![A-Za-z:])", text)
    # The right-hand column speaks of this program.
    columns = [row.split("|")[2] for row in text.splitlines() if row.startswith("| ") and row.count("|") == 3]
    named = {word for column in columns for word in re.findall(r"`([a-z]+[A-Z][A-Za-z]+)`", column)}
    assert {name for name in {*commands, *named} if name not in settings.NAMES} == set()
    files = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in files if link and not (page.parent / link).exists()] == []


def test_the_shown_plan_is_the_plan_of_such_an_app(tmp_path):
    """The guide's example is what the command prints for the app of tests/apps/node."""
    shown = CliRunner().invoke(main, ["plan", str(ROOT / "tests" / "apps" / "node")]).stdout
    assert shown in (ROOT / "docs" / "deploy-your-app.md").read_text(encoding="utf-8")


def test_every_alarm_is_in_the_documentation():
    golden = (ROOT / "tests" / "golden").glob("resources-*.txt")
    names = {
        name for file in golden for name in re.findall(r"(?:MetricAlarm|Budget) app-alarms-(\S+)", file.read_text())
    }
    page = (ROOT / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert {"latency", "budget"} <= names
    # The cache's alarms end with the number of a node, and depend on what it is used for.
    names = {re.sub(r"-\d+$", "", name) for name in names}
    names |= {f"cache-{rule.role}" for rules in CACHE_RULES.values() for rule in rules}
    assert names == set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))


def test_every_cause_of_a_failed_release_is_in_the_documentation():
    source = (ROOT / "components" / "flask_on_aws" / "releases" / "diagnosis.py").read_text(encoding="utf-8")
    causes = set(re.findall(r"Cause\(\s*\"([a-z ]+)\"", source))
    page = (ROOT / "docs" / "releases.md").read_text(encoding="utf-8")
    cells = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    assert {"crash", "killed", "unknown"} <= causes
    assert causes - {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)} == set()


DOMAIN_STEPS = {
    "docs/domains.md": ["A domain in Route 53", "A domain with another DNS provider", "Change a domain"],
    "README.md": ["Start on AWS"],
}
RUNNING = "Add a domain to a running stack"
"""It continues a stack without a domain; the other sections begin with a new stack."""


def updates(page: str, heading: str) -> list[FlaskAppArgs]:
    """The arguments of the app at each `pulumi up` of a section, each stack's in order."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    values: dict[str, str | bool] = {}
    done: list[FlaskAppArgs] = []
    for line in "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).splitlines():
        words = line.partition("#")[0].split()
        match words:
            case ["pulumi", "stack", "init", _]:
                values, done = {}, []
            case ["pulumi", "config", "set", name, value] if ":" not in name:
                values[snake_case(name)] = value == "true" if value in ("true", "false") else value
            case ["pulumi", "config", "rm", name]:
                del values[snake_case(name)]
            case ["pulumi", "up"]:
                done.append(with_profile(FlaskAppArgs(**values)))
            case _:
                continue
    return done


def reject_removal(old: FlaskAppArgs, new: FlaskAppArgs) -> None:
    """The guard of the service, which `pulumi up` asks before it changes anything."""
    inputs = [{"tags": load_balancer_guard.tags(load_balancers(args))} for args in (old, new)]
    load_balancer_guard.reject_removal(
        pulumi.ResourceHookArgs(
            urn="", id="", name="", type="", old_inputs=inputs[0], new_inputs=inputs[1], old_outputs={}, new_outputs={}
        )
    )


@pytest.mark.parametrize(
    ("page", "heading"), [(page, heading) for page, headings in DOMAIN_STEPS.items() for heading in headings]
)
def test_no_step_to_a_domain_is_rejected(page, heading):
    """As documented once, the second update of a stack without a domain would have removed its load balancer."""
    steps = updates(page, heading)
    assert steps
    for old, new in itertools.pairwise(steps):
        reject_removal(old, new)


def test_no_step_to_a_domain_of_a_running_stack_is_rejected():
    steps = [with_profile({}), *updates("docs/domains.md", RUNNING)]
    assert [load_balancers(args) for args in steps] == [["internal"], ["public", "internal"], ["public"]]
    for old, new in itertools.pairwise(steps):
        reject_removal(old, new)
    with pytest.raises(ValueError, match="vpc-with-public"):
        reject_removal(steps[0], steps[2])
