"""The page of a review: one HTML file made from the report in JSON, without a network, fonts or an unsafe policy.

Imports no other module of `review`: a section appears if the JSON has its key.
"""

from .document import change_id, render

__all__ = ["change_id", "render"]
