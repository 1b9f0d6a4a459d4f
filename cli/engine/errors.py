"""What goes wrong, as sentences for the person at the command line."""


class EngineError(Exception):
    """One or more whole sentences: what failed, for which resource, and the way out where there is one."""
