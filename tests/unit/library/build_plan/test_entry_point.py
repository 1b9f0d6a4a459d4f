"""Whether an ENTRYPOINT runs the command that it gets, judged from the Dockerfile and the scripts in its context."""

from pathlib import Path

import pytest
from flask_on_aws.build_plan.own_image.dockerfile_stage import DockerfileError, read_stage
from flask_on_aws.build_plan.own_image.entry_point import entry_point
from flask_on_aws.build_plan.own_image.script_arguments import runs_arguments
from flask_on_aws.build_plan.project_files import ProjectFiles

_RUNS = {
    "exec": 'exec "$@"',
    "braces": 'exec "${@}"',
    "unquoted": "exec $@",
    "star": "exec $*",
    "without exec": '"$@"',
    "after set -e": '#!/bin/sh\nset -e\nflask db upgrade\nexec "$@"\n',
    "bash, strict": '#!/usr/bin/env bash\nset -euo pipefail\nexec "$@"',
    "windows lines": '#!/bin/sh\r\nset -e\r\nexec "$@"\r\n',
    "gosu": 'exec gosu app "$@"',
    "su-exec": 'exec su-exec app:app "$@"',
    "tini": 'exec tini -g -- "$@"',
    "setpriv": 'exec setpriv --reuid=app --clear-groups "$@"',
    "env": 'exec env LANG=C "$@"',
    "poetry": 'exec poetry run "$@"',
    "redirection": 'exec "$@" 2>&1',
    "comment behind": 'exec "$@"  # the command',
    "default server": 'if [ $# -eq 0 ]; then\n  exec gunicorn app:app\nfi\nexec "$@"',
    "default by set": 'if [ "$#" -lt 1 ]; then set -- gunicorn app:app; fi\nexec "$@"',
    "empty first": 'if [ -z "$1" ]; then exec gunicorn app:app; fi; exec "$@"',
    "double brackets": '[[ -z ${1:-} ]] && exec gunicorn app:app\nexec "$@"',
    "options alone": 'if [ "${1#-}" != "$1" ]; then set -- gunicorn "$@"; fi\nexec "$@"',
    "options by slice": 'if [ "${1:0:1}" = "-" ]; then set -- gunicorn "$@"; fi\nexec "$@"',
    "modes": 'if [ "$1" = web ]; then exec gunicorn a:a; elif [ "$1" = "worker" ]; then exec celery -A a worker; '
    'else exec "$@"; fi',
    "case": 'case "$1" in\n  web) exec gunicorn a:a ;;\n  worker|beat)\n'
    '    exec celery -A a "$1" ;;\n  *) exec "$@" ;;\nesac',
    "case that goes on": 'case $1 in\n-*) set -- gunicorn "$@";;\nesac\nexec "$@"',
    "waits": 'until pg_isready -h "$HOST"; do\n  sleep 1\ndone\nexec "$@"',
    "while": 'while ! nc -z db 5432; do sleep 0.1; done; exec "$@"',
    "migrates on request": 'if [ "$MIGRATE" = 1 ]; then flask db upgrade; fi\nexec "$@"',
    "function": 'log() {\n  echo "[x] $*"\n}\nlog start\nexec "$@"',
    "main function": 'main() {\n  flask db upgrade\n  exec "$@"\n}\nmain "$@"',
    "function with return": 'function check { if [ -z "$URL" ]; then return 1; fi; }\ncheck\nexec "$@"',
    "heredoc": 'cat > /tmp/x <<EOF\nexec gunicorn app:app\nEOF\nexec "$@"',
    "prefix": 'set -- tini -- "$@"\nexec "$@"',
    "background": 'nginx &\nexec "$@"',
    "root first": 'if [ "$(id -u)" = 0 ]; then exec gosu app "$0" "$@"; fi\nexec "$@"',
}
_RUNS_NOT = {
    "server": "#!/bin/sh\nexec gunicorn app:app\n",
    "server without exec": "flask db upgrade\ngunicorn --bind 0.0.0.0:8080 app:app",
    "arguments as options": 'exec gunicorn app:app "$@"',
    "arguments of python": 'exec python manage.py "$@"',
    "arguments of flask": 'flask "$@"',
    "commented out": '# exec "$@"\nexec gunicorn app:app',
    "in a text": "echo 'exec \"$@\"'\nexec gunicorn app:app",
    "never reached": 'exec gunicorn app:app\nexec "$@"',
    "server in the foreground": 'gunicorn app:app\nexec "$@"',
    "replaced": 'set -- gunicorn app:app\nexec "$@"',
    "known words alone": 'case "$1" in flask) exec "$@" ;; esac\nexec gunicorn app:app',
    "known word alone": 'if [ "$1" = "flask" ]; then exec "$@"; fi\nexec gunicorn app:app',
    "printed": 'echo "$@"\nexec gunicorn app:app',
    "heredoc": 'cat <<EOF\nexec "$@"\nEOF\nexec gunicorn app:app',
    "loop of a server": 'while true; do\n  flask deploy\n  if [ "$?" = 0 ]; then break; fi\ndone\nexec gunicorn a:a',
    "only a branch of none": 'if [ $# -eq 0 ]; then exec "$@"; fi\nexec gunicorn app:app',
    "function that serves": 'serve() { exec gunicorn app:app; }\nserve\nexec "$@"',
    "function without arguments": 'main() { exec "$@"; }\nmain gunicorn app:app',
    "nothing": "#!/bin/sh\n",
}
_UNSEEN = {
    "depends on a variable": 'if [ "$MODE" = worker ]; then exec celery -A a worker; fi\nexec "$@"',
    "another language": "#!/usr/bin/perl\nexec @ARGV;",
    "shifted": 'MODE="$1"; shift\nexec "$@"',
    "unfinished": 'if true; then exec "$@"',
}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        *(pytest.param(script, True, id=f"runs: {name}") for name, script in _RUNS.items()),
        *(pytest.param(script, False, id=f"does not: {name}") for name, script in _RUNS_NOT.items()),
        *(pytest.param(script, None, id=f"unseen: {name}") for name, script in _UNSEEN.items()),
    ],
)
def test_a_script_runs_its_arguments(script: str, expected: bool | None) -> None:
    assert runs_arguments(script) is expected


_WRAPPER = '#!/bin/sh\nset -e\nexec "$@"\n'
_BOOT = "#!/bin/sh\nexec gunicorn app:app\n"
_IMAGE = "FROM python:3.13-slim\nWORKDIR /app\n"
_DOCKERFILES = {
    "none": (f'{_IMAGE}CMD ["gunicorn", "app:app"]', True),
    "removed": (f"{_IMAGE}ENTRYPOINT []", True),
    "script": (f'{_IMAGE}COPY . .\nENTRYPOINT ["./boot.sh"]', False),
    "wrapper": (f'{_IMAGE}COPY . .\nENTRYPOINT ["./wrapper.sh"]\nCMD ["gunicorn", "app:app"]', True),
    "absolute": (f'{_IMAGE}COPY . /app/\nENTRYPOINT ["/app/wrapper.sh"]', True),
    "on the PATH": (f'{_IMAGE}COPY wrapper.sh /usr/local/bin/entry\nENTRYPOINT ["entry"]', True),
    "in a folder": (f'{_IMAGE}COPY ./docker/entry.sh /usr/local/bin/\nENTRYPOINT ["entry.sh"]', True),
    "by a pattern": (f'{_IMAGE}COPY docker/*.sh /\nENTRYPOINT ["/entry.sh"]', True),
    "exec form of COPY": (f'{_IMAGE}COPY ["boot.sh", "/start"]\nENTRYPOINT ["/start"]', False),
    "by a shell": (f'{_IMAGE}COPY . .\nENTRYPOINT ["bash", "-e", "boot.sh"]', False),
    "by a shell, wrapper": (f'{_IMAGE}COPY . .\nENTRYPOINT ["/bin/sh", "./wrapper.sh"]', True),
    "behind tini": (f'{_IMAGE}COPY . .\nENTRYPOINT ["/usr/bin/tini", "-g", "--", "/app/boot.sh"]', False),
    "tini alone": (f'{_IMAGE}ENTRYPOINT ["/usr/bin/tini", "--"]', True),
    "dumb-init": (f'{_IMAGE}ENTRYPOINT ["dumb-init", "--single-child", "--"]', True),
    "server behind tini": (f'{_IMAGE}ENTRYPOINT ["tini", "--", "gunicorn", "app:app"]', False),
    "server": (f'{_IMAGE}ENTRYPOINT ["gunicorn", "app:app"]', False),
    "python": (f'{_IMAGE}ENTRYPOINT ["python"]\nCMD ["app.py"]', False),
    "shell form": (f"{_IMAGE}ENTRYPOINT gunicorn app:app", False),
    "shell form of exec": (f'{_IMAGE}ENTRYPOINT exec "$@"', False),
    "sh -c": (f'{_IMAGE}ENTRYPOINT ["/bin/sh", "-c"]\nCMD ["gunicorn app:app"]', False),
    "sh -c with exec": (f"""{_IMAGE}ENTRYPOINT ["sh", "-c", "exec \\"$@\\"", "sh"]""", True),
    "poetry run": (f'{_IMAGE}ENTRYPOINT ["poetry", "run"]', True),
    "newrelic": (f'{_IMAGE}ENTRYPOINT ["newrelic-admin", "run-program"]', True),
    "chamber": (f'{_IMAGE}ENTRYPOINT ["chamber", "exec", "shop", "--"]', True),
    "unknown program": (f'{_IMAGE}ENTRYPOINT ["/opt/vendor/start"]', None),
    "downloaded": (f'{_IMAGE}ADD https://example.com/x.sh /x.sh\nENTRYPOINT ["/x.sh"]', None),
    "continued": (f'{_IMAGE}COPY . .\nENTRYPOINT \\\n  # a comment\n  ["tini", \\\n   "--"]', True),
    "other escape": (f'# escape=`\n{_IMAGE}COPY . .\nENTRYPOINT `\n ["./boot.sh"]', False),
    "lower case": ('from python:3.13\nworkdir /srv\ncopy . .\nentrypoint ["./boot.sh"]', False),
    "last counts": (f'{_IMAGE}COPY . .\nENTRYPOINT ["./boot.sh"]\nENTRYPOINT ["./wrapper.sh"]', True),
    "of an earlier stage": (
        'FROM python:3.13 AS base\nCOPY . /srv\nENTRYPOINT ["/srv/boot.sh"]\nFROM base\nCMD ["web"]',
        False,
    ),
    "of another stage": ('FROM node:22 AS assets\nENTRYPOINT ["npm"]\nFROM python:3.13\nCMD ["gunicorn"]', True),
    "copied between stages": (
        f'FROM python:3.13 AS build\nCOPY . /src\n{_IMAGE}COPY --from=build /src /app\nENTRYPOINT ["./boot.sh"]',
        False,
    ),
    "in a variable's folder": (f'{_IMAGE}ENV HOME=/srv\nWORKDIR $HOME/x\nCOPY . .\nENTRYPOINT ["./wrapper.sh"]', True),
    "heredoc": (f'{_IMAGE}COPY <<EOF /go.sh\n#!/bin/sh\nexec "$@"\nEOF\nENTRYPOINT ["/go.sh"]', True),
    "named in a heredoc": (
        f'{_IMAGE}COPY . .\nRUN <<EOF\nENTRYPOINT ["./wrapper.sh"]\nEOF\nENTRYPOINT ["./boot.sh"]',
        False,
    ),
    "distroless": ('FROM gcr.io/distroless/python3-debian12\nCMD ["main.py"]', False),
}


@pytest.mark.parametrize(("dockerfile", "expected"), _DOCKERFILES.values(), ids=_DOCKERFILES)
def test_an_entry_point_runs_its_command(tmp_path: Path, dockerfile: str, expected: bool | None) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "entry.sh").write_text(_WRAPPER)
    (tmp_path / "wrapper.sh").write_text(_WRAPPER)
    (tmp_path / "boot.sh").write_text(_BOOT)
    found = entry_point(ProjectFiles(tmp_path), read_stage(dockerfile))
    assert found.runs_command is expected, found.reason
    assert found.reason


_SHELLS = {
    "official": ("FROM python:3.13-slim", True),
    "from ECR Public": ("FROM public.ecr.aws/docker/library/python:3.13", True),
    "a RUN needs one": ("FROM registry.example.com/base\nRUN pip install flask", True),
    "unknown": ("FROM registry.example.com/base", None),
    "scratch": ("FROM python:3.13 AS build\nRUN true\nFROM scratch\nCOPY --from=build /venv /venv", False),
    "a whole file system": ("FROM python:3.13 AS build\nFROM scratch\nCOPY --from=build / /", None),
    "distroless": ("FROM gcr.io/distroless/python3-debian12:nonroot", False),
    "chainguard": ("FROM cgr.dev/chainguard/python:latest", False),
    "chainguard to develop": ("FROM cgr.dev/chainguard/python:latest-dev", None),
}


@pytest.mark.parametrize(("dockerfile", "expected"), _SHELLS.values(), ids=_SHELLS)
def test_whether_the_image_has_a_shell(tmp_path: Path, dockerfile: str, expected: bool | None) -> None:
    assert entry_point(ProjectFiles(tmp_path), read_stage(dockerfile)).has_shell is expected


def test_what_a_dockerfile_says_of_its_image() -> None:
    stage = read_stage(
        "ARG VERSION=3.13\nFROM python:${VERSION}-slim AS web\nARG COMMIT\nARG PORT=80\nARG TARGETARCH\n"
        "EXPOSE $PORT 53/udp 443/tcp\n"
        'USER app:app\nVOLUME /data /cache\nVOLUME ["/media"]\nHEALTHCHECK CMD curl -f localhost\nCMD flask run\n'
        "FROM web AS test\nCMD pytest\n",
        "web",
    )
    assert stage.base == "python:3.13-slim"
    assert stage.needed_args == ("COMMIT",)
    assert stage.ports == (80, 443)
    assert (stage.user, stage.volumes, stage.health_check) == ("app:app", ("/data", "/cache", "/media"), True)
    assert stage.command is not None
    assert stage.command.line == "flask run"


def test_an_entry_point_removes_the_command_of_what_is_below_it() -> None:
    base = 'FROM python:3.13 AS base\nCMD ["flask", "run"]\n'
    assert read_stage(base + "FROM base").command is not None
    assert read_stage(base + 'FROM base\nENTRYPOINT ["tini", "--"]').command is None
    kept = read_stage('FROM python:3.13\nCMD ["a"]\nENTRYPOINT ["tini"]').command
    assert kept is not None
    assert kept.argv == ("a",)


def test_an_unknown_target_is_reported_with_those_that_exist() -> None:
    with pytest.raises(DockerfileError, match="has no stage 'prod'; it has: build, web"):
        read_stage("FROM a AS build\nFROM b AS web\n", "prod")
