"""AWS Copilot: `copilot/SERVICE/manifest.yml`, `copilot/environments/ENV/manifest.yml` and addons.

https://aws.github.io/copilot-cli/docs/manifest/overview/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.draft import DEFAULT_STACK, Draft, Format, checked_stack, choose
from ...drafts.durations import seconds
from ...drafts.scheduled_jobs import put_job
from ...reading.source import InputError, Place, Value, empty, entries, plain, read_yaml
from .addons import read_addons
from .environment import read_environment
from .service import command_of, read_service
from .variables import read_variables

_FOLDER = "copilot"
_MANIFESTS = ("manifest.yml", "manifest.yaml")
# Folders of `copilot/` that are not workloads.
_OTHERS = ("environments", "pipelines")
_WEB = ("Load Balanced Web Service", "Request-Driven Web Service")
_BACKGROUND = ("Worker Service", "Backend Service")
_TYPES = (*_WEB, *_BACKGROUND, "Scheduled Job", "Static Site")
_SUBSTITUTED = re.compile(r"\$\{(COPILOT_APPLICATION_NAME|COPILOT_ENVIRONMENT_NAME)\}")


@dataclass(frozen=True)
class _Workload:
    name: str
    manifest: Value
    kind: str
    folder: Path


def _is_in(folder: Path) -> bool:
    return any(_manifests(folder / _FOLDER))


def _manifests(folder: Path) -> Iterator[Path]:
    for workload in sorted(folder.iterdir()) if folder.is_dir() else ():
        if workload.name not in _OTHERS:
            yield from [path for name in _MANIFESTS if (path := workload / name).is_file()][:1]


def _read(folder: Path, service: str) -> list[Draft]:
    workloads = dict[str, _Workload]()
    for workload in map(_workload, _manifests(folder / _FOLDER)):
        if workload.name in workloads:
            raise InputError(
                f"{workload.manifest.place}: the name {workload.name!r} is there twice; rename one of them."
            )
        workloads[workload.name] = workload
    webs = {name: item.manifest.place for name, item in workloads.items() if item.kind in _WEB}
    if not webs and not service:
        kinds = ", ".join(sorted({item.kind for item in workloads.values()}))
        place = min(item.manifest.place for item in workloads.values())
        raise InputError(f"{place}: there are only services of type {kinds}; add one of type {_WEB[0]!r}.")
    web = workloads[choose(webs, service, "web service", folder)]
    application = _application(folder)
    return [
        _draft(folder, web, workloads, application, stack, place)
        for stack, place in _environments(folder, web.manifest).items()
    ]


def _workload(path: Path) -> _Workload:
    manifest = read_yaml(path)
    kind = manifest["type"]
    if kind is None:
        raise InputError(f"{manifest.place}: type is missing; set it to one of {', '.join(_TYPES)}.")
    if kind.text() not in _TYPES:
        raise InputError(
            f"{kind.place}: type {kind.text()!r} is not a type of Copilot; use one of {', '.join(_TYPES)}."
        )
    name = manifest["name"]
    return _Workload(name.text() if name else path.parent.name, manifest, kind.text(), path.parent)


def _application(folder: Path) -> str:
    """The application's name, which references to parameters contain."""
    path = folder / _FOLDER / ".workspace"
    name = read_yaml(path)["application"] if path.is_file() else None
    return name.text() if name else ""


def _environments(folder: Path, manifest: Value) -> Mapping[str, Place]:
    """The environments: those with a manifest, and those that the service overrides."""
    names = dict[str, Place]()
    parent = folder / _FOLDER / "environments"
    for path in sorted(parent.iterdir()) if parent.is_dir() else ():
        if environment := _environment_manifest(folder, path.name):
            names[path.name] = Place(str(environment))
    overrides = manifest["environments"]
    for name, value in entries(overrides).items():
        names.setdefault(name, value.place)
    return {checked_stack(name, place): place for name, place in names.items()} or {DEFAULT_STACK: manifest.place}


def _environment_manifest(folder: Path, name: str) -> Path | None:
    paths = (folder / _FOLDER / "environments" / name / manifest for manifest in _MANIFESTS)
    return next((path for path in paths if path.is_file()), None)


def _draft(
    folder: Path, web: _Workload, workloads: Mapping[str, _Workload], application: str, stack: str, place: Place
) -> Draft:
    draft = Draft(stack, folder, web.manifest.place)
    draft.put("compat", ["copilot"], web.manifest.place, "the variables COPILOT_…")
    manifest = _for_environment(web.manifest, application, stack)
    read_service(draft, manifest, web.kind, folder)
    environment = _environment_manifest(folder, stack)
    settings = read_yaml(environment) if environment else empty(Path(place.file))
    read_environment(draft, settings)
    draft.sources = [settings, *(workload.manifest for workload in workloads.values())]
    for workload in workloads.values():
        if workload is not web:
            _read_other(draft, workload, _for_environment(workload.manifest, application, stack), manifest)
    read_addons(draft, folder / _FOLDER, web.folder, web.manifest.place)
    return draft


def _for_environment(manifest: Value, application: str, stack: str) -> Value:
    """The manifest with its overrides of an environment, and with Copilot's names instead of variables."""
    override = manifest.get("environments", stack)
    data = {key: value for key, value in manifest.mapping().items() if key != "environments"}
    merged = override.over(replace(manifest, data=data)) if override else replace(manifest, data=data)
    if override and not override.is_mapping:
        raise override.error("must be a mapping, with the settings of the environment")
    image = override["image"] if override else None
    if image and image.is_mapping and {"build", "location"} & image.mapping().keys():
        # Of build and location, only the override's counts.
        other = "location" if image["build"] else "build"
        base = merged["image"]
        if base and base.is_mapping:
            rest = {key: value for key, value in base.mapping().items() if key != other}
            merged = replace(merged, data={**merged.mapping(), "image": replace(base, data=rest)})
    return _substituted(merged, {"COPILOT_APPLICATION_NAME": application, "COPILOT_ENVIRONMENT_NAME": stack}, stack)


def _substituted(value: Value, names: Mapping[str, str], stack: str) -> Value:
    path = value.path.removeprefix(f"environments.{stack}.")
    if isinstance(value.data, Mapping):
        return replace(
            value, data={key: _substituted(item, names, stack) for key, item in value.data.items()}, path=path
        )
    if value.is_list:
        return replace(value, data=[_substituted(item, names, stack) for item in value.items()], path=path)
    if isinstance(value.data, str):
        text = _SUBSTITUTED.sub(lambda match: names[match[1]] or match[0], value.data)
        return replace(value, data=text, path=path)
    return value


def _read_other(draft: Draft, workload: _Workload, manifest: Value, web: Value) -> None:
    """A service or job of the application besides the web service."""
    value = replace(manifest, path=f"{workload.name} ({workload.kind})")
    if workload.kind in _WEB:
        draft.lose(value, "is another web service, which needs its own project; import it there with --service.")
        return
    if workload.kind == "Scheduled Job":
        _read_job(draft, workload, replace(manifest, path=value.path), web)
        return
    if workload.kind == "Static Site":
        draft.lose(value, "static sites are not supported; serve the files from the app, for example with WhiteNoise.")
        return
    subscribe = manifest["subscribe"]
    if subscribe:
        draft.put("queue", "sqs", subscribe.place, "jobs come from the app; read QUEUE_URL, not COPILOT_QUEUE_URI")
        draft.lose(
            replace(subscribe, path=f"{workload.name}.subscribe"),
            "SNS topics are not supported; send the jobs to the queue directly (docs/background-jobs.md).",
        )
    name, setting = service_name(workload.name), f"workers.{service_name(workload.name)}"
    command = command_of(manifest)
    if _image(manifest) != _image(web):
        draft.lose(value, "has an image of its own; a worker runs the app's image, so merge the two Dockerfiles.")
    elif not command:
        text = f"the worker {name} runs the image's own command; set the command that it runs."
        draft.need(manifest.place, setting, text, draft.command(setting, "'COMMAND'"))
    else:
        draft.put(setting, command, manifest.place, "one task with cpu and memory of the web service")
        _report_count(draft, manifest, workload.name)
        _read_variables(draft, manifest, web, workload)


def _read_job(draft: Draft, workload: _Workload, manifest: Value, web: Value) -> None:
    schedule, command = manifest.get("on", "schedule"), command_of(manifest)
    if _image(manifest) != _image(web):
        draft.lose(manifest, "has an image of its own; a job runs the app's image, so merge the two Dockerfiles.")
        return
    if schedule is None or not command:
        draft.lose(manifest, "has no schedule or no command; add it to the setting jobs with both.")
        return
    if schedule.text() == "none":
        draft.lose(manifest, "has no schedule; run its command with `flask-on-aws run`.")
        return
    job: dict[str, Any] = {"name": service_name(workload.name), "command": command}
    for key in ("cpu", "memory", "retries"):
        if value := manifest[key]:
            job[key] = value.integer()
    if timeout := manifest["timeout"]:
        job["timeout"] = seconds(timeout)
    put_job(draft, schedule, job, manifest)
    _read_variables(draft, manifest, web, workload)


def _read_variables(draft: Draft, manifest: Value, web: Value, workload: _Workload) -> None:
    """Add the variables of a worker that the web service does not have: all processes of an app have the same."""
    added = dict[str, Value]()
    for key in ("variables", "secrets"):
        own, others = entries(manifest[key]), entries(web[key])
        for name, value in own.items():
            if name in others and plain(others[name]) != plain(value):
                shown = replace(value, path=f"{workload.name}.{key}.{name}")
                draft.lose(shown, "the worker has the value of the web service; set another in its command.")
        if manifest[key]:
            new = {name: value for name, value in own.items() if name not in others}
            added[key] = replace(manifest.mapping()[key], data=new)
    read_variables(draft, replace(manifest, data=added), workload.folder)


def _image(manifest: Value) -> object:
    """What decides the image of a service: its Dockerfile, context, target and arguments, or its location."""
    build, location = manifest.get("image", "build"), manifest.get("image", "location")
    if location:
        return location.text()
    if build is None or build.is_scalar:
        return build and build.text()
    keys = ("dockerfile", "context", "target")
    texts = [value.text() if (value := build[key]) else "" for key in keys]
    return texts if any(texts[1:]) else texts[0]


def _report_count(draft: Draft, manifest: Value, name: str) -> None:
    count = manifest["count"]
    if count and not (count.is_scalar and count.data == "1"):
        draft.lose(replace(count, path=f"{name}.count"), "a worker is one task; give it more threads or processes.")
    for key in ("cpu", "memory"):
        if value := manifest[key]:
            draft.carry(value.place, f"workers.{service_name(name)}", f"has the {key} of the web service")
    network = manifest.get("network", "connect")
    if network:
        draft.lose(
            replace(network, path=f"{name}.network.connect"),
            "Service Connect is not supported; let the services communicate through the queue or the database.",
        )


FORMAT = Format("copilot", "AWS Copilot", "copilot/SERVICE/manifest.yml", _is_in, _read)
