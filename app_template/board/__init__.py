"""A small message board: text and pictures, in PostgreSQL and S3."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The app; without settings, with those of the environment. Connects to nothing yet."""
    # Not at the top: serve.py reads the settings in a process that needs nothing else, and stays 60 MB smaller.
    from .app import build
    from .settings import Settings

    return build(settings or Settings.from_environment())
