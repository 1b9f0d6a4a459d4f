"""The result of a check, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    WARNING = "warning"
    """The app runs on AWS, but not well; it does not keep an image from being pushed."""
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class Cause(StrEnum):
    """Why a check failed; docs/preflight.md has a row for each."""

    NO_START_COMMAND = "no start command"
    NO_PLAN = "no build plan"
    BUILD_FAILED = "build failed"
    OLD_BASE_IMAGE = "old base image"
    START_COMMAND_NOT_FOUND = "start command not found"
    INVALID_COMMAND = "invalid start command"
    NOT_INSTALLED = "dependency not installed"
    IMPORT_ERROR = "import error"
    SERVER_INTERFACE = "wrong server interface"
    MISSING_VARIABLE = "environment variable not set"
    UNKNOWN_ENVIRONMENT = "unknown environment"
    ARCHITECTURE = "architecture mismatch"
    WITHOUT_TLS = "database driver without TLS"
    DATABASE = "database not reached"
    CACHE = "cache not reached"
    RELEASE_COMMAND = "release command failed"
    PENDING_MIGRATIONS = "pending migrations"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out of memory"
    ADDRESS_IN_USE = "address in use"
    BAD_PORT = "unusable port"
    WRONG_INTERFACE = "wrong interface"
    WRONG_PORT = "wrong port"
    TOO_SLOW = "too slow"
    HEALTH_PATH_MISSING = "health path missing"
    REDIRECTS_TO_HTTPS = "redirects to HTTPS"
    REDIRECTS_TO_HOST = "redirects to another host"
    REDIRECT_LOOP = "redirect loop"
    REDIRECTS = "redirects"
    ANSWERS_4XX = "answers 4xx"
    ANSWERS_5XX = "answers 5xx"
    NO_ANSWER = "no answer"
    HEALTH_NEEDS_DATABASE = "health needs the database"
    CSRF_ORIGIN = "rejects forms"
    KEEP_ALIVE = "keep-alive too short"
    TRUSTS_HOST = "trusts X-Forwarded-Host"
    TRUSTS_ADDRESS = "trusts a forged address"
    TRUSTS_SCHEME = "trusts a forged scheme"
    IGNORES_SCHEME = "ignores X-Forwarded-Proto"
    WRITES_TO_DISK = "writes to disk"
    SQLITE = "SQLite on scratch disk"
    NEEDS_ROOT = "needs root"
    DEBUGGER = "debugger on"
    SHOWS_SECRET = "shows a secret"  # noqa: S105 a cause
    STATIC_FILES = "static files missing"
    STALE_FILES = "static files outlive a release"
    IGNORES_SIGTERM = "ignores SIGTERM"
    FAILS_ON_SIGTERM = "exits non-zero on SIGTERM"
    CUTS_OFF = "cuts off requests"
    NO_CERTIFICATES = "no RDS certificates"
    DELEGATION = "domain not delegated"
    CAA = "CAA forbids the certificate"
    QUOTA = "quota too small"
    OUTBOUND_PORT = "outbound port closed"


@dataclass(frozen=True)
class Finding:
    """Why something does not work."""

    cause: Cause
    sentence: str
    fix: str
    evidence: tuple[str, ...] = ()
    """Lines that show it."""


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    status: Status
    message: str
    """What was observed, or why it was not checked."""
    cause: Cause | None = None
    """Set only for a failed check and a warning, like `evidence` and `fix`."""
    evidence: tuple[str, ...] = ()
    fix: str = ""
    seconds: float = 0.0
    """Duration in seconds; 0 if it was not measured."""
    health_path: str = ""
    """The path on which the app answers the health check with 200; set only by the check of that."""


def passed(name: str, message: str, seconds: float = 0.0) -> Check:
    """A check that passed, with what was observed."""
    return Check(name, Status.PASSED, message, seconds=seconds)


def failed(name: str, finding: Finding) -> Check:
    """A check that failed."""
    return Check(name, Status.FAILED, finding.sentence, finding.cause, finding.evidence, finding.fix)


def warned(name: str, finding: Finding) -> Check:
    """A check that found something to correct that the app works with."""
    return Check(name, Status.WARNING, finding.sentence, finding.cause, finding.evidence, finding.fix)


def not_checked(name: str, reason: str) -> Check:
    """A check that was skipped, with the reason."""
    return Check(name, Status.NOT_CHECKED, reason)


def any_failed(checks: Iterable[Check]) -> bool:
    """Whether a check failed."""
    return any(check.status is Status.FAILED for check in checks)
