"""Render: `render.yaml`.

https://render.com/docs/blueprint-spec, https://render.com/schema/render.yaml.json
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.builds import put_build
from ...drafts.draft import DEFAULT_STACK, Draft, Format, checked_stack, choose
from ...drafts.scheduled_jobs import put_job
from ...drafts.shell_scripts import build_steps, one_command
from ...reading.source import InputError, Value, items, read_yaml
from .model import CACHES, Blueprint, runtime_of, service_type
from .variables import Variables

_FILES = ("render.yaml", "render.yml")
# CPU units and MiB of the instance types, https://render.com/pricing
_PLANS: Mapping[str, tuple[int, int]] = {
    "free": (256, 512),
    "starter": (512, 512),
    "standard": (1024, 2048),
    "pro": (2048, 4096),
    "pro plus": (4096, 8192),
    "pro max": (4096, 16384),
    "pro ultra": (8192, 32768),
}
_REGIONS = {
    "oregon": "us-west-2",
    "ohio": "us-east-2",
    "virginia": "us-east-1",
    "frankfurt": "eu-central-1",
    "singapore": "ap-southeast-1",
}
_ANYWHERE = ("0.0.0.0/0", "::/0")
_READ = {
    *("type", "name", "runtime", "env", "plan", "rootDir", "buildCommand", "startCommand", "preDeployCommand"),
    *("dockerfilePath", "dockerContext", "dockerCommand", "image", "healthCheckPath", "numInstances", "scaling"),
    *("envVars", "domains", "domain", "ipAllowList", "region", "repo", "branch", "autoDeploy", "autoDeployTrigger"),
}
_REASONS = {
    "disk": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
    "initialDeployHook": "runs once; start it with `flask-on-aws run` after the first `pulumi up`.",
    "maxShutdownDelaySeconds": "has no setting; the app gets a minute to finish its requests.",
    "previews": "see docs/teams.md for previews of pull requests.",
    "pullRequestPreviewsEnabled": "see docs/teams.md for previews of pull requests.",
    "buildFilter": "has no setting; an image is built if the app has changed.",
    "registryCredential": "has no setting; push the image to ECR, where the tasks may pull it.",
    "renderSubdomainPolicy": "has no setting; with a domain, the app is served there alone.",
}


def _is_in(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


def _read(folder: Path, service: str) -> list[Draft]:
    root = read_yaml(next(folder / name for name in _FILES if (folder / name).is_file()))
    projects = items(root["projects"])
    if len(projects) > 1:
        raise InputError(f"{projects[1].place}: there are several projects; keep one of them in the file.")
    sources = {DEFAULT_STACK: root} if items(root["services"]) or not projects else {}
    for project in projects:
        for environment in items(project["environments"]):
            name = environment["name"]
            if name is None:
                raise environment.error("must have a name")
            sources[checked_stack(name.text().lower().replace(" ", "-"), name.place)] = environment
    drafts = [_draft(folder, service, stack, _blueprint(source, root)) for stack, source in sources.items()]
    if not drafts:
        raise InputError(f"{root.place}: there are no services to import; add one of type web.")
    drafts[0].sources.append(root)
    for project in projects:
        drafts[0].skip(project, "name")
    drafts[0].lose_others(root, {"services", "databases", "envVarGroups", "projects", "ungrouped", "version"}, _REASONS)
    return drafts


def _blueprint(source: Value, root: Value) -> Blueprint:
    return Blueprint(
        _named(items(source["services"])),
        _named([*items(source["databases"]), *(items(root["databases"]) if source is not root else ())]),
        _named([*items(source["envVarGroups"]), *(items(root["envVarGroups"]) if source is not root else ())]),
    )


def _named(values: Iterable[Value]) -> dict[str, Value]:
    named = dict[str, Value]()
    for value in values:
        name = value["name"]
        if name is None:
            raise value.error("must have a name")
        if name.text() in named:
            raise InputError(f"{name.place}: the name {name.text()!r} is there twice; rename one of the two.")
        named[name.text()] = value
    return named


def _draft(folder: Path, service: str, stack: str, blueprint: Blueprint) -> Draft:
    webs = {name: value.place for name, value in blueprint.services.items() if service_type(value) == "web"}
    name = choose(webs, service, "web service", folder)
    web = blueprint.services[name]
    draft = Draft(stack, folder / _folder(web), web.place)
    draft.put("compat", ["render"], web.place, "the variables RENDER_…")
    _read_image(draft, web, folder)
    _read_size(draft, web)
    _read_rest(draft, web)
    read = Variables(draft, blueprint)
    read.add(web["envVars"])
    for other, value in blueprint.services.items():
        if other != name:
            _read_other(draft, other, value, web, read)
    read.services(web)
    return draft


def _folder(service: Value) -> str:
    root, context = service["rootDir"], service["dockerContext"]
    base = root.text().strip("/") if root else ""
    return posixpath.normpath(posixpath.join(base, context.text() if context else "."))


def _read_image(draft: Draft, web: Value, folder: Path) -> None:
    runtime = runtime_of(web)
    start, build = web["startCommand"], web["buildCommand"]
    if runtime == "image":
        url = web["image"]
        address = url["url"] if url and url.is_mapping else url
        if address is None:
            raise web.error("must have an image with a url")
        draft.put("image", address.text(), address.place)
    elif runtime == "docker":
        path = web["dockerfilePath"]
        root = web["rootDir"]
        relative = posixpath.relpath(
            posixpath.join(root.text().strip("/") if root else "", path.text() if path else "Dockerfile"), _folder(web)
        )
        draft.put("dockerfile", relative, (path or web).place)
    elif runtime == "python":
        if build:
            put_build(draft, build)
        if start is None and not (draft.app / "Dockerfile").is_file():
            text = "there is no startCommand; set the start command."
            draft.need(web.place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    else:
        raise InputError(f"{web.place}: the runtime {runtime!r} is not Python; choose another service with --service.")
    command = web["dockerCommand"] if runtime in ("docker", "image") else start
    if command and one_command(command.text()):
        draft.put("startCommand", one_command(command.text()), command.place)
    release = web["preDeployCommand"]
    if release and one_command(release.text()):
        draft.put("releaseCommand", one_command(release.text()), release.place)


def _read_size(draft: Draft, web: Value) -> None:
    plan, scaling, number = web["plan"], web["scaling"], web["numInstances"]
    if plan:
        name = plan.text().lower().replace("_", " ")
        if name in _PLANS:
            for setting, size in zip(("cpu", "memory"), _PLANS[name], strict=True):
                draft.put(setting, size, plan.place, f"the plan {name}")
        else:
            draft.lose(plan, "the size of this plan is not known; set cpu and memory.")
    if number:
        draft.put("minTasks", number.integer(), number.place)
        draft.put("maxTasks", number.integer(), number.place)
    settings = {
        "minInstances": "minTasks",
        "maxInstances": "maxTasks",
        "targetCPUPercent": "scaleCpuPercent",
        "targetMemoryPercent": "scaleMemoryPercent",
    }
    for key, setting in settings.items():
        if value := scaling[key] if scaling else None:
            draft.put(setting, value.integer(), value.place)
    draft.lose_others(scaling, set(settings), {})


def _read_rest(draft: Draft, web: Value) -> None:
    if path := web["healthCheckPath"]:
        draft.put_health_path(path.text(), path.place)
    domains, domain = [item.text() for item in items(web["domains"])], web["domain"]
    hosts = [*([domain.text()] if domain else []), *domains]
    place = (web["domains"] or domain or web).place
    if hosts:
        draft.put("domain", hosts[0], place)
    if hosts[1:]:
        draft.put("domainAliases", hosts[1:], place)
    ranges = [source.text() for item in items(web["ipAllowList"]) if (source := item["source"])]
    for item in items(web["ipAllowList"]):
        draft.skip(item, "description")
    if ranges and not set(ranges) & set(_ANYWHERE) and (allowed := web["ipAllowList"]):
        draft.put("allowedCidrs", ranges, allowed.place)
    if (region := web["region"]) and region.text() in _REGIONS:
        draft.carry(region.place, "aws:region", f"{_REGIONS[region.text()]} is the region near {region.text()}")
    draft.lose_others(web, _READ, _REASONS)


def _read_other(draft: Draft, name: str, service: Value, web: Value, read: "Variables") -> None:
    kind = service_type(service)
    value = replace(service, path=f"{name} ({kind})")
    if kind in CACHES:
        return
    if kind == "static":
        draft.lose(value, "static sites are not supported; serve the files from the app, for example with WhiteNoise.")
    elif kind not in ("worker", "cron"):
        draft.lose(value, "is another service, which needs its own project; import it there with --service.")
    elif (_folder(service), runtime_of(service), _text(service, "dockerfilePath")) != (
        _folder(web),
        runtime_of(web),
        _text(web, "dockerfilePath"),
    ):
        what = "worker" if kind == "worker" else "job"
        draft.lose(value, f"has an image of its own; a {what} runs the app's image, so put it into the same folder.")
    elif kind == "cron":
        _read_cron(draft, name, value, web, read)
    else:
        setting = f"workers.{service_name(name)}"
        command = service["startCommand"] or service["dockerCommand"]
        if command is None:
            text = "runs the image's own command; set the command that it runs."
            draft.need(service.place, setting, text, draft.command(setting, "'COMMAND'"))
            return
        note = "one task with cpu and memory of the web service"
        draft.put(setting, one_command(command.text()), command.place, note)
        read.add(service["envVars"], name)
        _read_other_build(draft, name, service, web)
        number = service["numInstances"] or service["scaling"]
        if number and number.data != "1":
            draft.lose(number, "a worker is one task; give it more threads or processes.")


def _read_cron(draft: Draft, name: str, service: Value, web: Value, read: "Variables") -> None:
    schedule, command = service["schedule"], service["startCommand"] or service["dockerCommand"]
    if schedule is None or command is None or not one_command(command.text()):
        draft.lose(service, "has no schedule or no command; add it to the setting jobs with both.")
        return
    job: dict[str, Any] = {"name": service_name(name), "command": one_command(command.text())}
    if (plan := service["plan"]) and (size := _PLANS.get(plan.text().lower().replace("_", " "))):
        job["cpu"], job["memory"] = size
    read.add(service["envVars"], name)
    _read_other_build(draft, name, service, web)
    put_job(draft, schedule, job, service)


def _read_other_build(draft: Draft, name: str, service: Value, web: Value) -> None:
    build, built = service["buildCommand"], web["buildCommand"]
    if build and (built is None or build.text() != built.text()) and build_steps(build.text()).command:
        shown = replace(build, path=f"{name}.buildCommand")
        draft.lose(shown, "the image is built by the buildCommand of the web service; add these steps to it.")
    elif build:
        draft.carry(build.place, f"{name}.buildCommand", "the image is that of the web service")


def _text(service: Value, key: str) -> str:
    value = service[key]
    return posixpath.normpath(value.text()) if value else ""


FORMAT = Format("render", "Render", "render.yaml", _is_in, _read)
