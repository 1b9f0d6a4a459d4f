"""Ends a command with sentences for the person at the command line."""

from typing import NoReturn

import click


def fail(*sentences: str, code: int = 1) -> NoReturn:
    """Print sentences on standard error and end the command."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    raise SystemExit(code)
