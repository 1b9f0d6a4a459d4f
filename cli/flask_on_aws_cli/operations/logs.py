"""`flask-on-aws logs`."""

import time
from collections.abc import Iterator

import click

from ..shared.durations import Duration
from .app import App, app_container
from .errors import OperationError
from .log_lines import LogLines, LogSource, show
from .target import app_options


@click.command()
@app_options
@click.option("-f", "--follow", is_flag=True, help="Print new lines until Ctrl-C.")
@click.option(
    "--since", type=Duration(), default="10m", show_default=True, help="Age of the oldest line: 90s, 10m, 2h, 1d."
)
@click.option("--filter", "text", default="", metavar="TEXT", help="Print only lines that contain TEXT.")
def logs(app: App, follow: bool, since: int, text: str) -> None:
    """Print the output of the app's containers.

    Each line shows its time (UTC), container and task.
    """
    sources = sorted(set(_sources(app)))
    if not sources:
        raise OperationError("The app's containers do not log to CloudWatch; set their logDriver to awslogs.")
    show(LogLines(app.client("logs"), sources, time.time() - since, text), follow, click.echo)


def _sources(app: App) -> Iterator[LogSource]:
    """The log groups of all services, or only the streams of the selected one."""
    for service in app.services:
        options = app_container(service.definition).get("logConfiguration", {}).get("options", {})
        if "awslogs-group" in options:
            prefix = f"{options.get('awslogs-stream-prefix', '')}/" if app.has_selection else ""
            yield LogSource(options["awslogs-group"], prefix)
