"""What the text of a setting says, before its type is known: whether it is set at all.

Pulumi hands every setting over as text, lists and objects as JSON. Whoever reads settings asks here, so that the
program and the command `flask-on-aws` read a stack's file alike.
"""

AUTO = "auto"
"""As a whole text: as if the setting were left out, so that its default applies."""
EMPTY = ("", "[]", "{}")
"""The empty text, list and object."""
EMPTY_IS_A_VALUE = frozenset(
    {"allowedCidrs", "databaseUrlQuery", "listenerPaths", "outboundPorts", "workers", "writablePaths"}
)
"""Settings whose default is not empty, and which can be empty: there an empty value is set like any other."""


def is_set(key: str, text: str | None) -> bool:
    """Whether a setting has a value of its own; otherwise its default applies.

    Args:
        key: the setting's name, like `minTasks`.
        text: its text in the configuration; None if it is not there.
    """
    if text is None or text.strip() == AUTO:
        return False
    return text.strip() not in EMPTY or key in EMPTY_IS_A_VALUE


def plain(value: str | float | bool) -> str:
    """A value of a variable as text: true and false as YAML writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
