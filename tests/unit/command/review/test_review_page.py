"""The page: complete, self-contained, and safe with any text of the program."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from flask_on_aws_cli.picture import EMPTY, as_svg
from flask_on_aws_cli.review.page import render
from flask_on_aws_cli.review.reports.json_report import as_document

from tests.unit.command.review.test_review_reports import EVERYTHING, report

VOID = ("meta",)
HOSTILE = (
    "<script>alert(1)</script>",
    "</details></main><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "</style><style>*{display:none}",
    "<!--",
    "&lt;b&gt;",
)
COST = {
    "currency": "USD",
    "before": {"fixed": "70.00", "usage": "9.17", "total": "79.17"},
    "after": {"fixed": "106.50", "usage": "9.17", "total": "115.67"},
    "delta": "36.50",
    "complete": True,
    "budget": {"limit": "100", "problem": "115.67 USD is above the budget of 100 USD."},
    "settings": [{"setting": "databaseMultiAz", "before": None, "after": True, "delta": "36.50"}],
    "resources": [
        {
            "type": "aws:rds/instance:Instance",
            "name": "app-db",
            "before": None,
            "after": {"fixed": "36.50", "usage": "0.00", "total": "36.50"},
            "delta": "36.50",
        }
    ],
    "assumptions": [{"key": "hours", "value": "730", "resource": None, "meaning": "Hours of a month."}],
}
FINDING = {
    "rule": "db-not-public",
    "severity": "critical",
    "name": "app-db",
    "message": "The database is public.",
    "reason": "Anybody can try passwords.",
    "fix": "Set publiclyAccessible to false.",
    "file": "Pulumi.prod.yaml",
    "line": 7,
    "waiver": "",
}
POLICY = {"new": [FINDING], "unchanged": [], "waived": [{**FINDING, "waiver": "Needed."}], "fixed": [], "problems": []}


class Reader(HTMLParser):
    """Reads a page: its elements, ids and links, and whether each element is closed."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def page(document=None, picture="", **keys):
    return render({**json.loads(json.dumps(document or as_document(EVERYTHING))), **keys}, picture)


def replaced(value, text):
    """The JSON with another text in place of every free text."""
    if isinstance(value, dict):
        fixed = ("operation", "effect", "consent", "severity")
        return {key: item if key in fixed else replaced(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, text) for item in value]
    return text if isinstance(value, str) else value


def test_the_page_has_everything_of_the_report():
    reader = Reader(page())
    text = "".join(reader.text)
    assert reader.open == []
    for change in EVERYTHING.changes:
        assert change.name in text
    assert as_document(EVERYTHING)["verdict"] in text
    assert "secret, added" in text
    assert "(secret)" not in text
    assert "Needs a decision" in text
    assert "Nothing is lost without consent" in "".join(Reader(page(as_document(report()))).text)


def test_links_and_labels_point_to_elements():
    reader = Reader(page(cost=COST, policy=POLICY, picture=as_svg(EMPTY)))
    ids = reader.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in reader.attributes("href")} <= set(ids)
    assert set(reader.attributes("aria-labelledby")) <= set(ids)
    headings = [tag for tag, _ in reader.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1


@pytest.mark.parametrize("key", ["cost", "policy"])
def test_a_section_appears_with_its_key(key):
    assert f'id="{key}"' not in page(**{key: None})
    assert f'id="{key}"' in page(**{key: {"cost": COST, "policy": POLICY}[key]})


def test_costs_and_findings_are_in_words():
    text = " ".join(Reader(page(cost=COST, policy=POLICY)).text)
    for part in ("+36.50", "115.67", "above the budget", "databaseMultiAz", "app-db", "Hours of a month."):
        assert part in text
    for part in ("db-not-public", "critical", "Pulumi.prod.yaml:7", "Anybody can try passwords.", "Needed."):
        assert part in text
    assert "No findings." in page(policy={"new": [], "unchanged": [], "waived": [], "fixed": []})


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_the_program_have_no_meaning_in_the_page(text):
    """They are those of a pull request that nobody has reviewed."""
    plain, hostile = (
        Reader(
            page(replaced(as_document(EVERYTHING), value), cost=replaced(COST, value), policy=replaced(POLICY, value))
        )
        for value in ("plain", text)
    )
    assert [tag for tag, _ in plain.elements] == [tag for tag, _ in hostile.elements]
    assert [set(attributes) for _, attributes in plain.elements] == [set(names) for _, names in hostile.elements]
    assert not [name for name in hostile.attributes("href") if not name.startswith("#")]


def test_the_page_loads_nothing_and_allows_only_its_own_styles_and_script():
    styles = '<svg class="picture"><style>.picture{fill:red}</style></svg>'
    text = page(picture=styles)
    reader = Reader(text)
    assert not reader.attributes("src")
    assert not reader.attributes("style")
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    policy = next(value["content"] for tag, value in reader.elements if value.get("http-equiv"))
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        contents = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'" for each in contents]
        assert re.search(f"{directive} ([^;]*);", policy)[1].split() == hashes
    assert policy.startswith("default-src 'none';")


def test_long_values_are_compared_line_by_line():
    document = as_document(EVERYTHING)
    document["changes"] = document["changes"][:1]
    before = {"Statement": [{"Sid": f"S{number}", "Action": "s3:GetObject"} for number in range(9)]}
    after = json.loads(json.dumps(before).replace('"S5", "Action": "s3:GetObject"', '"S5", "Action": "s3:*"'))
    document["changes"][0]["properties"][0] |= {"before": before, "after": after}
    text = page(document)
    assert re.findall(r"<(del|ins)>[+-]\s*(.*?)</", text) == [
        ("del", "&quot;Action&quot;: &quot;s3:GetObject&quot;"),
        ("ins", "&quot;Action&quot;: &quot;s3:*&quot;"),
    ]
    assert "S1" not in text
