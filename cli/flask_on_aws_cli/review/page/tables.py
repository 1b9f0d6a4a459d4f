"""Tables that scroll on a narrow screen."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from .html import Html, element


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], caption: str, numbers: Collection[int] = ()) -> Html:
    """A table with a caption.

    Args:
        heads: the titles of the columns.
        rows: the cells; the first of each is the row's title.
        caption: its title.
        numbers: the columns with numbers.
    """

    def row(cells: Sequence[Any]) -> Html:
        first = element("th", cells[0], scope="row")
        others = (
            element("td", cell, class_="number") if index in numbers else element("td", cell)
            for index, cell in enumerate(cells[1:], start=1)
        )
        return element("tr", first, others)

    titles = (
        element("th", head, scope="col", class_="number") if index in numbers else element("th", head, scope="col")
        for index, head in enumerate(heads)
    )
    content = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", titles)),
        element("tbody", map(row, rows)),
    )
    return element("div", content, class_="scroll", tabindex="0", role="region", aria_label=caption)
