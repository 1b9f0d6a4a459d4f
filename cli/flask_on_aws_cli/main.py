"""The command group; a command is imported when it is used: the local AWS takes longer than all the rest together."""

import builtins
import importlib
import keyword
from collections.abc import Sequence

import click

# Command → the module that defines it under the same name, with `_` for `-` and after a name of
# Python itself, and the package extra that it needs.
_COMMANDS = {
    "import": ("importers.command", ""),
    "plan": ("plan.command", ""),
    "build": ("build.command", ""),
    "preflight": ("preflight.command", "preflight"),
    "review": ("review.command", ""),
    "review-comment": ("review_comment.command", ""),
    "mcp": ("mcp_server.command", "mcp"),
    "local": ("local_aws.commands.command", "local"),
    "dev": ("local_aws.commands.command", "local"),
    "status": ("operations.status", "operations"),
    "logs": ("operations.logs", "operations"),
    "run": ("operations.run", "operations"),
    "jobs": ("operations.jobs", "operations"),
    "restart": ("operations.restart", "operations"),
    "maintenance": ("operations.maintenance", "operations"),
    "open": ("operations.open", "operations"),
    "exec": ("operations.sessions.exec", "operations"),
    "shell": ("operations.sessions.exec", "operations"),
    "tunnel": ("operations.sessions.tunnel", "operations"),
    "psql": ("operations.sessions.clients", "operations"),
    "mysql": ("operations.sessions.clients", "operations"),
    "mongosh": ("operations.sessions.clients", "operations"),
    "redis-cli": ("operations.sessions.clients", "operations"),
    "env": ("operations.env", "operations"),
    "secrets": ("operations.secrets", "operations"),
    "releases": ("operations.releases", "operations"),
    "rollback": ("operations.rollback", "operations"),
}


class MissingPackagesError(click.ClickException):
    """The packages of a command are not installed; the exit code is that of a usage error."""

    exit_code = click.UsageError.exit_code


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, extra = _COMMANDS[cmd_name]
        try:
            command_module = importlib.import_module(f".{module}", __package__)
        except ModuleNotFoundError as error:
            if not extra:
                raise
            return _missing(cmd_name, error.name or "", extra)
        name = cmd_name.replace("-", "_")
        return getattr(command_module, f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name)


def _missing(name: str, package: str, extra: str) -> click.Command:
    """The command without its packages, so that the help of all commands works without each extra."""
    install = f"pip install 'flask-on-aws-cli[{extra}]'"

    @click.command(
        name,
        help=f"Needs: {install}",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: Sequence[str]) -> None:
        raise MissingPackagesError(
            f"{name} needs additional packages ({package} is missing); install them with: {install}"
        )

    return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flask-on-aws-cli", message="%(version)s")
def main() -> None:
    """Import, plan, build, check, review, run and operate a Flask app with flask-on-aws."""
