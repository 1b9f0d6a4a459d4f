"""Fly.io: `fly.toml`, and `fly.NAME.toml` for other apps of the same code.

https://fly.io/docs/reference/configuration/
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.draft import DEFAULT_STACK, Draft, Format, checked_stack
from ...drafts.services import without_services
from ...reading.source import InputError, Place, Value, entries, items
from ...reading.toml import read_toml
from .machines import read_machines
from .services import http_service, read_http

_FILE = "fly.toml"
_APP_PROCESS = "app"
# The AWS region near each of Fly's: https://fly.io/docs/reference/regions/
_REGIONS: Mapping[str, str] = {
    **dict.fromkeys(("iad", "ewr", "bos", "yyz", "yul"), "us-east-1"),
    **dict.fromkeys(("ord", "atl", "mia", "dfw", "den"), "us-east-2"),
    **dict.fromkeys(("sjc", "lax", "sea", "phx"), "us-west-2"),
    **dict.fromkeys(("lhr", "man"), "eu-west-2"),
    **dict.fromkeys(("fra", "ams", "waw", "otp"), "eu-central-1"),
    **{"cdg": "eu-west-3", "mad": "eu-south-2", "arn": "eu-north-1"},
    **{"sin": "ap-southeast-1", "syd": "ap-southeast-2", "nrt": "ap-northeast-1", "hkg": "ap-east-1"},
    **{"bom": "ap-south-1", "gru": "sa-east-1", "gig": "sa-east-1", "jnb": "af-south-1"},
}
_SECRETS = "are not in the file; set each that `fly secrets list` shows in secretValues."
_NO_SERVICE = "Fly's secrets may have its address, and the file names none"
_REASONS = {
    "mounts": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
    "statics": "has no setting; let the app serve its static files (WhiteNoise), which CloudFront can cache.",
    "files": "has no setting; add the files to the image, or pass their content in env and secretValues.",
    "kill_signal": "has no setting; the app gets SIGTERM.",
    "kill_timeout": "has no setting; the app gets a minute to finish its requests.",
    "restart": "has no setting; a task that ends is replaced.",
    "metrics": "has no setting; run a collector as a sidecar.",
    "swap_size_mb": "tasks have no swap; set memory.",
    "console_command": "has no setting; open a shell with enableExec.",
    "host_dedication_id": "has no setting on Fargate.",
}


def _files(folder: Path) -> dict[str, Path]:
    """The files by the stack that each becomes."""
    files = {DEFAULT_STACK: folder / _FILE} if (folder / _FILE).is_file() else {}
    for path in sorted(folder.glob("fly.*.toml")):
        name = path.name.removeprefix("fly.").removesuffix(".toml")
        files[checked_stack(name, Place(str(path)))] = path
    return files


def _is_in(folder: Path) -> bool:
    return any(folder.glob("fly.toml")) or any(folder.glob("fly.*.toml"))


def _read(folder: Path, service: str) -> list[Draft]:
    if service:
        raise InputError(f"{folder}: --service has no effect on {_FILE}, which describes one app; leave it out.")
    return [_draft(folder, read_toml(path), stack) for stack, path in _files(folder).items()]


def _draft(folder: Path, root: Value, stack: str) -> Draft:
    draft = Draft(stack, folder, root.place, sources=[root])
    _read_build(draft, root)
    http = http_service(root)
    web = _web_process(root, http)
    _read_processes(draft, root, web)
    if http:
        read_http(draft, root, http)
    else:
        text = "there is neither http_service nor services with an HTTP port; set the port that the app listens on."
        draft.need(root.place, "port", text, draft.command("port", "8080"))
    read_machines(draft, root, web)
    _read_release(draft, root["deploy"])
    for name, value in entries(root["env"]).items():
        draft.set_variable(name, value)
    if (region := root["primary_region"]) and region.text() in _REGIONS:
        draft.carry(region.place, "aws:region", f"{_REGIONS[region.text()]} is the region near {region.text()}")
    elif region:
        draft.lose(region, "has no setting; choose the region with aws:region.")
    draft.lose(Value("", root.place, "secrets"), _SECRETS)
    without_services(draft, root.place, _NO_SERVICE)
    draft.lose_others(root, {"app", "build", "env", "deploy", "processes", "experimental"} | _READ_HTTP, _REASONS)
    return draft


# What the functions of the other modules read.
_READ_HTTP = {"http_service", "services", "checks", "vm", "vms", "primary_region"}


def _read_build(draft: Draft, root: Value) -> None:
    build = root["build"]
    if build is None:
        if (draft.app / "Dockerfile").is_file():
            draft.carry(root.place, "dockerfile", "the app's Dockerfile builds the image")
        return
    image, dockerfile, target = build["image"], build["dockerfile"], build["build-target"]
    if image:
        draft.put("image", image.text(), image.place)
    elif dockerfile:
        draft.put("dockerfile", posixpath.normpath(dockerfile.text()), dockerfile.place)
    if target:
        draft.put("dockerfileTarget", target.text(), target.place)
    for name, value in entries(build["args"]).items():
        draft.put(f"buildEnv.{name}", value.text(), value.place)
    plan = "the build plan or a Dockerfile builds the image; remove the key."
    reasons = {"builder": plan, "buildpacks": plan, "builtin": plan, "ignorefile": "name the file .dockerignore."}
    draft.lose_others(build, {"image", "dockerfile", "build-target", "args"}, reasons)


def _web_process(root: Value, http: Value | None) -> str:
    """The process group that gets the requests."""
    names = [item.text() for item in items(http["processes"] if http else None)]
    groups = entries(_processes(root))
    for name in names:
        if groups and name not in groups:
            raise InputError(
                f"{(http or root).place}: the process {name!r} is not in processes; correct one of the two."
            )
    if names:
        return names[0]
    return _APP_PROCESS if _APP_PROCESS in groups or not groups else next(iter(groups))


def _processes(root: Value) -> Value | None:
    """The process groups; older files have an empty list."""
    processes = root["processes"]
    return None if processes and processes.is_list else processes


def _read_processes(draft: Draft, root: Value, web: str) -> None:
    processes, experimental = _processes(root), root["experimental"]
    for name, command in entries(processes).items():
        text = " ".join(command.text().split())
        if name == web and text:
            draft.put("startCommand", text, command.place)
        elif name != web and text:
            setting = f"workers.{service_name(name)}"
            draft.put(setting, text, command.place, "one task with cpu and memory of the web service")
        elif name != web:
            draft.lose(command, "has no command; set it in workers.")
    reasons = {"auto_rollback": "has no setting; a release that fails its health checks is rolled back."}
    reasons |= dict.fromkeys(("cmd", "entrypoint"), "set it as startCommand, and entryPoint: replace.")
    draft.lose_others(experimental, set(), reasons)
    has_command = "startCommand" in draft.values or "image" in draft.values
    files = ("Dockerfile", "Procfile")
    if not has_command and "dockerfile" not in draft.values and not any((draft.app / name).is_file() for name in files):
        text = "there is neither a process nor a Dockerfile; set the start command."
        draft.need(root.place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))


def _read_release(draft: Draft, deploy: Value | None) -> None:
    if deploy and (command := deploy["release_command"]):
        text = " ".join(command.text().split())
        if re.search(r"\S", text):
            draft.put("releaseCommand", text, command.place)
    timeout = "has no setting; see docs/releases.md for how long a release may take."
    reasons = {
        "strategy": "has no setting; tasks are replaced without a gap.",
        "max_unavailable": "has no setting; tasks are replaced without a gap.",
        "release_command_timeout": timeout,
        "wait_timeout": timeout,
        "release_command_vm": "the release command has cpu and memory of the web service.",
        "seed_command": "runs once; start it with `flask-on-aws run` after the first `pulumi up`.",
    }
    draft.lose_others(deploy, {"release_command"}, reasons)


FORMAT = Format("fly", "Fly.io", "fly.toml", _is_in, _read)
