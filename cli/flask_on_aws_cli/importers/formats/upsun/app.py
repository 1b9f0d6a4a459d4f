"""An application of Upsun or Platform.sh.

https://docs.upsun.com/create-apps/app-reference/single-runtime-image.html
"""

import posixpath
import re
from typing import Any

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.builds import has_dockerfile, put_build, put_python_version
from ...drafts.commands import on_all_addresses
from ...drafts.draft import Draft
from ...drafts.scheduled_jobs import put_job
from ...drafts.shell_scripts import build_steps, one_command
from ...reading.source import InputError, Value, entries, items

# Where a build plan's image has the app.
_APP_FOLDER = "/app"
# Upsun's socket by default, and as commands name it.
_UNIX_SOCKET = re.compile(r"""(?P<quote>["']?)unix:/{0,2}(?:\$\{?SOCKET\}?|/(?:run|tmp)/app\.sock)(?P=quote)""")
_UVICORN_SOCKET = re.compile(r"--uds[= ]\"?\$\{?SOCKET\}?\"?")
_EPHEMERAL = ("tmp", "temporary", "instance")
# Package managers that the build plan chooses by the lock file.
_MANAGERS = ("pip", "pipenv", "poetry", "uv", "pdm", "npm", "pnpm", "yarn", "n", "nodejs")
_READ = {
    *("name", "type", "stack", "source", "build", "hooks", "web", "workers", "crons", "mounts", "variables"),
    *("dependencies", "relationships", "timezone"),
}
_SIZE = "sizes of Upsun have no counterpart; set cpu and memory."
_REASONS = {
    "access": "has no setting; enableExec and IAM decide who may open a shell.",
    "additional_hosts": "has no setting; create a private hosted zone for the VPC.",
    "container_profile": _SIZE,
    "disk": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
    "firewall": "see outboundPorts, which restricts ports and not addresses.",
    "operations": "run the commands with `flask-on-aws run`.",
    "preflight": "has no setting; `flask-on-aws preflight` checks the app.",
    "resources": _SIZE,
    "size": _SIZE,
    "runtime": "has no setting for Python.",
}


def read_application(draft: Draft, app: Value) -> None:
    """Read an application into a draft."""
    draft.put("compat", ["upsun"], app.place, "the variables PLATFORM_…")
    _read_type(draft, app)
    _read_web(draft, app)
    _read_hooks(draft, app)
    workers, crons = app["workers"], app["crons"]
    for name, worker in entries(workers).items():
        _read_worker(draft, name, worker)
    for name, cron in entries(crons).items():
        _read_cron(draft, name, cron, app["timezone"])
    _read_mounts(draft, app["mounts"])
    _read_variables(draft, app)
    _read_dependencies(draft, app["dependencies"])
    if (flavor := app.get("build", "flavor")) and flavor.text() not in ("none", "default"):
        draft.lose(flavor, "has no setting; the build plan decides by the app's files.")
    draft.lose_others(app, _READ, _REASONS)


def _read_type(draft: Draft, app: Value) -> None:
    """The runtime: `python:3.12`, or one of the runtimes of a composable image: `python@3.12`."""
    kind = app["type"]
    if kind is None:
        raise InputError(f"{app.place}: type is missing; set it, such as python:3.13.")
    name, _, version = kind.text().partition(":")
    place = kind.place
    if name == "composable":
        runtime = _python_runtime(app)
        if runtime is None:
            raise InputError(f"{kind.place}: the composable image has no runtime python; choose an app with Python.")
        name, _, version = runtime.text().partition("@")
        place = runtime.place
    if name != "python":
        raise InputError(f"{kind.place}: the type {name!r} is not Python; choose an app with Python with --service.")
    put_python_version(draft, version, place)


def _python_runtime(app: Value) -> Value | None:
    stack = app["stack"]
    if stack is None:
        return None
    runtimes = stack["runtimes"] if stack.is_mapping else stack
    for item in items(runtimes):
        name = next(iter(item.mapping().keys()), "") if item.is_mapping else item.text()
        if name.startswith("python@"):
            return Value(name, item.place, item.path)
    return None


def _read_web(draft: Draft, app: Value) -> None:
    web = app["web"]
    if web is None:
        draft.need(
            app.place,
            "startCommand",
            "there is no web; set the start command.",
            draft.command("startCommand", "'COMMAND'"),
        )
        return
    if start := web.get("commands", "start"):
        _read_start(draft, start)
    else:
        text = "web has no start command; set one."
        draft.need(web.place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    hooks = "has no setting; put it into the start command, before the server."
    draft.lose_others(web["commands"], {"start"}, {"pre_start": hooks, "post_start": hooks})
    draft.skip(web["upstream"], "socket_family")  # the start command has the socket
    if (protocol := web.get("upstream", "protocol")) and protocol.text() != "http":
        draft.lose(protocol, "the load balancer sends HTTP to the app.")
    locations = web["locations"]
    for location in entries(locations).values():
        folder, passthru = location["root"], location["passthru"]
        if folder and not (passthru and passthru.data == "true"):
            draft.lose(
                location, "there is no web server in front of the app; let it serve its static files (WhiteNoise)."
            )
            continue
        if passthru:
            draft.carry(passthru.place, location.path, "requests go to the app")
        for key in ("headers", "expires"):
            if headers := location[key]:
                draft.lose(headers, "has no setting; let the app send the headers.")
    draft.lose_others(web, {"commands", "upstream", "locations"}, {"document_root": "is not used for Python."})


def _read_start(draft: Draft, start: Value) -> None:
    command = one_command(start.text())
    tcp = _UVICORN_SOCKET.sub("--host 0.0.0.0 --port $PORT", _UNIX_SOCKET.sub("0.0.0.0:$PORT", command))
    if "SOCKET" in tcp or ".sock" in tcp:
        text = "listens on a Unix socket; set a start command that listens on 0.0.0.0:$PORT."
        draft.need(start.place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    else:
        listening = on_all_addresses(tcp)
        note = "it listens on $PORT instead of a Unix socket" if tcp != command else ""
        if listening != tcp:
            note = "it must listen on all addresses"
        draft.put("startCommand", listening, start.place, note)


def _read_hooks(draft: Draft, app: Value) -> None:
    build, deploy = app.get("hooks", "build"), app.get("hooks", "deploy")
    if deploy:
        _read_deploy(draft, deploy)
    reasons = {"post_deploy": "nothing runs after a release; run it with `flask-on-aws run`, or in the deploy hook."}
    draft.lose_others(app["hooks"], {"build", "deploy"}, reasons)
    if build:
        put_build(draft, build)


def _read_deploy(draft: Draft, deploy: Value) -> None:
    """Read the deploy hook as the release command, without what the build does.

    A task has neither Node nor package managers, and its files are read-only.
    """
    steps = build_steps(deploy.text())
    if steps.command:
        draft.put("releaseCommand", steps.command, deploy.place)
    if steps.installs and has_dockerfile(draft):
        draft.lose(deploy, "the Dockerfile builds the image; install packages and build assets there.")
    elif steps.installs:
        draft.carry(deploy.place, deploy.path, "packages and assets are installed by the build plan")


def _read_worker(draft: Draft, name: str, worker: Value) -> None:
    setting, start = f"workers.{service_name(name)}", worker.get("commands", "start")
    if start is None or not one_command(start.text()):
        draft.need(worker.place, setting, "has no start command; set one.", draft.command(setting, "'COMMAND'"))
    else:
        draft.put(setting, one_command(start.text()), start.place, "one task with cpu and memory of the web service")
    reasons = {
        "variables": "workers have the variables of the app; set them in the worker's command: `NAME=value command`.",
        "size": _SIZE,
        "resources": _SIZE,
        "container_profile": _SIZE,
        "disk": _REASONS["disk"],
        "mounts": "workers have the writable folders of the app.",
    }
    draft.lose_others(worker, {"commands"}, reasons)


def _read_cron(draft: Draft, name: str, cron: Value, timezone: Value | None) -> None:
    schedule, command = cron["spec"], cron.get("commands", "start") or cron["cmd"]
    if schedule is None or command is None or not one_command(command.text()):
        draft.lose(cron, "has no spec or no start command; add it to the setting jobs with both.")
        return
    job: dict[str, Any] = {"name": service_name(name), "command": one_command(command.text())}
    if timezone:
        job["timezone"] = timezone.text()
    if timeout := cron["timeout"]:
        job["timeout"] = timeout.integer()
    stop = "has no setting; a job gets SIGTERM when its time is over."
    draft.lose_others(cron["commands"], {"start"}, {"stop": stop})
    draft.lose_others(cron, {"spec", "commands", "cmd", "timeout"}, {"shutdown_timeout": stop})
    put_job(draft, schedule, job, cron)


def _read_mounts(draft: Draft, mounts: Value | None) -> None:
    """Mounts are writable folders; their files do not last, as there is no disk that tasks share."""
    paths = list[str]()
    for path, mount in entries(mounts).items():
        draft.skip(mount, "source_path")
        source = mount["source"] if mount.is_mapping else mount
        folder = posixpath.normpath(posixpath.join(_APP_FOLDER, path.strip("/")))
        paths.append(folder)
        if source is None or source.text() not in _EPHEMERAL:
            text = (
                "can be written to, but its files are lost with the task; store uploads in the bucket (MEDIA_BUCKET)."
            )
            draft.lose(mount, text)
    if not paths or mounts is None:
        return
    if has_dockerfile(draft):
        draft.lose(mounts, "the Dockerfile must declare the folders as VOLUMEs; then set writablePaths.")
        return
    draft.put("writablePaths", ["/tmp", *sorted(set(paths))], mounts.place)  # noqa: S108 a path in the container


def _read_variables(draft: Draft, app: Value) -> None:
    variables = app["variables"]
    for prefix, values in entries(variables).items():
        if prefix != "env":
            draft.lose(values, "only variables of `env` are environment variables; set them in env.")
            continue
        for name, value in values.mapping().items():
            if value.is_mapping or value.is_list:
                draft.lose(value, "is not a text; set it in env as the app reads it.")
            else:
                draft.set_variable(name, value)


def _read_dependencies(draft: Draft, dependencies: Value | None) -> None:
    for packages in entries(dependencies).values():
        for name, package in packages.mapping().items():
            if name not in _MANAGERS:
                draft.lose(replace_null(package), "is not installed; add it to the app's own dependencies.")
            else:
                package.mark_used()
                draft.carry(package.place, package.path, "the build plan chooses the package manager by the lock file")


def replace_null(value: Value) -> Value:
    """A value that is reported although it is null."""
    return value if value.data is not None else Value("", value.place, value.path)
