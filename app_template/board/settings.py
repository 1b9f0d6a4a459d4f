"""What the environment says: the one place that reads it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from click import ClickException

_DEVELOPMENT = ("dev", "development")
# For work on one's own machine only: it is public.
_DEVELOPMENT_KEY = "for-development-only-and-public"
_PLACEHOLDER = re.compile("change|placeholder|example|insecure|development|your[-_ ]", re.IGNORECASE)
_SHORTEST_KEY = 32  # characters; 32 random bytes have 43 or more in base64
_NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(ClickException):
    """A sentence about a setting. The `flask` command prints this kind of error without a traceback."""


@dataclass(frozen=True)
class Settings:
    """Typed and checked settings; secrets are not in its repr."""

    secret_key: str = field(repr=False)
    deployed: bool = True
    # Without a host, libpq takes what is missing from the PG* variables.
    database_url: str = field(default="postgresql+psycopg://", repr=False)
    storage_dsn: str = field(default="", repr=False)
    media_bucket: str = ""
    aws_region: str = ""
    external_url: str = ""
    proxy_depth: int = 0
    static_max_age: int = 0
    log_level: str = "INFO"
    release: str = "unknown"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings, or a SettingsError that says which variable is wrong and what to do."""
        # Unknown and missing count as deployed: forgetting the variable must not loosen anything.
        deployed = environment.get("APP_ENV", "").lower() not in _DEVELOPMENT
        return cls(
            secret_key=_secret_key(environment.get("SECRET_KEY", ""), deployed),
            deployed=deployed,
            database_url=_with_driver(environment.get("DATABASE_URL", "")),
            storage_dsn=environment.get("DEFAULT_STORAGE_DSN", ""),
            media_bucket=environment.get("MEDIA_BUCKET", ""),
            aws_region=environment.get("AWS_REGION", ""),
            external_url=_external_url(environment.get("EXTERNAL_URL", "")),
            proxy_depth=_whole_number(environment, "TRUST_PROXY_DEPTH"),
            static_max_age=_whole_number(environment, "SEND_FILE_MAX_AGE_DEFAULT"),
            log_level=_log_level(environment.get("LOG_LEVEL", "info")),
            release=environment.get("RELEASE", "unknown"),
        )


def _secret_key(key: str, deployed: bool) -> str:
    if not deployed:
        return key or _DEVELOPMENT_KEY
    if not key:
        wrong = "is missing"
    elif _PLACEHOLDER.search(key) or len(set(key)) < len("0123456789"):
        wrong = "is a placeholder"
    elif len(key) < _SHORTEST_KEY:
        wrong = f"has {len(key)} characters, fewer than {_SHORTEST_KEY}"
    else:
        return key
    raise SettingsError(f"SECRET_KEY {wrong}: set it to the output of {_NEW_KEY}, or APP_ENV=Dev on your own machine.")


def _with_driver(url: str) -> str:
    """The address with psycopg 3 as its driver, which SQLAlchemy wants in the scheme."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url or "postgresql://")


def _external_url(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise SettingsError(f"EXTERNAL_URL is {url!r}: it must be https://, a host and nothing more.")
    return url.rstrip("/")


def _whole_number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name) or "0"
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} is {text!r}: it must be a whole number, 0 or more.")
    return int(text)


def _log_level(text: str) -> str:
    if text.upper() not in _LOG_LEVELS:
        raise SettingsError(f"LOG_LEVEL is {text!r}: it must be one of {', '.join(_LOG_LEVELS).lower()}.")
    return text.upper()
