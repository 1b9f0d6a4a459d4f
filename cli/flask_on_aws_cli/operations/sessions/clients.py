"""`flask-on-aws psql`, `mysql`, `mongosh` and `redis-cli`."""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import click

from ..app import App
from ..target import app_options
from ..task_environment import app_variables, plain_variables
from .client_programs import MONGOSH, MYSQL, PSQL, REDIS_CLI, check_client, client_program
from .destination import CACHE, DATABASE, find_destination
from .tunnel import run_through_tunnel

_CONTEXT = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command(context_settings=_CONTEXT)
@app_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(app: App, arguments: Sequence[str]) -> NoReturn:
    """Open the app's PostgreSQL database with psql, through a tunnel.

    If psql is not installed, pgcli is downloaded and opened instead. ARGUMENTS are those of the program, such as
    -c 'SELECT 1'.
    """
    _open(app, PSQL, arguments)


@click.command(context_settings=_CONTEXT)
@app_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mysql(app: App, arguments: Sequence[str]) -> NoReturn:
    """Open the app's MySQL or MariaDB database with mariadb or mysql, through a tunnel.

    If neither is installed, mycli is downloaded and opened instead. ARGUMENTS are those of the program, such as
    -e 'SELECT 1'.
    """
    _open(app, MYSQL, arguments)


@click.command(context_settings=_CONTEXT)
@app_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mongosh(app: App, arguments: Sequence[str]) -> NoReturn:
    """Open the app's DocumentDB database with mongosh, through a tunnel.

    ARGUMENTS are those of the program, such as --eval 'db.posts.countDocuments()'.
    """
    _open(app, MONGOSH, arguments)


@click.command(context_settings=_CONTEXT)
@app_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def redis_cli(app: App, arguments: Sequence[str]) -> NoReturn:
    """Open the app's cache with valkey-cli or redis-cli, through a tunnel.

    ARGUMENTS are those of the program, such as INFO memory.
    """
    _open(app, REDIS_CLI, arguments)


def _open(app: App, client: str, arguments: Sequence[str]) -> NoReturn:
    container = app.running_container(app.selected_service)
    variables = plain_variables(container)
    check_client(client, variables, lambda command: f"flask-on-aws {command}")
    if app.local_aws:  # its databases and caches listen on this machine
        with client_program(client, app_variables(app, container), arguments) as program:
            sys.exit(subprocess.call(program.command, env=program.environment))  # noqa: S603 the user's command
    destination = find_destination(CACHE if client == REDIS_CLI else DATABASE, variables)
    program = partial(client_program, client, arguments=arguments)
    sys.exit(run_through_tunnel(app, destination, 0, app_variables(app, container), program))
