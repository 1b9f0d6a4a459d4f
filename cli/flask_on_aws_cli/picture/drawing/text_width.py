"""The width of texts, which an SVG cannot ask for: those of DejaVu Sans, which is wider than other sans serif fonts."""

from functools import cache

_CHARACTERS = "".join(map(chr, range(32, 127))) + "…\u2013—·\u00d7→"
_UNITS = 2048  # of one em
# Advance widths of these characters in DejaVuSans.ttf and DejaVuSans-Bold.ttf; a test compares them with the fonts.
_REGULAR = """
651 821 942 1716 1303 1946 1597 563 799 799 1024 1716 651 739 651 690 1303 1303 1303 1303 1303 1303 1303 1303
1303 1303 690 690 1716 1716 1716 1087 2048 1401 1405 1430 1577 1294 1178 1587 1540 604 604 1343 1141 1767 1532
1612 1235 1612 1423 1300 1251 1499 1401 2025 1403 1251 1403 799 690 799 1716 1024 1024 1255 1300 1126 1300
1260 721 1300 1298 569 569 1186 569 1995 1298 1253 1300 1300 842 1067 803 1298 1212 1675 1212 1212 1075 1303
690 1303 1716 2048 1024 2048 651 1716 1716
"""
_BOLD = """
713 934 1067 1716 1425 2052 1786 627 936 936 1071 1716 778 850 778 748 1425 1425 1425 1425 1425 1425 1425 1425
1425 1425 819 819 1716 1716 1716 1188 2048 1585 1561 1503 1700 1399 1399 1681 1714 762 762 1587 1305 2038 1714
1741 1501 1741 1577 1475 1397 1663 1585 2259 1579 1483 1485 936 748 936 1716 1024 1024 1382 1466 1214 1466
1389 891 1466 1458 702 702 1362 702 2134 1458 1407 1466 1466 1010 1219 979 1458 1335 1892 1321 1335 1192 1458
748 1458 1716 2048 1024 2048 778 1716 1716
"""
_WIDEST = 4129  # the widest character of both fonts, for all others
_ELLIPSIS = "…"


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in the unit of its font size: no font that the picture asks for is wider."""
    widths = _widths(bold)
    return sum(widths.get(character, _WIDEST) for character in text) * size / _UNITS


def fitted(text: str, width: float, size: float, bold: bool = False) -> str:
    """The text on one line, cut with an ellipsis if it is wider."""
    text = " ".join(text.split())
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(text + _ELLIPSIS, size, bold) > width:
        text = text[:-1].rstrip()
    return text + _ELLIPSIS if text_width(text + _ELLIPSIS, size, bold) <= width else ""


@cache
def _widths(bold: bool) -> dict[str, int]:
    return dict(zip(_CHARACTERS, map(int, (_BOLD if bold else _REGULAR).split()), strict=True))
