"""The release command that an app with migrations needs, from its files and dependencies."""

import posixpath
import re
import shlex
from collections.abc import Collection
from typing import NamedTuple

from ..project_files import ProjectFiles, table
from .app_objects import AppObjects
from .django_project import DjangoProject
from .python_code import Code

# What creates tables in a command that runs at each start.
_MIGRATES = re.compile(r"\bmigrate\b|\b(?:db|database)\s+upgrade\b|\balembic\b.*\bupgrade\b")
# Where `flask` finds an application without being told: https://flask.palletsprojects.com/en/stable/cli/
_FOUND_BY_FLASK = ("app", "wsgi")
_FACTORIES_OF_FLASK = ("create_app", "make_app")
# Packages that bring Alembic, and with Litestar its commands for migrations.
_ADVANCED_ALCHEMY = frozenset({"advanced-alchemy", "litestar-sqlalchemy", "litestar-full"})


class ReleaseProposal(NamedTuple):
    """A release command that runs an app's migrations."""

    command: str
    reason: str
    """What shows that the app has migrations; the part of a sentence."""


def migrates(command: str) -> bool:
    """Whether a command runs migrations."""
    return bool(_MIGRATES.search(command))


def propose_release(
    files: ProjectFiles, code: Code, django: DjangoProject | None, packages: Collection[str]
) -> ReleaseProposal | None:
    """The release command of an app with migrations; None if its files show none.

    Args:
        files: the app's folder.
        code: its modules.
        django: its Django project; None if it has none.
        packages: normalized names of the dependencies.
    """
    if django and "django" in packages:
        if not django.has_database():
            return None
        return ReleaseProposal(django.command("migrate --noinput"), f"{django.manage} runs Django's migrations")
    if "flask-migrate" in packages:
        folder = next((name for name in ("migrations", *_folders(code)) if files.has(f"{name}/env.py")), "")
        return (
            ReleaseProposal(f"{_flask(code)} db upgrade", f"{folder} has Flask-Migrate's migrations")
            if folder
            else None
        )
    has_advanced_alchemy = not _ADVANCED_ALCHEMY.isdisjoint(packages)
    litestar = _litestar(files, code) if has_advanced_alchemy else None
    if litestar:
        return litestar
    return _alembic(files, code) if has_advanced_alchemy or "alembic" in packages else None


def _litestar(files: ProjectFiles, code: Code) -> ReleaseProposal | None:
    """Litestar's command for migrations, whose configuration is in the app: `alembic` alone does not find it."""
    folders = ("migrations", "alembic", *_folders(code))
    folder = next((name for name in folders if "advanced_alchemy" in _text(files, f"{name}/env.py")), "")
    apps = [app for app in AppObjects(code).servable() if app.kind == "asgi"] if folder else []
    if not apps:
        return None
    module, name = apps[0].module, apps[0].name
    command = f"litestar --app {module.name}:{name} database upgrade --no-prompt"
    return ReleaseProposal(module.in_root(command), f"{folder} has Advanced Alchemy's migrations")


def _text(files: ProjectFiles, name: str) -> str:
    return files.text(name) if files.has(name) else ""


def _alembic(files: ProjectFiles, code: Code) -> ReleaseProposal | None:
    if table(files.toml("pyproject.toml"), "tool", "alembic"):
        return ReleaseProposal("alembic upgrade head", "pyproject.toml has [tool.alembic]")
    for root in ("", *dict.fromkeys(posixpath.dirname(module.file) for module in code.modules)):
        name = posixpath.join(root, "alembic.ini")
        if files.has(name):
            enter = f"cd {shlex.quote(root)} && " if root else ""
            return ReleaseProposal(f"{enter}alembic upgrade head", f"{name} configures Alembic")
    return None


def _folders(code: Code) -> list[str]:
    """Folders of migrations next to the app's modules."""
    parents = dict.fromkeys(posixpath.dirname(module.file) for module in code.modules)
    return [f"{parent}/migrations" for parent in parents if parent]


def _flask(code: Code) -> str:
    """The command `flask`, with the application if it does not find that itself."""
    apps = [app for app in AppObjects(code).servable() if app.kind == "wsgi"]
    if not apps:
        return "flask"
    app = apps[0]
    prefix = f"PYTHONPATH={app.module.root} " if app.module.root else ""
    is_found = not app.is_factory or app.name in _FACTORIES_OF_FLASK
    if app.module.name in _FOUND_BY_FLASK and is_found and not prefix:
        return "flask"
    return f"{prefix}flask --app {app.module.name if is_found else f'{app.module.name}:{app.name}'}"
