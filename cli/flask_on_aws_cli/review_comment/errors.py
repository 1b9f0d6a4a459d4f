"""The error of a comment that cannot be posted."""


class CommentError(Exception):
    """A complete sentence: what failed, and the fix."""
