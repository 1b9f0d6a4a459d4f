"""The SVG and the mermaid flowchart: well formed, readable for everybody, and safe with any name."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from flask_on_aws_cli.picture import Difference, Mark, as_mermaid, as_svg, diagram
from flask_on_aws_cli.picture.drawing.glyphs import GLYPHS
from flask_on_aws_cli.picture.drawing.style import DARK, LIGHT, MARK_COLORS, style_sheet
from flask_on_aws_cli.picture.drawing.text_width import _CHARACTERS, _WIDEST, fitted, text_width
from flask_on_aws_cli.picture.graph.kinds import KINDS, OTHER
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.command.picture.stacks import group, ingress, network, resource, service

SVG = "{http://www.w3.org/2000/svg}"
FONTS = Path("/usr/share/fonts/truetype/dejavu")
HOSTILE = (
    "<script>alert(1)</script>",
    "</svg><img src=x onerror=alert(1)>",
    '" onload="alert(1)',
    "']]><!--",
    "&lt;b&gt;",
    "a\x00\x08\ud800b",
    "```\n# Title",
    '"]\nend\nclick n0 "javascript:alert(1)"',
    "@everyone [a](https://example.com)",
    "x" * 500,
    "名前" * 50,
)


def stack(name="db"):
    database = resource("rds/instance:Instance", name, engine=name, vpcSecurityGroupIds=["${SecurityGroup group.id}"])
    return [
        *network(),
        group("tasks"),
        group("group"),
        service("web"),
        resource("ecs/taskDefinition:TaskDefinition", "web"),
        database,
        ingress("in", "group", "tasks", 5432),
        resource("s3/bucket:Bucket", name),
    ]


def test_the_picture_is_in_words_too():
    root = ET.fromstring(as_svg(diagram("shop prod", stack())))
    assert root.get("role") == "img"
    names = {element.get("id"): element.text for element in root}
    assert names[root.get("aria-labelledby")] == "shop prod"
    assert "web connects to db (5432)." in names[root.get("aria-describedby")]


def test_a_node_links_to_its_change():
    resources = stack()
    urn = resources[-1].urn
    picture = diagram("prod", resources, Difference(resources, {urn: Mark.REPLACED}))
    root = ET.fromstring(as_svg(picture, links={urn: "#change-1"}))
    (link,) = root.iter(f"{SVG}a")
    assert (link.get("href"), link.get("aria-label")) == ("#change-1", "db, replaced")
    assert root.get("role") == "group"  # an image has no links


@pytest.mark.parametrize("name", HOSTILE)
def test_names_have_no_meaning_in_the_picture(name):
    resources = stack(name)
    expected = as_svg(diagram("x", stack("plain")))
    text = as_svg(diagram(name, resources), links={resources[-1].urn: "#a"})
    root = ET.fromstring(text)
    assert {element.tag for element in root.iter()} <= {element.tag for element in ET.fromstring(expected).iter()} | {
        f"{SVG}a"
    }
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    assert not [attribute for attribute in attributes if attribute.startswith("on")]
    assert len(root.findall(f"{SVG}style")) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_names_have_no_meaning_in_the_flowchart(name):
    plain, hostile = as_mermaid(diagram("x", stack("plain"))), as_mermaid(diagram(name, stack(name)))
    without_texts = [re.sub(r'"[^"\n]*"', '""', text) for text in (plain, hostile)]
    assert without_texts[0] == without_texts[1]
    for text in re.findall(r'"([^"\n]*)"', hostile):
        assert re.fullmatch(r"([A-Za-z0-9 .,:()/_-]|#\d+;|<br>)*", text)
    assert "`" not in hostile
    assert "@" not in hostile


def test_the_flowchart_has_each_node_and_edge():
    picture = diagram("prod", stack(), Difference(stack()[:-1], {stack()[-1].urn: Mark.CREATED}))
    text = as_mermaid(picture)
    assert text.startswith("flowchart LR\n")
    assert len(re.findall(r"^ +n\d+\[", text, re.MULTILINE)) == len(picture.nodes) == 3
    assert 'n0 -->|"5432"| n1' in text
    assert "NEW" in text
    assert re.search(r"class n\d created", text)
    assert text.count("subgraph") == text.count("\n  end") + text.count("\n    end")


def luminance(color):
    channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrasts_are_those_of_wcag(theme):
    """4.5 for texts, 3 for lines and glyphs: https://www.w3.org/TR/WCAG22/#contrast-minimum"""
    for text in ("ink", "muted"):
        for background in ("paper", "node", "area", "public", "private"):
            assert contrast(theme[text], theme[background]) >= 4.5, (text, background)
    for color in set(MARK_COLORS.values()):
        assert contrast(theme["badge"], theme[color]) >= 4.5, color
        assert contrast(theme[color], theme["paper"]) >= 3, color
    for color in {glyph.color for glyph in GLYPHS.values()}:
        assert contrast(theme[color], theme["node"]) >= 3, color
    assert contrast(theme["line"], theme["paper"]) >= 3


def test_themes():
    assert LIGHT.keys() == DARK.keys()
    assert "prefers-color-scheme" in style_sheet("auto")
    assert "prefers-color-scheme" not in style_sheet("light") + style_sheet("dark")
    used = set(re.findall(r"var\(--(\w+)\)", style_sheet("auto")))
    assert used == LIGHT.keys()
    assert set(MARK_COLORS) == {mark for mark in Mark if mark}


def test_every_kind_has_a_glyph():
    assert {kind.id for kind in KINDS.values()} | {OTHER.id, "internet"} == GLYPHS.keys()


@pytest.mark.parametrize(("file", "bold"), [("DejaVuSans.ttf", False), ("DejaVuSans-Bold.ttf", True)])
def test_widths_are_those_of_the_font(file, bold):
    if not (FONTS / file).exists():
        pytest.skip("the DejaVu fonts are not installed; install them, for example with: apt-get install fonts-dejavu")
    font = TTFont(FONTS / file)
    widths = {chr(code): font["hmtx"][name][0] for code, name in font.getBestCmap().items()}
    assert font["head"].unitsPerEm == 2048
    assert {character: text_width(character, 2048, bold) for character in _CHARACTERS} == {
        character: widths[character] for character in _CHARACTERS
    }
    assert max(widths.values()) <= _WIDEST


@given(st.text(max_size=60), st.floats(1, 300), st.booleans())
def test_fitted_texts_fit(text, width, bold):
    assert text_width(fitted(text, width, 13, bold), 13, bold) <= width


def test_a_text_that_fits_stays_as_it_is():
    assert fitted("app-db", 100, 13) == "app-db"
    assert fitted("a  b\nc", 100, 13) == "a b c"
    assert fitted("app-access-logs", 60, 13) == "app-ac…"
