"""What the process types of a Procfile become: the names of services, and which run once instead.

https://devcenter.heroku.com/articles/procfile#process-types
"""

import posixpath
import re

from ...naming import LONGEST_PHYSICAL_NAME, SUFFIX_LENGTH
from ...runtime_contract.shell_words import Command, commands
from ..own_image.programs import SHELLS, is_server, wrapped

LONGEST_SERVICE_NAME = LONGEST_PHYSICAL_NAME - SUFFIX_LENGTH
_SERVICE_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Prefixes that AWS reserves for names of security groups and load balancers.
_RESERVED = ("sg-", "internal-")
# Process types that people start by hand (`heroku run console`) or that a platform runs once. Their programs end, and
# ECS would start a service's again and again.
_ONE_OFF_NAMES = frozenset(
    {
        *("console", "shell", "bash", "repl", "dbshell", "psql", "rake", "manage"),
        *("migrate", "migration", "migrations", "upgrade", "db-migrate", "db-upgrade", "migrate-db", "upgrade-db"),
        *("init", "init-db", "initdb", "db-init", "setup", "bootstrap", "seed", "seeds", "db-seed", "loaddata"),
        *("createsuperuser", "create-superuser", "collectstatic", "compilemessages", "test", "tests", "lint", "build"),
        *("predeploy", "pre-deploy", "postdeploy", "post-deploy", "postcompile", "post-compile"),
    }
)
_FLASK = frozenset({"db", "shell", "routes", "init-db"})
_DJANGO = frozenset(
    {
        *(
            "migrate",
            "makemigrations",
            "collectstatic",
            "shell",
            "shell_plus",
            "dbshell",
            "createsuperuser",
            "loaddata",
        ),
        *("check", "test", "compilemessages", "createcachetable", "flush", "clearsessions"),
    }
)


def service_name(process_type: str) -> str:
    """The name of the service of a process type: `celery_worker` and `celeryWorker` are `celery-worker`.

    A name that is valid stays as it is. Empty for a process type without letters and digits.
    """
    if _SERVICE_NAME.fullmatch(process_type) and not process_type.startswith(_RESERVED):
        return process_type
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3-\2", process_type)
    name = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    return f"worker-{name}" if name and (name[0].isdigit() or name.startswith(_RESERVED)) else name


def one_off_reason(process_type: str, command: str) -> str:
    """Why a process type is not a service; empty for one that is."""
    parts = commands(command) or []
    if service_name(process_type) in _ONE_OFF_NAMES and not any(is_server(_words(part)) for part in parts):
        return f"`{process_type}:` in Procfile runs once, by its name"
    if parts and all(part.after not in ("&", "|") and _ends(part) for part in parts):
        return f"`{process_type}:` in Procfile runs once, by its command"
    return ""


def _words(command: Command) -> list[str]:
    return [word.value for word in command.words[command.program :]]


def _ends(command: Command) -> bool:
    """Whether a command is known to end by itself, or needs a terminal."""
    words = _words(command)
    while words and (following := wrapped(words)):
        words = following
    if not words:
        return False
    program, arguments = posixpath.basename(words[0]), words[1:]
    if re.fullmatch(r"python[\d.]*", program) and arguments not in ([], ["-i"]):
        is_module = arguments[0] == "-m"
        name = " ".join(arguments[is_module : is_module + 1])
        program, arguments = posixpath.basename(name), arguments[is_module + 1 :]
    if re.fullmatch(r"python[\d.]*", program) or program in (*SHELLS, "ipython", "bpython", "psql"):
        return not arguments or arguments == ["-i"]
    if program == "flask":
        return not _FLASK.isdisjoint(arguments)  # options with values may precede the subcommand
    if program in ("manage.py", "django-admin"):
        return not _DJANGO.isdisjoint(arguments[:1])
    return program in ("alembic", "pytest", "yoyo")
