"""Rules for the database: its driver, its URL, its tables. Pure functions."""

import re
from collections.abc import Mapping

from flask_on_aws.runtime_contract.contract import URLS

from ..check import Cause, Finding
from ..output import Output, search
from .decisive import is_decisive

# Drivers by their module, in the order of preference: the distributions that have it, and SQLAlchemy's scheme for it.
_DRIVERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "psycopg": (("psycopg",), "postgresql+psycopg"),
    "psycopg2": (("psycopg2-binary", "psycopg2"), "postgresql+psycopg2"),
    "pg8000": (("pg8000",), "postgresql+pg8000"),
    "asyncpg": (("asyncpg",), "postgresql+asyncpg"),
}
_DISTRIBUTIONS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}
_ASYNC = ("psycopg", "asyncpg")
# SQLAlchemy's driver for `postgresql://` from this version on; before, psycopg2:
# https://docs.sqlalchemy.org/en/21/changelog/migration_21.html
_PSYCOPG_SINCE = (2, 1)
# What creates the tables, by the distribution that does: the first that is installed.
_MIGRATIONS = {
    "django": "python manage.py migrate --noinput",
    "flask-migrate": "flask db upgrade",
    "alembic": "alembic upgrade head",
}
_NOT_AS_OPTIONS = {
    "asyncpg": 'it has TLS from PGSSLMODE and PGSSLROOTCERT, so: pulumi config set databaseUrlQuery ""',
    "pg8000": 'pulumi config set databaseUrlQuery "", and in the code: create_engine(url, connect_args={"ssl_context": '
    'ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])})',
}


def driver_not_installed(output: Output) -> Finding | None:
    """A PostgreSQL driver that the URL's scheme asks for, and that is not installed."""
    match = search(
        output,
        rf"ModuleNotFoundError: No module named '(?P<module>{'|'.join(_DRIVERS)})'$",
        r"ImproperlyConfigured: Error loading (?P<module>psycopg)2 or psycopg module",
    )
    if not match:
        return None
    module, packages = match[0]["module"], output.context.packages
    others = [other for other in _installed(packages) if other != module]
    by_sqlalchemy = _is_by_sqlalchemy(output)
    sentence = f"the module {module} is not installed"
    distribution = _DISTRIBUTIONS.get(module, module)
    if not by_sqlalchemy:
        return Finding(Cause.NOT_INSTALLED, sentence, f"add {distribution} to the dependencies", match[1])
    scheme = output.context.database_scheme
    sentence += f", which is what {scheme}:// means to SQLAlchemy {packages.get('sqlalchemy', '')}".rstrip()
    if not others:
        fix = f"add {distribution} to the dependencies"
        if "sqlalchemy" in packages and module == "psycopg2" and scheme == "postgresql":
            fix += f", or psycopg[binary] and: {_set_scheme('psycopg')}"
        return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])
    fix = f"{others[0]} is installed: {_set_scheme(others[0], packages)}"
    return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])


def _is_by_sqlalchemy(output: Output) -> bool:
    """Whether SQLAlchemy imports the driver, not the app: by the frames, or if there are none, by what is installed."""
    frames = [line for line in output.lines if re.match(r'\s*File "', line)]
    return "sqlalchemy" in frames[-1] if frames else "sqlalchemy" in output.context.packages


def _installed(packages: Mapping[str, str]) -> list[str]:
    return [module for module, (names, _) in _DRIVERS.items() if any(name in packages for name in names)]


def _set_scheme(module: str, packages: Mapping[str, str] | None = None) -> str:
    """The command that chooses a driver; `postgresql` if that already means it to the installed SQLAlchemy."""
    version = tuple(int(part) for part in re.findall(r"\d+", (packages or {}).get("sqlalchemy", ""))[:2])
    default = "" if not version else "psycopg" if version >= _PSYCOPG_SINCE else "psycopg2"
    scheme = "postgresql" if module == default else _DRIVERS[module][1]
    extra = f"; {_NOT_AS_OPTIONS[module]}" if module in _NOT_AS_OPTIONS else ""
    return f"pulumi config set databaseUrlScheme {scheme}{extra}"


def url_scheme(output: Output) -> Finding | None:
    """A scheme of DATABASE_URL that its reader does not know, or that chooses a driver of the wrong kind."""
    packages, scheme = output.context.packages, output.context.database_scheme
    match = search(output, r"Can't load plugin: sqlalchemy\.dialects:(?P<name>[\w.]+)")
    if match:
        drivers = _installed(packages)
        fix = _set_scheme(drivers[0], packages) if drivers else "pulumi config set databaseUrlScheme postgresql"
        return _of_url(f"SQLAlchemy does not know the scheme {match[0]['name'].replace('.', '+')}://", fix, match[1])
    match = search(
        output,
        r'invalid connection option "postgres(ql)?\+',
        r'missing "=" after "postgres(ql)?\+',
        r"invalid DSN: scheme is expected to be",
    )
    if match:
        sentence = f"the driver is called without SQLAlchemy, and does not know the scheme {scheme}://"
        return _of_url(sentence, "pulumi config set databaseUrlScheme postgresql", match[1])
    match = search(output, r"requires an async driver to be used\. The loaded '(?P<module>\w+)' is not async")
    if match:
        drivers = [module for module in _installed(packages) if module in _ASYNC]
        fix = _set_scheme(drivers[0] if drivers else "psycopg")
        fix = fix if drivers else f"add psycopg[binary] to the dependencies, and: {fix}"
        return _of_url(f"the app connects with asyncio, and {match[0]['module']} cannot", fix, match[1])
    return None


def url_query(output: Output) -> Finding | None:
    """A driver that does not know libpq's options in the URL."""
    match = search(output, r"connect\(\) got an unexpected keyword argument '(?P<name>sslmode|sslrootcert)'")
    if not match:
        return None
    drivers = [
        module
        for module in _NOT_AS_OPTIONS
        if output.context.database_scheme.endswith(f"+{module}") or any(module in line for line in match[1])
    ]
    drivers = drivers or [module for module in _installed(output.context.packages) if module in _NOT_AS_OPTIONS]
    driver = drivers[0] if drivers else "the driver"
    fix = _NOT_AS_OPTIONS.get(driver, "correct the setting databaseUrlQuery")
    return _of_url(f"{driver} does not know {match[0]['name']}, which DATABASE_URL has", fix, match[1])


def _of_url(sentence: str, fix: str, evidence: tuple[str, ...]) -> Finding:
    return Finding(Cause.DATABASE, sentence, fix, evidence)


def interpolation(output: Output) -> Finding | None:
    """A URL with a percent sign in a configuration file that interpolates values."""
    match = search(output, r"invalid interpolation syntax in ['\"]\w+(\+\w+)?://")
    if not match:
        return None
    return _of_url(
        "the % in DATABASE_URL has a special meaning in a configuration file",
        'double it where the URL is set, as in migrations/env.py: url.replace("%", "%%")',
        match[1],
    )


def no_migrations(output: Output) -> Finding | None:
    """A release command of Alembic in an app without its folder."""
    match = search(output, r"Path doesn't exist: '?(?P<folder>[^\s']+?)'?\.\s+Please use the 'init' command")
    if not match:
        return None
    command = "flask db" if "flask-migrate" in output.context.packages else "alembic"
    create = "flask db init && flask db migrate" if command == "flask db" else "alembic init migrations"
    return Finding(
        Cause.RELEASE_COMMAND,
        f"the app has no migrations: there is no folder {match[0]['folder'].rpartition('/')[2]}",
        f"create and commit it (`{create}`), or remove the release command",
        match[1],
    )


def schema(output: Output) -> Finding | None:
    """A table, column, type or schema that the database lacks."""
    match = search(
        output,
        r"(?P<kind>relation) \"(?P<name>[^\"]+)\" does not exist",
        r"(?P<kind>column) \"?(?P<name>[\w.]+)\"? (of relation \"\w+\" )?does not exist",
        r"(?P<kind>type|schema) \"(?P<name>[^\"]+)\" does not exist",
        r"no such (?P<kind>table|column): (?P<name>[\w.]+)",
        r"(?P<kind>Table) '(?P<name>[^']+)' doesn't exist",
        r"Unknown (?P<kind>column|database) '(?P<name>[^']+)'",
        where=is_decisive,
    )
    if not match:
        return None
    kind = {"relation": "table"}.get(match[0]["kind"].lower(), match[0]["kind"].lower())
    sentence = f"the database has no {kind} {match[0]['name']}"
    release = output.context.release_command
    if release and output.command == release:
        return _of_url(sentence, f"create it first: `{_migration(output)} && {release}`", match[1])
    if output.context.release_failed:
        sentence += f", because the release command `{release}` failed"
        return _of_url(sentence, "correct the release command first: see its check above", match[1])
    if release:
        sentence += f", although the release command `{release}` ended with 0"
        return _of_url(sentence, f"make `{release}` create it: a migration may be missing from the app", match[1])
    return _of_url(
        f"{sentence} yet, and the app has no release command that would create it",
        f"create tables with a release command: `release: {_migration(output)}` in the Procfile, or: pulumi config set "
        f"releaseCommand '{_migration(output)}'",
        match[1],
    )


def _migration(output: Output) -> str:
    packages = output.context.packages
    commands = [command for name, command in _MIGRATIONS.items() if name in packages]
    return commands[0] if commands else _MIGRATIONS["flask-migrate"]


def _tls_options(output: Output) -> str:
    is_mysql = URLS["mysql"].schemes.fullmatch(output.context.database_scheme)
    return "ssl_ca" if is_mysql else "sslmode and sslrootcert"


def connection(output: Output) -> Finding | None:
    """A database that cannot be reached."""
    match = search(
        output,
        # Celery's broker has an error of the same name.
        r"(?<!kombu\.exceptions\.)(?<!amqp\.exceptions\.)OperationalError\b.*(connection|server|host|password|timeout)",
        r"connection to server at .+ failed",
        r"Can't connect to MySQL server on ",
        r"TLS/SSL error: ",
        where=is_decisive,
    )
    if not match:
        return None
    return _of_url(
        "it cannot connect to its database",
        f"connect to DATABASE_URL, and pass its {_tls_options(output)} on to the driver",
        match[1],
    )
