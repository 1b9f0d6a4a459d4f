"""The documentation by section: a search without an index, and the text of a page."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("docs")
RESULTS = 8
_EXCERPT = 400  # characters
# A word in a heading counts as often as this in the text, and a word that a text repeats counts less each time (BM25).
_HEADING_WEIGHT = 5
_SATURATION = 1.5


@dataclass(frozen=True)
class Section:
    """A heading with the text up to the next one."""

    page: str
    """Name of the file without its ending, such as `databases`."""
    heading: str
    text: str


def search(query: str) -> list[Section]:
    """The sections that have the words of the query, the best first."""
    words = set(_words(query))
    counts = _counts()
    scores = [(_score(words, each), section) for section, each in counts.items()]
    found = sorted((pair for pair in scores if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].page, pair[1].heading))
    return [section for _, section in found[:RESULTS]]


def excerpt(section: Section, query: str) -> str:
    """The part of a section around the first word of the query."""
    text = " ".join(section.text.split())
    positions = [match.start() for word in set(_words(query)) if (match := re.search(re.escape(word), text.lower()))]
    start = max(0, min(positions, default=0) - _EXCERPT // 4)
    end = start + _EXCERPT
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


@cache
def pages() -> Mapping[str, str]:
    """The text of each page, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}


@cache
def sections() -> Sequence[Section]:
    """The sections of all pages."""
    return [section for page, text in pages().items() for section in _split(page, text)]


def _split(page: str, text: str) -> Iterator[Section]:
    heading, lines, in_code = page, list[str](), False
    for line in text.splitlines():
        in_code ^= line.lstrip().startswith("```")
        if not in_code and (match := re.fullmatch(r"#{1,4} (.+)", line)):
            if lines:
                yield Section(page, heading, "\n".join(lines).strip())
            heading, lines = match[1], []
        else:
            lines.append(line)
    yield Section(page, heading, "\n".join(lines).strip())


@cache
def _counts() -> Mapping[Section, Counter[str]]:
    return {
        section: Counter(_words(section.text)) + Counter(_words(f"{section.page} {section.heading}") * _HEADING_WEIGHT)
        for section in sections()
    }


@cache
def _rarity(word: str) -> float:
    having = sum(word in counts for counts in _counts().values())
    return math.log((len(_counts()) + 1) / (having + 0.5))


def _score(words: set[str], counts: Counter[str]) -> float:
    return sum(_rarity(word) * counts[word] / (counts[word] + _SATURATION) for word in words if counts[word])


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9_]+", text.lower())
