"""Every command."""

import click

from .build.command import build
from .plan.command import plan


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flask-on-aws-cli", message="%(version)s")
def main() -> None:
    """Build a Flask app as flask-on-aws does, and see why."""


for command in (plan, build):
    main.add_command(command)
