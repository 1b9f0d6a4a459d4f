"""A small message board: text and pictures, in PostgreSQL and S3."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """The app with these settings, by default those in the environment. Opens no connections."""
    # Imported here, because the parent process of serve.py needs only the settings and saves 60 MB of memory.
    from .app import build
    from .settings import Settings

    return build(settings or Settings.from_environment())
