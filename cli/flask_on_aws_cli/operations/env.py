"""`flask-on-aws env`."""

from collections.abc import Callable, Mapping

import click

from ..shared.environment_formats import DotenvError, dotenv_lines, export_commands
from ..shared.output_format import as_json
from .app import App
from .errors import OperationError
from .target import app_options
from .task_environment import app_variables, references

_FORMATS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "shell": export_commands,
    "dotenv": dotenv_lines,
    "json": as_json,
}


@click.command()
@app_options
@click.option(
    "--format", "output_format", type=click.Choice(list(_FORMATS)), default="shell", show_default=True, help="Format."
)
@click.option("--json", "in_json", is_flag=True, help="Print JSON, as --format json does.")
@click.option("--secrets", "with_secrets", is_flag=True, help="Include the secrets.")
def env(app: App, output_format: str, in_json: bool, with_secrets: bool) -> None:
    """Print the environment of the running tasks.

    In a shell with these variables, the app's own commands run as in a task: eval "$(flask-on-aws env --secrets)".
    Without --secrets, nothing secret is read or printed, and the names that are left out are on standard error.
    """
    container = app.running_container(app.selected_service)
    variables, secrets = app_variables(app, container, with_secrets=with_secrets), references(container)
    if secrets and not with_secrets:
        click.echo(f"Secrets are left out; --secrets includes them: {', '.join(sorted(secrets))}", err=True)
    try:
        click.echo(_FORMATS["json" if in_json else output_format](dict(sorted(variables.items()))))
    except DotenvError as error:
        raise OperationError(str(error)) from error
