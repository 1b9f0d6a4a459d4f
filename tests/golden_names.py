"""Resource names in the form of the golden files."""

import re
from collections.abc import Iterable


def golden_names(names: Iterable[str]) -> str:
    """Types and names, one per line, without the digest in an image's name, which changes with the template."""
    lines = "".join(f"{name}\n" for name in sorted(names))
    return re.sub(r"(Image app-image)-[0-9a-f]{8}$", r"\1-CONTENT", lines, flags=re.MULTILINE)
