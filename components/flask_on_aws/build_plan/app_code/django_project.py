"""A Django project, read from its code: manage.py, the settings modules, and how its static files are collected."""

import ast
import posixpath
import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ...runtime_contract.contract import VARIABLES
from .python_code import Code, Module

_SETTINGS = "DJANGO_SETTINGS_MODULE"
_IS_SETTINGS = re.compile(r"(?:^|[/_])settings(?:[/_.]|$)")
_PRODUCTION = re.compile(r"(?:^|[._])(?:production|prod|live)$")
# A storage of static files that needs credentials to collect them.
_REMOTE_STORAGE = re.compile(
    r"STATICFILES_STORAGE\s*=\s*['\"](?!whitenoise|django\.)|staticfiles['\"]\s*:\s*\{[^}]*BACKEND['\"]\s*:\s*['\"](?!whitenoise|django\.)"
)
# Values that the settings can read while static files are collected: nothing connects to them. SQLite needs no driver.
_PLACEHOLDERS = {
    "DATABASE_URL": "sqlite://:memory:",
    "REDIS_URL": "redis://localhost",
    "CELERY_BROKER_URL": "redis://localhost",
}
_OWN_SECRET = re.compile(r"['\"]((?:[A-Z0-9]+_)+SECRET_KEY)['\"]")


class StaticFiles(NamedTuple):
    """How static files get into the image."""

    command: str
    """The command of the build that collects them; empty if none does."""
    reason: str


class DjangoProject(NamedTuple):
    """A Django project."""

    manage: str
    """The path of manage.py."""
    settings: str
    """The settings module that the server uses by default; empty if the code does not show it."""
    named_in: str
    """The file that names it."""
    manage_settings: str
    """The settings module that manage.py uses by default."""
    modules: tuple[Module, ...]
    """The settings modules."""

    def command(self, arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """A command of manage.py, with the server's settings where manage.py has others.

        Args:
            arguments: the subcommand and its options.
            variables: variables that it needs. Default: none.
        """
        assigned = [f"{name}={shlex.quote(value)}" for name, value in (variables or {}).items()]
        if self.settings and self.settings != self.manage_settings:
            assigned.append(f"{_SETTINGS}=${{{_SETTINGS}:-{self.settings}}}")
        return " ".join([*assigned, "python", shlex.quote(self.manage), arguments])

    def settings_reason(self) -> str:
        """Why the server uses its settings module, and what else there is."""
        reason = f"{self.named_in} names it"
        choose = f"to use other settings, set env.{_SETTINGS}"
        if self.manage_settings != self.settings:
            reason += f"; {self.manage} uses {self.manage_settings or 'none'} by default, so commands set {_SETTINGS}"
        others = [module.name for module in self.modules if _PRODUCTION.search(module.name)]
        if others and not _PRODUCTION.search(self.settings):
            return f"{reason}; set env.{_SETTINGS} to {others[0]} if that is for deployments"
        return f"{reason}; {choose}"

    def text(self) -> str:
        """The code of the settings, with single quotes."""
        return "\n".join(ast.unparse(module.tree) for module in self.modules)

    def reads(self, variable: str) -> bool:
        """Whether the settings name an environment variable."""
        return f"'{variable}'" in self.text()

    def has_database(self) -> bool:
        """Whether the settings configure a database."""
        return any(_is_filled(module.objects.get("DATABASES")) for module in self.modules)


def find_django(code: Code) -> DjangoProject | None:
    """The Django project of an app; None if it has none."""
    for module in code.modules:
        if posixpath.basename(module.file) == "manage.py" and _imports(module, "django.core.management"):
            root = posixpath.dirname(module.file)
            return _project(code, module, f"{root}/" if root else "")
    return None


def static_files(project: DjangoProject, packages: Collection[str]) -> StaticFiles:
    """Whether a build collects the static files, and how.

    Args:
        project: the Django project.
        packages: normalized names of the dependencies.
    """
    roots = [module for module in project.modules if _is_filled(module.objects.get("STATIC_ROOT"))]
    if not roots:
        return StaticFiles("", "the settings have no STATIC_ROOT: with DEBUG off, Django serves no static files")
    if "whitenoise" not in packages:
        return StaticFiles(
            "", "nothing serves them with DEBUG off: add whitenoise to the dependencies and to MIDDLEWARE"
        )
    value = roots[-1].objects["STATIC_ROOT"]
    if isinstance(value, ast.Constant) and str(value.value).startswith("/"):
        return StaticFiles("", f"STATIC_ROOT {value.value} is outside of the app's folder: use a folder below BASE_DIR")
    if _REMOTE_STORAGE.search(project.text()):
        return StaticFiles("", "their storage is not in the image; collect them where its credentials are")
    command = project.command("collectstatic --noinput", dict(_build_variables(project)))
    reason = f"{roots[-1].file} has STATIC_ROOT; the setting build_command replaces this command, and its value none turns it off"
    return StaticFiles(command, reason)


def _project(code: Code, manage: Module, root: str) -> DjangoProject:
    modules = [module for module in code.modules if module.file.startswith(root)]
    servers = [module for module in modules if posixpath.basename(module.file) in ("wsgi.py", "asgi.py")]
    named = [(name, module.file) for module in reversed(servers) if (name := _default_settings(module))]
    manage_settings = _default_settings(manage)
    settings, file = named[0] if named else (manage_settings, manage.file)
    used = _with_star_imports(code, [settings])
    is_settings = [
        module for module in modules if _IS_SETTINGS.search(module.file.removeprefix(root)) or module.name in used
    ]
    return DjangoProject(manage.file, settings, file, manage_settings, tuple(is_settings))


def _with_star_imports(code: Code, names: list[str]) -> list[str]:
    """Modules, and those from which they import everything."""
    for name in names:  # grows meanwhile
        module = code.module(name)
        names += [other for other in (module.star_imports if module else ()) if other not in names]
    return names


def _imports(module: Module, name: str) -> bool:
    return any(value.startswith(name) for value in module.imports.values()) or name in ast.unparse(module.tree)


def _default_settings(module: Module) -> str:
    """The settings module that a file sets, if the environment has none."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="setdefault"),
                args=[ast.Constant(value="DJANGO_SETTINGS_MODULE"), ast.Constant(value=str(value))],
            ):
                return value
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="DJANGO_SETTINGS_MODULE"))],
                value=ast.Constant(value=str(value)),
            ):
                return value
            case _:
                pass
    return ""


def _is_filled(value: ast.expr | None) -> bool:
    """Whether a setting has a value other than None, an empty text and an empty dictionary."""
    match value:
        case None | ast.Constant(value=None | "") | ast.Dict(keys=[]):
            return False
        case _:
            return True


def _build_variables(project: DjangoProject) -> Iterator[tuple[str, str]]:
    """Placeholders for the variables of the running app that the settings read, in place of secrets and addresses."""
    text = project.text()
    for name in dict.fromkeys((*(variable.name for variable in VARIABLES), *_OWN_SECRET.findall(text))):
        if f"'{name}'" in text:
            yield name, _PLACEHOLDERS.get(name) or _placeholder(name)


def _placeholder(name: str) -> str:
    if name.endswith("_URL"):
        return "https://localhost"
    return "1" if re.search(r"PORT$|DEPTH$|CONCURRENCY$", name) else "build"
