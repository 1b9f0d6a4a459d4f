"""Whether the string of a setting, whose type is not known yet, sets it at all.

Pulumi passes every setting as a string, with lists and objects as JSON. All readers of settings use this module, so that
the program and the command `flask-on-aws` read a stack's file alike.
"""

AUTO = "auto"
"""As the whole string: as if the setting were left out, so that its default applies."""
EMPTY = ("", "[]", "{}")
"""The empty text, list and object."""
EMPTY_IS_A_VALUE = frozenset(
    {"allowedCidrs", "databaseUrlQuery", "listenerPaths", "outboundPorts", "workers", "writablePaths"}
)
"""Settings whose default is not empty, and which can be empty: there an empty value counts as set."""


def is_set(key: str, text: str | None) -> bool:
    """Whether a setting is set; otherwise its default applies.

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
