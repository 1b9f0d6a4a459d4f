"""The error of a review that cannot be made."""


class ReviewError(Exception):
    """A complete sentence: what is missing, and the fix."""
