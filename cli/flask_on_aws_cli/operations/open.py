"""`flask-on-aws open`."""

import webbrowser

import click

from .app import App
from .errors import OperationError
from .target import app_options


@click.command()
@app_options
def open_(app: App) -> None:
    """Open the app in a browser, and print its URL."""
    if not app.url:
        raise OperationError("The URL is an output of the stack, which is not known with --cluster; use --stack.")
    click.echo(app.url)
    webbrowser.open(app.url)
