"""Docker Compose: `compose.yaml` or `docker-compose.yml`, with its override.

https://docs.docker.com/reference/compose-file/
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.commands import command_line
from ...drafts.draft import DEFAULT_STACK, Draft, Format, choose
from ...drafts.images import read_image
from ...drafts.services import set_cache_use, without_services
from ...reading.source import InputError, Value, entries, items, plain
from .documents import compose_files, read_documents
from .service import REASONS, command_of, image_of, managed_image, read_service
from .variables import read_secrets, read_variables

_COMPLETED = "service_completed_successfully"
_ROOT_REASONS = {
    "include": "the files that it names are not read; copy their services into this file.",
    "configs": "has no setting; add the file to the image, or pass its content in env.",
    "models": "has no setting; use a model's API with its key in secretValues.",
}


def _is_in(folder: Path) -> bool:
    return bool(compose_files(folder))


def _read(folder: Path, service: str) -> list[Draft]:
    root, sources = read_documents(folder)
    services = entries(root["services"])
    for value in services.values():
        value.mapping()
    managed = {name: image for name, value in services.items() if (image := managed_image(value, folder))}
    name = _web(services, managed, service, folder)
    web = services[name]
    draft = Draft(DEFAULT_STACK, folder, web.place, sources=sources)
    replaced = _read_managed(draft, services, managed)
    read_service(draft, web, folder)
    read_secrets(draft, web)
    read_variables(draft, web, folder, replaced)
    releases = _released(web, services, replaced)
    _read_dependencies(draft, web, replaced, releases)
    for other, value in services.items():
        if other != name and other not in managed:
            _read_other(draft, other, value, web, is_release=other in releases)
            _read_worker_variables(draft, other, value, web, folder, replaced)
    commands = [str(value) for path, value in draft.values.items() if path.startswith("workers.")]
    if "cacheUse" not in draft.values:
        set_cache_use(draft, commands, web.place)
    without_services(draft, web.place, "no service has one")
    _read_root(draft, root)
    return [draft]


def _web(services: Mapping[str, Value], managed: Collection[str], service: str, folder: Path) -> str:
    """The web service: of those that are not databases and the like, the one with ports."""
    apps = {name: value for name, value in services.items() if name not in managed}
    started = {name: value for name, value in apps.items() if value["profiles"] is None}
    for key in ("ports", "expose"):
        if webs := {name: value.place for name, value in started.items() if value[key]}:
            break
    else:
        webs = {name: value.place for name, value in started.items()}
    return choose(
        {name: value.place for name, value in apps.items()} if service else webs, service, "web service", folder
    )


def _read_managed(draft: Draft, services: Mapping[str, Value], managed: Mapping[str, Value]) -> dict[str, str]:
    """Read databases and the like; what the app reads instead of the address of each."""
    replaced = dict[str, str]()
    for name, image in managed.items():
        service = services[name]
        if service["profiles"]:
            draft.lose(service, "has a profile, so it is not started by default.")
        elif replacement := read_image(draft, service, image, command_line(service["command"])):
            replaced[name] = replacement
    return replaced


def _released(web: Value, services: Mapping[str, Value], replaced: Mapping[str, str]) -> set[str]:
    """The services that must end before the web service starts: with the app's image, its release command."""
    names = set[str]()
    for name, dependency in entries(web["depends_on"]).items():
        condition = dependency["condition"] if dependency.is_mapping else None
        if name not in services:
            raise InputError(f"{dependency.place}: the service {name!r} is not in the file; correct depends_on.")
        if condition and condition.text() == _COMPLETED and name not in replaced:
            names.add(name)
    return names


def _read_dependencies(draft: Draft, web: Value, replaced: Mapping[str, str], releases: set[str]) -> None:
    for name, dependency in entries(web["depends_on"]).items():
        if dependency.is_mapping:
            reasons = dict.fromkeys(("restart", "required"), "has no setting; a task that ends is replaced.")
            draft.lose_others(dependency, {"condition"}, reasons)
        if name in replaced:
            draft.carry(dependency.place, dependency.path, "exists before the first task starts")
        elif name not in releases:
            draft.lose(dependency, "has no setting; the release command runs before any task starts.")


def _read_other(draft: Draft, name: str, service: Value, web: Value, *, is_release: bool) -> None:
    """A service of the app besides the web service: its release command, or a worker."""
    shown = replace(service, path=f"services.{name}")
    if service["profiles"]:
        draft.lose(shown, "has a profile, so it is not started by default; run its command with `flask-on-aws run`.")
        return
    web_image = web["image"]
    is_same = image_of(service) in (image_of(web), web_image.text() if web_image else None)
    if not is_same:
        draft.lose(shown, "has an image of its own; a worker runs the app's image, so merge the two Dockerfiles.")
        return
    command = command_of(service)
    setting = "releaseCommand" if is_release else f"workers.{service_name(name)}"
    key = service["command"] or service["entrypoint"] or service
    if is_release and setting in draft.values:
        draft.lose(shown, "is a second command before a release; join it to releaseCommand with `&&`.")
        return
    if command:
        note = "" if is_release else "one task with cpu and memory of the web service"
        draft.put(setting, command, key.place, note)
    else:
        text = "runs the image's own command; set the command that it runs."
        draft.need(service.place, setting, text, draft.command(setting, "'COMMAND'"))
    for ignored in ("image", "build", "depends_on"):
        if value := service[ignored]:
            value.mark_used()
    same = "workers have the settings of the web service."
    reasons = {key: REASONS.get(key, same) for key in service.mapping()}
    reasons |= {
        "deploy": "a worker is one task with cpu and memory of the web service.",
        "scale": "a worker is one task with cpu and memory of the web service.",
        "healthcheck": "workers have no health check; a task that ends is replaced.",
        "volumes": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
        "ports": "workers do not get requests.",
        "expose": "workers do not get requests.",
    }
    read = {"image", "build", "command", "entrypoint", "depends_on", "environment", "env_file", "secrets", "profiles"}
    draft.lose_others(replace(service, path=f"services.{name}"), read, reasons)


def _read_worker_variables(
    draft: Draft, name: str, service: Value, web: Value, folder: Path, replaced: Mapping[str, str]
) -> None:
    """Add the variables of a worker that the web service does not have: all processes of an app have the same."""
    if not {f"workers.{service_name(name)}", "releaseCommand"} & draft.values.keys():
        return
    own, others = entries(service["environment"]), entries(web["environment"])
    for variable, value in own.items():
        if variable in others:
            value.mark_used()
            if plain(others[variable]) != plain(value):
                draft.lose(value, "has the value of the web service; set another in the command.")
    added = {variable: value for variable, value in own.items() if variable not in others}
    environment = service["environment"]
    data = {"environment": replace(environment, data=added)} if environment else {}
    if (files := service["env_file"]) and (web_files := web["env_file"]) and plain(files) == plain(web_files):
        files.mark_used()
    elif files:
        data["env_file"] = files
    read_variables(draft, replace(service, data=data), folder, replaced)
    if secrets := service["secrets"]:
        names = {str(plain(item)) for item in items(web["secrets"])}
        data = [item for item in secrets.items() if str(plain(item)) not in names]
        secrets.mark_used()
        read_secrets(draft, replace(service, data={"secrets": replace(secrets, data=data)}))


def _read_root(draft: Draft, root: Value) -> None:
    for key, value in root.mapping().items():
        if key.startswith("x-"):
            value.mark_used()
    carried = {
        "networks": "the tasks and their services are in one VPC",
        "volumes": "the services that have them are reported",
        "secrets": "the services that have them are reported",
    }
    for key, text in carried.items():
        if value := root[key]:
            value.mark_used()
            draft.carry(value.place, key, text)
    extensions = {key for key in root.mapping() if key.startswith("x-")}
    draft.lose_others(root, {"services", "name", "version", *carried, *extensions}, _ROOT_REASONS)


FORMAT = Format("compose", "Docker Compose", "compose.yaml or docker-compose.yml, and their overrides", _is_in, _read)
