"""What the environment says: the one place that reads it.

APP_ENV chooses a class, the class gives the defaults, and the variable with a setting's name in capitals overrides it.
A new setting is one line in `Settings`.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from click import ClickException

# For work on one's own machine only: it is public.
_DEVELOPMENT_KEY = "for-development-only-and-public"
_PLACEHOLDER = re.compile("change|placeholder|example|insecure|development|your[-_ ]", re.IGNORECASE)
_SHORTEST_KEY = 32  # characters; 32 random bytes have 43 or more in base64
_NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_BUCKET_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
_ONE_YEAR = 31556926  # seconds; static files have a hash in their name, so what is kept is never stale


class SettingsError(ClickException):
    """A sentence about a setting. The `flask` command prints this kind of error without a traceback."""


@dataclass(frozen=True)
class Settings:
    """Typed and checked settings, with the defaults of what is deployed; secrets are not in its repr."""

    deployed: ClassVar[bool] = True

    secret_key: str = field(default="", repr=False)
    """Signs sessions and form tokens."""
    secret_key_fallbacks: str = field(default="", repr=False)
    """Earlier keys, separated by commas: what they have signed is still valid."""
    # Without a host, libpq takes what is missing from the PG* variables.
    database_url: str = field(default="postgresql+psycopg://", repr=False)
    """The database."""
    database_secret_arn: str = ""
    """A secret in Secrets Manager with the password of now, read when the database refuses the one at hand."""
    database_threads: int = 4
    """Connections kept open by each process: one for each of its threads."""
    default_storage_dsn: str = ""
    """Where pictures are: `file:///folder/` on disk."""
    media_bucket: str = ""
    """Where pictures are: a bucket."""
    aws_region: str = ""
    """The bucket's region."""
    external_url: str = ""
    """Scheme and host of every link."""
    domain_aliases: str = ""
    """Other names of the site, separated by commas: redirected to `external_url`."""
    trust_proxy_depth: int = 0
    """Proxies before the app."""
    send_file_max_age_default: int = _ONE_YEAR
    """Seconds for which browsers keep static files."""
    log_level: str = "INFO"
    """The least that is logged."""
    release: str = "unknown"
    """What `/version` says."""
    title: str = "Board"
    """Name of the site."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings, or a SettingsError that says which variable is wrong and what to do."""
        chosen = _environment_class(environment)
        found = dict(_read(chosen, _with_other_names(environment)))
        return chosen(**found)

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(self, getattr(self, name)))
        _check_storage(self)

    @property
    def earlier_keys(self) -> list[str]:
        """The earlier keys, as a list."""
        return [key.strip() for key in self.secret_key_fallbacks.split(",") if key.strip()]

    @property
    def host_aliases(self) -> frozenset[str]:
        """The other names, as a set."""
        return frozenset(name.strip().lower() for name in self.domain_aliases.split(",") if name.strip())


class ProductionSettings(Settings):
    """What people use."""


class StagingSettings(Settings):
    """What looks like production before it is."""


@dataclass(frozen=True)
class DevSettings(Settings):
    """One's own machine."""

    deployed: ClassVar[bool] = False

    secret_key: str = field(default=_DEVELOPMENT_KEY, repr=False)
    send_file_max_age_default: int = 0
    log_level: str = "DEBUG"


def _environment_class(environment: Mapping[str, str]) -> type[Settings]:
    """By APP_ENV (`Dev`) or else FLASK_ENV (`development`)."""
    name = (environment.get("APP_ENV") or environment.get("FLASK_ENV") or "").lower()
    # Unknown and missing count as deployed: forgetting the variable must not loosen anything.
    return {"dev": DevSettings, "development": DevSettings, "staging": StagingSettings}.get(name, ProductionSettings)


# What platforms call the same thing.
_OTHER_NAMES = {
    "DATABASE_URL": ("DEFAULT_DATABASE_DSN", "DB_CONNECTION_STRING"),
    "SECRET_KEY": ("PLATFORM_PROJECT_ENTROPY",),
    "TRUST_PROXY_DEPTH": ("ADAPTABLE_TRUST_PROXY_DEPTH",),
    "DATABASE_THREADS": ("GRANIAN_BLOCKING_THREADS", "GUNICORN_THREADS"),
}


def _with_other_names(environment: Mapping[str, str]) -> dict[str, str]:
    filled = dict(environment)
    for name, others in _OTHER_NAMES.items():
        filled[name] = next((environment[key] for key in (name, *others) if environment.get(key)), "")
    if not filled.get("EXTERNAL_URL") and filled.get("DOMAIN"):
        filled["EXTERNAL_URL"] = f"https://{filled['DOMAIN']}"
    return filled


def _read(chosen: type[Settings], environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for setting in fields(chosen):
        name = setting.name.upper()
        if text := environment.get(name):  # set but empty is as good as not set
            yield setting.name, _whole_number(name, text) if setting.type is int else text


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number, 0 or more.")
    return int(text)


def _secret_key(settings: Settings, key: str) -> str:
    if not settings.deployed:
        return key
    if not key:
        wrong = "is missing"
    elif _PLACEHOLDER.search(key) or len(set(key)) < len("0123456789"):
        wrong = "is a placeholder"
    elif len(key) < _SHORTEST_KEY:
        wrong = f"has {len(key)} characters, fewer than {_SHORTEST_KEY}"
    else:
        return key
    raise SettingsError(f"SECRET_KEY {wrong}: set it to the output of {_NEW_KEY}, or APP_ENV=Dev on your own machine.")


def _database_url(settings: Settings, url: str) -> str:
    """The address with psycopg 3 as its driver, which SQLAlchemy wants in the scheme."""
    url = re.sub(r"^postgres(ql)?(\+psycopg2?)?://", "postgresql+psycopg://", url)
    try:
        parts = urlsplit(url)
        wrong = parts.scheme != "postgresql+psycopg" or (parts.port is None and parts.netloc.endswith(":"))
    except ValueError:  # a port that is no number, brackets that do not match
        wrong = True
    if wrong:  # its value is not repeated: it holds a password
        raise SettingsError(
            "DATABASE_URL is not the address of a PostgreSQL database: it must be "
            "postgresql://user:password@host:port/name, each part percent-encoded."
        )
    return url


def _external_url(settings: Settings, url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise SettingsError(f"EXTERNAL_URL is {url!r}: it must be https://, a host and nothing more.")
    return url.rstrip("/")


def _log_level(settings: Settings, text: str) -> str:
    if text.upper() not in _LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL is {text!r}: it must be one of {', '.join(_LOG_LEVELS).lower()}.")
    return text.upper()


def _threads(settings: Settings, threads: int) -> int:
    return max(threads, 1)


_CHECKS: Mapping[str, Callable[[Settings, Any], Any]] = {
    "secret_key": _secret_key,
    "database_url": _database_url,
    "database_threads": _threads,
    "external_url": _external_url,
    "log_level": _log_level,
}


def _check_storage(settings: Settings) -> None:
    dsn = urlsplit(settings.default_storage_dsn)
    if dsn.scheme == "file":
        if not unquote(dsn.path).startswith("/"):
            raise SettingsError("DEFAULT_STORAGE_DSN names no folder: write it as file:///folder/.")
    elif settings.media_bucket:
        if not settings.aws_region:
            raise SettingsError(
                f"AWS_REGION is missing: the bucket {settings.media_bucket} can only be reached with its region."
            )
    elif settings.default_storage_dsn and not (dsn.scheme == "s3" and (dsn.hostname or "").endswith(_BUCKET_HOSTS)):
        raise SettingsError(
            f"DEFAULT_STORAGE_DSN leads to {dsn.scheme}://{dsn.hostname or ''}: it must be "
            "s3://bucket.s3.region.amazonaws.com/ or file:///folder/, or name a bucket "
            "with MEDIA_BUCKET and AWS_REGION."
        )
