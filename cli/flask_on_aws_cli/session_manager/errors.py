"""Errors of a session."""


class SessionError(Exception):
    """A session that cannot be started or has ended; the message is a sentence without a final period."""
