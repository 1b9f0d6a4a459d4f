"""Reads the settings from environment variables; no other module reads them.

APP_ENV selects a class with the defaults; the variable with the upper-case name of a setting overrides its default.
A new setting is one line in `Settings`.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from click import ClickException

# For development only: it is public.
_DEVELOPMENT_KEY = "for-development-only-and-public"
_PLACEHOLDER = re.compile("change|placeholder|example|insecure|development|your[-_ ]", re.IGNORECASE)
_MIN_KEY_LENGTH = 32  # characters; 32 random bytes have 43 or more in base64
_NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_BUCKET_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
_ONE_YEAR = 31556926  # seconds; static files have a hash in their name, so cached files are never stale


class SettingsError(ClickException):
    """An invalid setting; the message is a sentence, which the `flask` command prints without a traceback."""


@dataclass(frozen=True)
class Settings:
    """Typed and validated settings, with the defaults of a deployed app; the repr does not contain secrets."""

    deployed: ClassVar[bool] = True

    secret_key: str = field(default="", repr=False)
    """Signs sessions and form tokens."""
    secret_key_fallbacks: str = field(default="", repr=False)
    """Earlier keys, separated by commas; their signatures are still valid."""
    # libpq reads a missing host, user and so on from the PG* variables.
    database_url: str = field(default="postgresql+psycopg://", repr=False)
    """URL of the database."""
    database_secret_arn: str = ""
    """ARN of the Secrets Manager secret from which a new password is read when the database rejects the old one."""
    database_threads: int = 4
    """Connections that each process keeps open: one for each of its threads."""
    default_storage_dsn: str = ""
    """URL of the storage for pictures: `file:///folder/` or `s3://bucket.s3.region.amazonaws.com/`."""
    media_bucket: str = ""
    """Name of the S3 bucket for pictures."""
    media_prefix: str = ""
    """Folder of the bucket for pictures, with a trailing slash."""
    media_url: str = ""
    """Public address of that folder, with a trailing slash."""
    media_key_pair_id: str = ""
    """Set if `media_url` needs signed links. Pictures have presigned URLs of the bucket then."""
    aws_region: str = ""
    """Region of the bucket."""
    external_url: str = ""
    """Scheme and host of absolute links."""
    domain_aliases: str = ""
    """Other host names of the site, separated by commas, which are redirected to `external_url`."""
    trust_proxy_depth: int = 0
    """Number of proxies in front of the app."""
    send_file_max_age_default: int = _ONE_YEAR
    """Seconds for which browsers cache static files."""
    log_level: str = "INFO"
    """Lowest level that is logged."""
    release: str = "unknown"
    """Release that `/version` returns."""
    title: str = "Board"
    """Name of the site."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; raises a SettingsError that names the invalid variable and the fix."""
        settings_class = _environment_class(environment)
        return settings_class(**dict(_read(settings_class, _with_aliases(environment))))

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
        """The other host names, as a set."""
        return frozenset(name.strip().lower() for name in self.domain_aliases.split(",") if name.strip())


class ProductionSettings(Settings):
    """The environment that users use."""


class StagingSettings(Settings):
    """An environment like production, to test releases."""


@dataclass(frozen=True)
class DevSettings(Settings):
    """A developer's machine."""

    deployed: ClassVar[bool] = False

    secret_key: str = field(default=_DEVELOPMENT_KEY, repr=False)
    send_file_max_age_default: int = 0
    log_level: str = "DEBUG"


def _environment_class(environment: Mapping[str, str]) -> type[Settings]:
    """The class that APP_ENV (`Dev`) or else FLASK_ENV (`development`) selects."""
    name = (environment.get("APP_ENV") or environment.get("FLASK_ENV") or "").lower()
    # Unknown and missing values select production: a forgotten variable must not weaken security.
    return {"dev": DevSettings, "development": DevSettings, "staging": StagingSettings}.get(name, ProductionSettings)


# Names of the same settings on other platforms.
_ALIASES = {
    "DATABASE_URL": ("DEFAULT_DATABASE_DSN", "DB_CONNECTION_STRING"),
    "SECRET_KEY": ("PLATFORM_PROJECT_ENTROPY",),
    "TRUST_PROXY_DEPTH": ("ADAPTABLE_TRUST_PROXY_DEPTH",),
    "DATABASE_THREADS": ("GRANIAN_BLOCKING_THREADS", "GUNICORN_THREADS"),
}


def _with_aliases(environment: Mapping[str, str]) -> dict[str, str]:
    variables = dict(environment)
    for name, aliases in _ALIASES.items():
        variables[name] = next((environment[key] for key in (name, *aliases) if environment.get(key)), "")
    if not variables.get("EXTERNAL_URL") and variables.get("DOMAIN"):
        variables["EXTERNAL_URL"] = f"https://{variables['DOMAIN']}"
    return variables


def _read(settings_class: type[Settings], environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for setting in fields(settings_class):
        name = setting.name.upper()
        if text := environment.get(name):  # an empty variable counts as not set
            yield setting.name, _whole_number(name, text) if setting.type is int else text


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number, 0 or more.")
    return int(text)


def _secret_key(settings: Settings, key: str) -> str:
    if not settings.deployed:
        return key
    if not key:
        problem = "is missing"
    elif _PLACEHOLDER.search(key) or len(set(key)) < len("0123456789"):
        problem = "is a placeholder"
    elif len(key) < _MIN_KEY_LENGTH:
        problem = f"has {len(key)} characters, fewer than {_MIN_KEY_LENGTH}"
    else:
        return key
    raise SettingsError(
        f"SECRET_KEY {problem}: set it to the output of {_NEW_KEY}, or APP_ENV=Dev on your own machine."
    )


def _database_url(settings: Settings, url: str) -> str:
    """The URL with psycopg 3 as its driver, which SQLAlchemy expects in the scheme."""
    url = re.sub(r"^postgres(ql)?(\+psycopg2?)?://", "postgresql+psycopg://", url)
    try:
        parts = urlsplit(url)
        is_invalid = parts.scheme != "postgresql+psycopg" or (parts.port is None and parts.netloc.endswith(":"))
    except ValueError:  # a port that is not a number, or unmatched brackets
        is_invalid = True
    if is_invalid:  # the message does not repeat the value, which contains a password
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
