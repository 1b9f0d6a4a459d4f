"""Railway: `railway.json` or `railway.toml`.

https://docs.railway.com/config-as-code/reference
"""

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..drafts.builds import put_build
from ..drafts.commands import command_line
from ..drafts.draft import DEFAULT_STACK, Draft, Format, checked_stack
from ..drafts.services import without_services
from ..drafts.shell_scripts import one_command
from ..reading.files import read_file
from ..reading.source import InputError, Value, entries

_FILES = ("railway.json", "railway.toml")
_BUILDERS = ("RAILPACK", "NIXPACKS", "DOCKERFILE", "PAKETO", "HEROKU")
# The AWS region near each of Railway's, by the beginning of its name: https://docs.railway.com/deployments/regions
_REGIONS: Mapping[str, str] = {
    "us-west": "us-west-2",
    "us-east": "us-east-1",
    "europe-west": "eu-central-1",
    "asia-southeast": "ap-southeast-1",
}
_STOP = "has no setting; tasks are replaced without a gap, and the app gets a minute to finish its requests."
_PLAN = "the build plan or a Dockerfile builds the image; see pythonVersion and systemPackages."
_VARIABLES = "are not in the file; set each that `railway variables` shows in env, and secret ones in secretValues."
_NO_SERVICE = "Railway's variables may have its address, and the file names none"
_BUILD_REASONS = {
    "watchPatterns": "has no setting; a workflow decides when it deploys (docs/teams.md).",
    **dict.fromkeys(("nixpacksPlan", "nixpacksConfigPath", "nixpacksVersion", "railpackVersion"), _PLAN),
}
_DEPLOY_REASONS = {
    "sleepApplication": "tasks do not stop while nobody visits; schedules can set minTasks to 0 at night.",
    "healthcheckTimeout": "has no setting; startupSeconds is how long the app may take to start, at most 240.",
    **dict.fromkeys(("restartPolicyType", "restartPolicyMaxRetries"), "has no setting; a task that ends is replaced."),
    **dict.fromkeys(("overlapSeconds", "drainingSeconds", "deploymentOverlapSeconds"), _STOP),
    "requiredMountPath": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
    **dict.fromkeys(("runtime", "useLegacyStacker", "ipv6EgressEnabled"), "is about Railway's own platform."),
}


def _is_in(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _FILES)


def _read(folder: Path, service: str) -> list[Draft]:
    if service:
        raise InputError(f"{folder}: --service has no effect on Railway's file, which describes one app; leave it out.")
    root = read_file(next(folder / name for name in _FILES if (folder / name).is_file()))
    environments = entries(root["environments"])
    base = replace(root, data={key: value for key, value in root.mapping().items() if key != "environments"})
    merged = {checked_stack(name, override.place): override.over(base) for name, override in environments.items()}
    if not {"prod", "production"} & environments.keys():
        merged = {DEFAULT_STACK: base, **merged}
    for override in environments.values():
        override.mapping()
    return [_draft(folder, root, replace(value, path=""), stack) for stack, value in merged.items()]


def _draft(folder: Path, root: Value, settings: Value, stack: str) -> Draft:
    draft = Draft(stack, folder, root.place, sources=[root])
    draft.put("compat", ["railway"], root.place, "the variables RAILWAY_… and those of its databases")
    _read_build(draft, settings["build"])
    _read_deploy(draft, settings["deploy"], root)
    draft.lose(Value("", root.place, "variables"), _VARIABLES)
    without_services(draft, root.place, _NO_SERVICE)
    draft.lose_others(settings, {"$schema", "build", "deploy"}, {})
    return draft


def _read_build(draft: Draft, build: Value | None) -> None:
    if build is None:
        return
    builder, dockerfile, command = build["builder"], build["dockerfilePath"], build["buildCommand"]
    if builder and builder.text().upper() not in _BUILDERS:
        raise builder.error(f"must be one of {', '.join(_BUILDERS)}")
    if dockerfile:
        draft.put("dockerfile", posixpath.normpath(dockerfile.text().lstrip("/")), dockerfile.place)
    if builder:
        has_dockerfile = builder.text().upper() == "DOCKERFILE"
        text = "the Dockerfile builds the image" if has_dockerfile else "the build plan builds the image"
        draft.carry(builder.place, builder.path, text)
    if command:
        put_build(draft, command)
    draft.lose_others(build, {"builder", "dockerfilePath", "buildCommand"}, _BUILD_REASONS)


def _read_deploy(draft: Draft, deploy: Value | None, root: Value) -> None:
    start, release = (deploy["startCommand"], deploy["preDeployCommand"]) if deploy else (None, None)
    files = ("Dockerfile", "Procfile")
    if start and one_command(start.text()):
        draft.put("startCommand", one_command(start.text()), start.place)
    elif "dockerfile" not in draft.values and not any((draft.app / name).is_file() for name in files):
        text = "there is no startCommand; set the start command."
        draft.need((deploy or root).place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    if deploy is None:
        return
    if schedule := deploy["cronSchedule"]:
        raise schedule.error(
            "makes the service a scheduled job, not a web service; choose the folder of the web service"
        )
    if release:
        commands = [item.text() for item in release.items()] if release.is_list else [command_line(release)]
        if command := " && ".join(text for text in map(one_command, commands) if text):
            draft.put("releaseCommand", command, release.place)
    if path := deploy["healthcheckPath"]:
        draft.put_health_path(path.text(), path.place)
    _read_count(draft, deploy)
    _read_limits(draft, deploy["limitOverride"])
    read = {"startCommand", "preDeployCommand", "healthcheckPath", "numReplicas", "multiRegionConfig", "region"}
    if (sleep := deploy["sleepApplication"]) and not sleep.flag():
        draft.carry(sleep.place, sleep.path, "tasks do not stop while nobody visits")
        read.add("sleepApplication")
    draft.lose_others(deploy, {*read, "limitOverride"}, _DEPLOY_REASONS)


def _read_count(draft: Draft, deploy: Value) -> None:
    replicas, region, regions = deploy["numReplicas"], deploy["region"], entries(deploy["multiRegionConfig"])
    if region:
        _carry_region(draft, region.text(), region)
    for index, (name, settings) in enumerate(regions.items()):
        if index == 0:
            _carry_region(draft, name, settings)
            replicas = settings["numReplicas"] or replicas
            draft.lose_others(settings, {"numReplicas"}, {})
        else:
            draft.lose(settings, "a stack is in one region; create another stack for this one.")
    if replicas:
        number = replicas.integer()
        if number < 0:
            raise replicas.error("must not be negative")
        draft.put("minTasks", number, replicas.place)
        draft.put("maxTasks", number, replicas.place)


def _carry_region(draft: Draft, name: str, value: Value) -> None:
    region = next((region for start, region in _REGIONS.items() if name.startswith(start)), "")
    text = f"{region} is the region near {name}" if region else "choose the region"
    draft.carry(value.place, "aws:region", text)


def _read_limits(draft: Draft, limits: Value | None) -> None:
    containers = limits["containers"] if limits else None
    if containers is None:
        return
    cpu, memory = containers["cpu"], containers["memoryBytes"]
    if cpu:
        draft.put("cpu", cpu.integer() * 1024, cpu.place)
    if memory:
        draft.put("memory", max(1, memory.integer() // 1024**2), memory.place)
    draft.lose_others(containers, {"cpu", "memoryBytes"}, {})
    draft.lose_others(limits, {"containers"}, {})


FORMAT = Format("railway", "Railway", "railway.json or railway.toml", _is_in, _read)
