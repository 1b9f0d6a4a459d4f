"""The whole page: the verdict, then a section for each part of the report."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from .changes import change_id, changes, losses
from .cost import cost
from .html import Html, element, joined
from .policy import policy

_PACKAGE = __name__.rpartition(".")[0]
_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
_TILES: Mapping[str, str] = {"replaced": "bad", "deleted": "bad", "unknown": "warn", "with brief downtime": "warn"}


class _Section(NamedTuple):
    id: str
    title: str
    content: Any


def render(document: Mapping[str, Any], picture: str = "") -> str:
    """The page.

    Args:
        document: the report in JSON, as `--format json` writes it.
        picture: the stack as an SVG, which is embedded. Default: none.
    """
    stack = str(document["stack"])
    sections = list(_sections(document, picture))
    body = [
        element("a", "Skip to the changes", class_="skip", href="#changes"),
        _header(document, sections),
        element("main", (_section(section) for section in sections)),
        _footer(document),
    ]
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(picture)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", f"Review of {stack}"),
        Html(f"<style>{_file('page.css')}</style>"),
    ]
    script = Html(f"<script>{_file('page.js')}</script>")
    page = element("html", element("head", head), element("body", body, script), lang="en")
    return f"<!doctype html>\n{page}\n"


def _policy(picture: str) -> str:
    """A content security policy that allows the page's own styles and script, and nothing else."""
    styles = [_file("page.css"), *_STYLE.findall(picture)]
    return (
        f"default-src 'none'; style-src {' '.join(map(_hash, styles))}; script-src {_hash(_file('page.js'))}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    return (files(_PACKAGE) / name).read_text("utf-8")


def _sections(document: Mapping[str, Any], picture: str) -> Iterator[_Section]:
    if picture:
        # Scrolls on a narrow screen, so the keyboard must reach it.
        drawing = element("div", Html(picture), class_="scroll", tabindex="0", role="region", aria_label="The stack")
        yield _Section("picture", "Picture", drawing)
    yield _Section("changes", "Changes", changes(document["changes"]))
    if document.get("cost"):
        yield _Section("cost", "Cost", cost(document["cost"]))
    if document.get("policy"):
        yield _Section("policy", "Policy", policy(document["policy"]))
    if document["notes"]:
        yield _Section(
            "notes", "Not in this review", element("ul", (element("li", note) for note in document["notes"]))
        )


def _section(section: _Section) -> Html:
    heading = element("h2", section.title, id=f"{section.id}-heading")
    return element("section", heading, section.content, id=section.id, aria_labelledby=f"{section.id}-heading")


def _header(document: Mapping[str, Any], sections: Sequence[_Section]) -> Html:
    accepted = bool(document["accepted"])
    state = "Nothing is lost without consent" if accepted else "Needs a decision"
    links = (element("a", section.title, href=f"#{section.id}") for section in sections)
    return element(
        "header",
        element(
            "div",
            element("p", "Review of ", element("strong", document["stack"]), class_="eyebrow"),
            element("p", state, class_=f"state {'good' if accepted else 'bad'}"),
            class_="top",
        ),
        element("h1", document["verdict"]),
        element("p", "Compared with ", document["base"], class_="muted"),
        _tiles(document["counts"]),
        losses([*document["losses"], *(loss for change in document["changes"] for loss in change["losses"])]),
        element("nav", links, aria_label="Sections"),
    )


def _tiles(counts: Mapping[str, int]) -> Html:
    tiles = (
        element("li", element("strong", str(count)), " ", element("span", name), class_=_TILES.get(name, "plain"))
        for name, count in counts.items()
    )
    return element("ul", tiles, class_="tiles")


def _footer(document: Mapping[str, Any]) -> Html:
    provider = document.get("provider")
    text = ["Made by ", element("code", "flask-on-aws review"), " without an account, credentials or a plugin."]
    if provider:
        text.append(f" Which properties replace a resource comes from {provider}.")
    return element("footer", element("p", joined(text)))


__all__ = ["change_id", "render"]
