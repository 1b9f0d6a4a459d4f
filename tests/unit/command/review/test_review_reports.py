"""The formats of a report: the verdict, JSON by its schema, and a comment that cannot be abused or too long."""

import json
import re

import jsonschema
import pytest
from flask_on_aws_cli.picture import Resource, diagram
from flask_on_aws_cli.review.model import Change, Consent, Effect, Loss, Operation, PropertyChange, Report
from flask_on_aws_cli.review.reports import FORMATS
from flask_on_aws_cli.review.reports.json_report import as_json
from flask_on_aws_cli.review.reports.markdown_report import LIMIT, as_markdown, escaped, marker
from flask_on_aws_cli.review.reports.text_report import as_text
from flask_on_aws_cli.review.reports.wording import verdict

TEXT, OBJECT = {"type": "string"}, {"type": "object", "additionalProperties": False}


def items(**properties):
    fields = {"required": list(properties), "properties": properties}
    return {"type": "array", "items": {**OBJECT, **fields}}


LOSS = items(resource=TEXT, property=TEXT, reason=TEXT, consent={"enum": [consent.value for consent in Consent]})
EFFECT = {
    "enum": [
        "none",
        "in-place",
        "restarts-tasks",
        "waits-for-window",
        "brief-downtime",
        "unknown",
        "replaced",
        "loses-data",
    ]
}
USD = {"type": "string", "pattern": r"^-?\d+\.\d\d$"}
OPTIONAL = {"type": ["string", "null"]}
AMOUNT = {
    **OBJECT,
    "required": ["fixed", "usage", "total"],
    "properties": dict.fromkeys(("fixed", "usage", "total"), USD),
}
LINES = items(
    name=TEXT,
    usage={"type": "boolean"},
    usd={"anyOf": [USD, {"type": "null"}]},
    quantity={"type": "string", "pattern": r"^\d+(\.\d+)?$"},
    **dict.fromkeys(("unit", "item", "price", "missing", "source", "date"), OPTIONAL),
    confidence={"enum": ["A", "B", "C", "own", None]},
)
COST = {
    **OBJECT,
    "required": [
        *("currency", "region", "pricesCollected", "before", "after", "delta", "complete", "budget", "settings"),
        *("resources", "assumptions"),
    ],
    "properties": {
        "currency": {"const": "USD"},
        "region": TEXT,
        "pricesCollected": TEXT,
        "before": AMOUNT,
        "after": AMOUNT,
        "delta": USD,
        "complete": {"type": "boolean"},
        "budget": {"anyOf": [{"type": "null"}, items(limit=TEXT, problem=OPTIONAL)["items"]]},
        "settings": items(setting=TEXT, before={}, after={}, delta={"anyOf": [USD, {"type": "null"}]}),
        "resources": items(
            urn=TEXT,
            type=TEXT,
            name=TEXT,
            before={"anyOf": [AMOUNT, {"type": "null"}]},
            after={"anyOf": [AMOUNT, {"type": "null"}]},
            delta=USD,
            lines=LINES,
            linesBefore={"anyOf": [LINES, {"type": "null"}]},
            changes=items(properties=items(path=TEXT, before={}, after={}), delta=USD),
        ),
        "assumptions": items(key=TEXT, value=TEXT, resource=OPTIONAL, meaning=TEXT, default={"type": "boolean"}),
    },
}
FINDING = {
    **dict.fromkeys(("rule", "urn", "name", "property", "message", "reason", "fix"), TEXT),
    "severity": {"enum": ["low", "medium", "high", "critical"]},
    "setting": OPTIONAL,
    "file": OPTIONAL,
    "line": {"type": ["integer", "null"]},
    "waiver": OPTIONAL,
}
POLICY = {
    **OBJECT,
    "required": ["new", "fixed", "unchanged", "waived", "problems"],
    "properties": {
        **dict.fromkeys(("new", "fixed", "unchanged"), items(**FINDING)),
        "waived": items(**FINDING, isNew={"type": "boolean"}),
        "problems": {"type": "array", "items": TEXT},
    },
}
# Version 1: a change that this schema rejects needs another version, and a sentence in docs/review.md.
SCHEMA = {
    **OBJECT,
    "required": [
        *(
            "version",
            "stack",
            "base",
            "provider",
            "verdict",
            "accepted",
            "counts",
            "changes",
            "losses",
            "cost",
            "policy",
        ),
        "notes",
    ],
    "properties": {
        "version": {"const": 1},
        "stack": TEXT,
        "base": TEXT,
        "provider": TEXT,
        "verdict": TEXT,
        "accepted": {"type": "boolean"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}, "required": ["unchanged"]},
        "changes": items(
            urn=TEXT,
            type=TEXT,
            name=TEXT,
            previousName={"type": ["string", "null"]},
            operation={"enum": ["create", "update", "replace", "delete"]},
            effect=EFFECT,
            properties=items(path=TEXT, before={}, after={}, secret={"type": "boolean"}, effect=EFFECT),
            losses=LOSS,
            notices={"type": "array", "items": TEXT},
        ),
        "losses": LOSS,
        "cost": {"anyOf": [{"type": "null"}, COST]},
        "policy": POLICY,
        "notes": {"type": "array", "items": TEXT},
    },
}


def change(name="db", operation=Operation.UPDATE, effect=Effect.IN_PLACE, *properties, **fields):
    return Change(f"urn::{name}", "aws:rds/instance:Instance", name, operation, effect, properties, **fields)


def report(*changes, **fields):
    return Report(**{"stack": "prod", "base": "main (1a2b3c4)", "changes": changes, "unchanged": 41, **fields})


LOST = Loss("db", "engine", "'postgres' → 'mysql' replaces the database db.", Consent.MISSING)
EVERYTHING = report(
    change(
        "db",
        Operation.REPLACE,
        Effect.LOSES_DATA,
        PropertyChange("engine", "postgres", "mysql", Effect.REPLACED),
        losses=[LOST],
    ),
    change("lb", Operation.REPLACE, Effect.REPLACED, notices=["The host name changes."]),
    change("table", Operation.UPDATE, Effect.UNKNOWN),
    change("cache", Operation.UPDATE, Effect.BRIEF_DOWNTIME),
    change("standby", Operation.UPDATE, Effect.WAITS_FOR_WINDOW),
    change(
        "web",
        Operation.REPLACE,
        Effect.RESTARTS_TASKS,
        PropertyChange("c.web.environment.KEY", None, "(secret)", Effect.RESTARTS_TASKS, True),
    ),
    change("role", Operation.UPDATE, Effect.IN_PLACE, PropertyChange("policy", {"a": [1]}, None, Effect.IN_PLACE)),
    change("old", Operation.DELETE, Effect.IN_PLACE),
    change("new", Operation.CREATE, Effect.IN_PLACE),
    change("moved", Operation.UPDATE, Effect.NONE, previous_name="before"),
    notes=["Secrets are not compared."],
)


def test_the_verdict_names_each_class_and_the_data_that_is_lost():
    assert verdict(EVERYTHING) == (
        "prod: 2 replaced (loses data: db), 1 deleted, 1 unknown, 1 with brief downtime, 1 in the maintenance window, "
        "1 restart tasks, 1 in place, 1 renamed, 1 created, 41 unchanged; policy: 0 new"
    )
    assert verdict(report()) == "prod: 41 unchanged; policy: 0 new"
    assert verdict(report(losses=[LOST])) == "prod: 41 unchanged (loses data: db); policy: 0 new"
    impossible = Loss("app", "vpcCidr", "It cannot work.", Consent.IMPOSSIBLE)
    assert verdict(report(losses=[impossible])) == "prod: 41 unchanged (cannot work: app); policy: 0 new"


def test_every_change_is_in_every_format():
    for name in FORMATS.keys() - {"mermaid", "svg"}:  # which have the stack and not the changes
        text = FORMATS[name](EVERYTHING)
        assert not [each.name for each in EVERYTHING.changes if each.name not in text], name
        assert "(secret)" not in text or name == "json"


@pytest.mark.parametrize("each", [EVERYTHING, report(), report(losses=[LOST], provider="hashicorp/aws 5.100.0")])
def test_json_follows_its_schema(each):
    document = json.loads(as_json(each))
    jsonschema.validate(document, SCHEMA)
    assert document["accepted"] == (not each.rejected)


def test_the_text_explains_how_to_accept_a_loss():
    text = as_text(EVERYTHING)
    assert "    engine: postgres → mysql\n" in text
    assert "    c.web.environment.KEY: secret, added\n" in text
    assert "Not accepted: change it back, or add db to acceptDataLoss.\n" in text


def test_a_comment_has_the_mark_by_which_it_is_found():
    assert as_markdown(EVERYTHING).startswith("<!-- flask-on-aws review: prod -->\n### prod: 2 replaced")
    assert marker("a --> b") == "<!-- flask-on-aws review: a--b -->"


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_a_comment_is_within_github_s_limit(size):
    long = PropertyChange("containerDefinitions." + "x" * 100, "é" * 1000, "b" * 1000, Effect.IN_PLACE)
    text = as_markdown(
        report(*[change(f"resource-{n}" * 10, Operation.UPDATE, Effect.IN_PLACE, *[long] * 20) for n in range(size)])
    )
    assert len(text) <= LIMIT < 65_536
    assert text.count("<details>") == text.count("</details>")
    if size == 5000:
        assert re.search(r"\d+ more sections do not fit into a comment", text)


@pytest.mark.parametrize(
    "value", ["</details><img src=x>", "`````\n# Title", "@everyone", "[a](https://example.com)", "a | b", "<!-- x -->"]
)
def test_values_of_the_program_have_no_meaning_in_a_comment(value):
    """They are those of a pull request that nobody has reviewed."""
    loss = Loss(value, value, value, Consent.MISSING)
    hostile = change(
        value,
        Operation.UPDATE,
        Effect.LOSES_DATA,
        PropertyChange(value, value, value, Effect.IN_PLACE),
        losses=[loss],
        notices=[value],
    )
    text = as_markdown(report(hostile, base=value, notes=[value]))
    outside = re.sub(r"(`{3,})diff\n.*?\n\1\n", "", text, flags=re.DOTALL)
    assert "<img" not in outside
    assert outside.count("</details>") == 1
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "@everyone" not in outside
    assert outside.count("<!--") == 1
    for line in outside.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


def test_a_comment_has_the_picture_unless_it_is_too_large():
    buckets = [Resource(f"urn::{number}", "aws:s3/bucket:Bucket", f"`<b>{number}", {}) for number in range(500)]
    text = as_markdown(report(diagram=diagram("prod", buckets[:2])))
    assert "<details><summary>Picture of the stack</summary>\n\n```mermaid\nflowchart LR\n" in text
    assert (text.count("`"), "<b>" in text) == (6, False)
    assert "mermaid" not in as_markdown(report(diagram=diagram("prod", buckets)))


def test_escaped_text_reads_the_same():
    assert escaped("a_b [c] *d*") == r"a\_b \[c\] \*d\*"


def test_reports_are_the_same_each_time():
    for render in FORMATS.values():
        assert render(EVERYTHING) == render(EVERYTHING)
