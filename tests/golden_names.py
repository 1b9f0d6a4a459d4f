"""Names of resources as the golden files hold them."""

import re
from collections.abc import Iterable


def golden_names(names: Iterable[str]) -> str:
    """Types and names, a line each. An image is named by its content, which every change of the template is."""
    lines = "".join(f"{name}\n" for name in sorted(names))
    return re.sub(r"(Image app-image)-[0-9a-f]{8}$", r"\1-CONTENT", lines, flags=re.MULTILINE)
