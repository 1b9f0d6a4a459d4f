"""Every command, loaded when it is used: the local AWS alone takes longer to import than all else."""

import importlib

import click

# Command → the module that holds it under the same name, and what it needs besides the tool itself.
_COMMANDS = {
    "plan": ("plan.command", ""),
    "build": ("build.command", ""),
    "preflight": ("preflight.command", "preflight"),
    "local": ("local_aws.commands.command", "local"),
    "dev": ("local_aws.commands.command", "local"),
    "status": ("operations.status", "operations"),
    "logs": ("operations.logs", "operations"),
    "run": ("operations.run", "operations"),
    "releases": ("operations.releases", "operations"),
    "rollback": ("operations.rollback", "operations"),
}


class MissingPackagesError(click.ClickException):
    """A command whose packages are not installed; it cannot be run, as with wrong options."""

    exit_code = click.UsageError.exit_code


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, extra = _COMMANDS[cmd_name]
        try:
            loaded = importlib.import_module(f".{module}", __package__)
        except ModuleNotFoundError as error:
            if not extra:
                raise
            raise MissingPackagesError(
                f"{cmd_name} needs more packages ({error.name} is missing); install them with: "
                f"pip install 'flask-on-aws-cli[{extra}]'"
            ) from error
        return getattr(loaded, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="flask-on-aws-cli", message="%(version)s")
def main() -> None:
    """Build and run a Flask app as flask-on-aws does, see why, and look after it."""
