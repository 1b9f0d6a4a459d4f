"""Programs by what they do with their arguments: run them as a command, or serve."""

import posixpath
import re
from collections.abc import Mapping, Sequence

# Programs that run the command behind their options: how many words belong to them before it (such as gosu's user),
# and which of their options take a value.
_WRAPPERS: Mapping[str, tuple[int, frozenset[str]]] = {
    "tini": (0, frozenset({"-p", "-e"})),
    "tini-static": (0, frozenset({"-p", "-e"})),
    "docker-init": (0, frozenset({"-p", "-e"})),
    "catatonit": (0, frozenset()),
    "dumb-init": (0, frozenset({"-r", "--rewrite"})),
    "s6-svscan": (1, frozenset()),
    "gosu": (1, frozenset()),
    "su-exec": (1, frozenset()),
    "setuidgid": (1, frozenset()),
    "chpst": (0, frozenset({"-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-C"})),
    "setpriv": (0, frozenset({"--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"})),
    "runuser": (0, frozenset({"-u", "-g", "-G"})),
    "env": (0, frozenset({"-u", "--unset", "-C", "--chdir"})),
    "exec": (0, frozenset({"-a"})),
    "command": (0, frozenset()),
    "nice": (0, frozenset({"-n"})),
    "ionice": (0, frozenset({"-c", "-n"})),
    "nohup": (0, frozenset()),
    "stdbuf": (0, frozenset({"-i", "-o", "-e"})),
    "setsid": (0, frozenset()),
    "timeout": (1, frozenset({"-k", "-s", "--kill-after", "--signal"})),
    "ddtrace-run": (0, frozenset()),
    "opentelemetry-instrument": (0, frozenset()),
    "honcho-run": (0, frozenset()),
    "lambda-entrypoint": (0, frozenset()),
    "xvfb-run": (0, frozenset({"-n", "-s", "-e", "-f", "-p", "-w"})),
    "wait-for-it.sh": (1, frozenset({"-t", "-h", "-p"})),
    "wait-for-it": (1, frozenset({"-t", "-h", "-p"})),
    "dockerize": (0, frozenset({"-wait", "-timeout", "-template", "-stdout", "-stderr", "-wait-retry-interval"})),
}  # fmt: skip
# `poetry run X`, and which word of the program makes it one that runs a command.
_SUBCOMMANDS: Mapping[str, tuple[str, ...]] = {
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "uv": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "newrelic-admin": ("run-program",),
    "doppler": ("run",),
    "infisical": ("run",),
    "sentry-cli": ("run",),
    "chamber": ("exec",),
    "aws-vault": ("exec",),
    "dotenv": ("run",),
    "micromamba": ("run",),
    "conda": ("run",),
    "mamba": ("run",),
}
_SUBCOMMAND_VALUES = frozenset(
    {"-n", "--name", "-p", "--prefix", "-f", "--file", "--env-file", "--extra", "--group", "--with", "--project", "-e"}
)
# chamber and aws-vault name what they read before `--`.
_UNTIL_DASHES = ("chamber", "aws-vault", "sentry-cli")
# Programs that serve, or that take their arguments for options and files of their own.
_SERVERS = re.compile(
    r"gunicorn|uvicorn|hypercorn|granian|daphne|waitress-serve|uwsgi|sanic|fastapi|flask|celery|rq|rqworker|huey_consumer"
    r"(?:\.py)?|dramatiq|supervisord|circusd|nginx|httpd|apache2|apache2ctl|caddy|traefik|haproxy|envoy|unitd|mod_wsgi-express"
    r"|streamlit|jupyter|jupyter-lab|gradio|panel|bokeh|mlflow|airflow|superset|litestar|chalice|zappa|django-admin|java"
    r"|(?:python|pypy|node|ruby|php)(?:\d+(?:\.\d+)*)?|deno|bun|npm|npx|yarn|pnpm|make|honcho|foreman|forego|overmind"
    r"|crond?|redis-server|postgres|mysqld|manage\.py|tail|sleep|cat"
)
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "busybox")


def wrapped(words: Sequence[str]) -> list[str] | None:
    """The command that a program runs which is only a wrapper, empty where that is to follow; None for other programs."""
    name = posixpath.basename(words[0]) if words else ""
    if name in SHELLS:
        return _of_shell(words[1:])
    if name in _SUBCOMMANDS:
        return _of_subcommand(name, words[1:])
    if name not in _WRAPPERS:
        return None
    count, with_value = _WRAPPERS[name]
    rest = _without_options(words[1:], with_value)
    for _ in range(count):
        rest = _without_options(rest[1:], with_value)
    while name == "env" and rest and re.match(r"\w+=", rest[0]):
        rest = rest[1:]
    return rest


def _without_options(words: Sequence[str], with_value: frozenset[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        if rest[0] == "--":
            return rest[1:]
        rest = rest[2:] if rest[0] in with_value else rest[1:]
    return rest


def _of_subcommand(name: str, words: Sequence[str]) -> list[str] | None:
    rest = _without_options(words, _SUBCOMMAND_VALUES)
    if not rest or rest[0] not in _SUBCOMMANDS[name]:
        return None
    rest = rest[1:]
    if name in _UNTIL_DASHES:
        return rest[rest.index("--") + 1 :] if "--" in rest else None
    return _without_options(rest, _SUBCOMMAND_VALUES)


def _of_shell(words: Sequence[str]) -> list[str] | None:
    """`sh -c 'exec "$@"' name …` runs what follows; a script or `sh -c` alone does not."""
    is_line = len(words) > 2 and re.fullmatch(r"-\w*c", words[0])  # the option, the line and $0
    if is_line and re.fullmatch(r"\s*(?:exec\s+)?\"?\$(?:@|\{@\})\"?\s*;?\s*", words[1]):
        return list(words[3:])
    return None


def is_server(words: Sequence[str]) -> bool:
    """Whether a command serves or works until it is stopped, and so never comes to what follows it in a script."""
    rest = list(words)
    while rest and (following := wrapped(rest)):
        rest = following
    if not rest:
        return False
    name = posixpath.basename(rest[0])
    if re.fullmatch(r"python[\d.]*", name):
        if rest[1:2] == ["-m"]:
            return bool(rest[2:]) and is_server(rest[2:])
        return bool(re.fullmatch(r"(?:\S*/)?(?:main|app|server|run|wsgi|asgi|worker)\.py", " ".join(rest[1:2]))) or (
            rest[1:3] != [] and posixpath.basename(rest[1]) == "manage.py" and rest[2:3] == ["runserver"]
        )
    if name in ("flask", "celery", "fastapi", "rq", "sanic", "npm", "yarn"):
        return bool(set(rest[1:]) & {"run", "worker", "beat", "dev", "start"}) or name == "sanic"
    return bool(re.fullmatch(_LONG_RUNNING, name))


_LONG_RUNNING = (
    r"gunicorn|uvicorn|hypercorn|granian|daphne|waitress-serve|uwsgi|rqworker|dramatiq|supervisord|circusd|nginx|caddy|streamlit"
    r"|huey_consumer(?:\.py)?|apache2|httpd|honcho|foreman|mod_wsgi-express"
)


def takes_arguments_itself(name: str) -> bool:
    """Whether a program, by its name, is known to take its arguments for its own."""
    return bool(_SERVERS.fullmatch(name)) or name in SHELLS
