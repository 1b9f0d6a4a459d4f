"""The command group; a command is imported when it is used: the local AWS takes longer than all the rest together."""

import importlib
import keyword

import click

# Command → the module that defines it under the same name, with `_` if it is a keyword, and the package extra that it
# needs.
_COMMANDS = {
    "import": ("importers.command", ""),
    "plan": ("plan.command", ""),
    "build": ("build.command", ""),
    "preflight": ("preflight.command", "preflight"),
    "review": ("review.command", ""),
    "local": ("local_aws.commands.command", "local"),
    "dev": ("local_aws.commands.command", "local"),
    "status": ("operations.status", "operations"),
    "logs": ("operations.logs", "operations"),
    "run": ("operations.run", "operations"),
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
            raise MissingPackagesError(
                f"{cmd_name} needs additional packages ({error.name} is missing); install them with: "
                f"pip install 'flask-on-aws-cli[{extra}]'"
            ) from error
        return getattr(command_module, f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flask-on-aws-cli", message="%(version)s")
def main() -> None:
    """Import, plan, build, check, review, run and operate a Flask app with flask-on-aws."""
