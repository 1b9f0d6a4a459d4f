"""`flask-on-aws mcp`."""

from importlib.metadata import version
from pathlib import Path

import click

from .server import create_server


@click.command()
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="Folder of the project, outside of which the tools accept no folder. Default: the current one.",
)
def mcp(project: Path) -> None:
    """Serve tools for a coding agent on standard input and output, by the Model Context Protocol.

    The tools search the documentation, plan an app, review a change and run the preflight. None of them changes the
    project or anything on AWS; the last two run the project's code.
    """
    create_server(project, version("flask-on-aws-cli")).run("stdio")
