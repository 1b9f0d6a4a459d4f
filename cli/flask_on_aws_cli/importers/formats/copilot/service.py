"""The manifest of a web service of AWS Copilot, merged with an environment's overrides.

https://aws.github.io/copilot-cli/docs/manifest/lb-web-service/, …/rd-web-service/
"""

import posixpath
import re
import shlex
from pathlib import Path

from ...drafts.draft import Draft
from ...reading.source import InputError, Value, entries
from .http import read_http
from .sidecars import read_sidecars
from .variables import read_variables

# Keys of the manifest that the functions below read.
_READ = {
    *("name", "type", "image", "http", "cpu", "memory", "count", "command", "entrypoint", "platform", "variables"),
    *(
        "secrets",
        "env_file",
        "exec",
        "network",
        "storage",
        "logging",
        "sidecars",
        "tags",
        "deployment",
        "observability",
    ),
}
_REASONS = {
    "nlb": "network load balancers are not supported; add one in __main__.py with the service's outputs.",
    "publish": "SNS topics are not supported; set `queue: sqs`, or add the topics in __main__.py.",
    "subscribe": "SNS topics are not supported; set `queue: sqs`.",
    "taskdef_overrides": "has no setting; change the task definition with a transform (docs/library.md).",
    "depends_on": "has no setting; the release command runs before any task starts.",
}
_REQUEST_DRIVEN = "Request-Driven Web Service"
_WINDOWS = "windows"


def read_service(draft: Draft, manifest: Value, kind: str, folder: Path) -> None:
    """Read the manifest into a draft."""
    _read_image(draft, manifest, folder)
    read_http(draft, manifest, kind)
    _read_size(draft, manifest, kind)
    _read_count(draft, manifest)
    if command := command_of(manifest):
        key = manifest["entrypoint"] or manifest["command"]
        draft.put("startCommand", command, key.place if key else manifest.place)
        if entrypoint := manifest["entrypoint"]:
            draft.put("entryPoint", "replace", entrypoint.place)
    read_variables(draft, manifest, folder)
    _read_network(draft, manifest)
    _read_storage(draft, manifest)
    _read_rest(draft, manifest)
    read_sidecars(draft, manifest)
    draft.lose_others(manifest, _READ, _REASONS)


def command_of(manifest: Value) -> str:
    """The command that a service runs instead of its image's; empty if it runs that."""
    return " ".join(filter(None, (_command_line(manifest["entrypoint"]), _command_line(manifest["command"]))))


def _command_line(value: Value | None) -> str:
    if value is None:
        return ""
    if value.is_scalar:
        return value.text().strip()
    return shlex.join(item.text() for item in value.items())


def _read_image(draft: Draft, manifest: Value, folder: Path) -> None:
    image = manifest["image"]
    if image is None:
        raise InputError(f"{manifest.place}: image is missing; add it with `build` or `location`.")
    build, location, port = image["build"], image["location"], image["port"]
    if build:
        _read_build(draft, build, folder)
    elif location and "${" in location.text():
        draft.need(location.place, "image", "contains a variable of the shell; set the image's address.")
    elif location:
        draft.put("image", location.text(), location.place)
    else:
        raise InputError(f"{image.place}: image has neither build nor location; add one of them.")
    if port:
        draft.put("port", port.integer(), port.place)
    reasons = {
        "credentials": "has no setting; push the image to ECR, where the tasks may pull it.",
        "depends_on": "has no setting; the release command runs before any task starts.",
        "healthcheck": "has no setting; the load balancer checks healthCheckPath.",
        "labels": "has no setting; use tags.",
    }
    draft.lose_others(image, {"build", "location", "port"}, reasons)


def _read_build(draft: Draft, build: Value, folder: Path) -> None:
    """The context is the app's folder; Copilot's default is the folder of the Dockerfile."""
    dockerfile, context = (build, None) if build.is_scalar else (build["dockerfile"], build["context"])
    path = posixpath.normpath(dockerfile.text() if dockerfile else "Dockerfile")
    if context:
        base = posixpath.normpath(context.text())
        path = path if dockerfile else posixpath.join(base, "Dockerfile")
    else:
        base = posixpath.dirname(path) or "."
    draft.app, draft.app_place = folder / base, (context or dockerfile or build).place
    relative = posixpath.relpath(path, base)
    draft.put("dockerfile", relative, (dockerfile or build).place)
    if not build.is_mapping:
        return
    args, target = build["args"], build["target"]
    for name, value in entries(args).items():
        draft.put(f"buildEnv.{name}", "" if value.data is None else value.text(), value.place)
    if target:
        draft.put("dockerfileTarget", target.text(), target.place)
    draft.lose_others(
        build, {"dockerfile", "context", "args", "target"}, {"cache_from": "the build has its own cache."}
    )


def _read_size(draft: Draft, manifest: Value, kind: str) -> None:
    # https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html: App Runner's default
    defaults = {"cpu": 1024, "memory": 2048} if kind == _REQUEST_DRIVEN else {"cpu": 256, "memory": 512}
    for setting, default in defaults.items():
        value = manifest[setting]
        number = value.integer() if value else default
        if value and number <= 0:
            raise value.error("must be above 0")
        draft.put(setting, number, value.place if value else manifest.place)
    platform = manifest["platform"]
    if platform is None:
        return
    system, _, architecture = (
        platform.text().lower().partition("/")
        if platform.is_scalar
        else (_lower(platform["osfamily"]), "/", _lower(platform["architecture"]))
    )
    if _WINDOWS in system:
        draft.need(
            platform.place,
            "image",
            "Windows containers are not supported; build the image for Linux.",
            "edit the Dockerfile",
        )
    elif architecture in ("arm64", "aarch64"):
        draft.put("architecture", "arm64", platform.place)
    elif architecture in ("", "x86_64", "amd64"):
        draft.put("architecture", "x86_64", platform.place)
    else:
        raise platform.error("must be linux/x86_64 or linux/arm64")


def _lower(value: Value | None) -> str:
    return value.text().lower() if value else ""


def _read_count(draft: Draft, manifest: Value) -> None:
    count = manifest["count"]
    if count is None:
        return
    if count.is_scalar:
        _set_limits(draft, count, count.integer(), count.integer())
        return
    spot, limits = count["spot"], count["range"]
    if spot:
        _set_limits(draft, spot, spot.integer(), spot.integer())
        draft.put("spotShare", 100, spot.place)
    if limits and limits.is_scalar:
        match = re.fullmatch(r"\s*(\d{1,4})\s*-\s*(\d{1,4})\s*", limits.text())
        if not match:
            raise limits.error("must be two numbers, like 1-10")
        _set_limits(draft, limits, int(match[1]), int(match[2]))
    elif limits:
        least, most = limits["min"], limits["max"]
        if least is None or most is None:
            raise limits.error("must have min and max")
        _set_limits(draft, limits, least.integer(), most.integer())
        if spot_from := limits["spot_from"]:
            draft.lose(spot_from, "has no setting; spotShare is the percentage of all tasks that run on Spot.")
    targets = {
        "cpu_percentage": "scaleCpuPercent",
        "memory_percentage": "scaleMemoryPercent",
        "requests": "scaleRequestsPerMinute",
    }
    for key, setting in targets.items():
        if value := count[key]:
            _read_target(draft, value, setting)
    reasons = {
        "response_time": "has no setting; scale by cpu or requests (scaleCpuPercent, scaleRequestsPerMinute).",
        "queue_delay": "workers are not scaled; an alarm reports jobs that wait.",
        "cooldown": "has no setting; the cooldowns are those of the stack.",
    }
    draft.lose_others(count, {"spot", "range", *targets}, reasons)


def _read_target(draft: Draft, value: Value, setting: str) -> None:
    number = value["value"] if value.is_mapping else value
    if number:
        draft.put(setting, number.integer(), value.place)
    if value.is_mapping and (cooldown := value["cooldown"]):
        draft.lose(cooldown, "has no setting; the cooldowns are those of the stack.")


def _set_limits(draft: Draft, value: Value, least: int, most: int) -> None:
    if least < 0 or most < least:
        raise value.error("must not be negative, nor have a minimum above its maximum")
    draft.put("minTasks", least, value.place)
    draft.put("maxTasks", most, value.place)


def _read_network(draft: Draft, manifest: Value) -> None:
    network = manifest["network"]
    if network is None:
        return
    placement = network.get("vpc", "placement")
    if placement and placement.is_scalar:
        if placement.text() not in ("public", "private"):
            raise placement.error("must be public or private")
        draft.put("egress", "nat" if placement.text() == "private" else "public", placement.place)
    elif placement:
        draft.lose(
            placement, "has no setting; subnets are those of the stack, or publicSubnetIds and privateSubnetIds."
        )
    reasons = {"connect": "Service Connect is not supported; other services reach the app by its public address."}
    draft.lose_others(network, {"vpc"}, reasons)
    groups = {"security_groups": "has no setting; allow the tasks' group in the other group instead (docs/library.md)."}
    draft.lose_others(network["vpc"], {"placement"}, groups)


def _read_storage(draft: Draft, manifest: Value) -> None:
    storage = manifest["storage"]
    if storage is None:
        return
    if readonly := storage["readonly_fs"]:
        draft.put("readOnlyRoot", readonly.flag(), readonly.place)
    volumes, paths = storage["volumes"], list[str]()
    for volume in entries(volumes).values():
        path, efs = volume["path"], volume["efs"]
        if efs and not (efs.is_scalar and efs.data == "false"):
            draft.lose(volume, "EFS is not supported; store the files in the bucket (MEDIA_BUCKET).")
        elif path:
            paths.append(path.text())
    if paths and volumes:
        draft.put("writablePaths", sorted({"/tmp", *paths}), volumes.place)  # noqa: S108 a path in the container
    reasons = {"ephemeral": "has no setting; tasks have 20 GiB."}
    draft.lose_others(storage, {"readonly_fs", "volumes"}, reasons)


def _read_rest(draft: Draft, manifest: Value) -> None:
    if execute := manifest["exec"]:
        draft.put("enableExec", execute.flag(), execute.place)
    if retention := manifest.get("logging", "retention"):
        draft.put("logRetentionDays", retention.integer(), retention.place)
    draft.lose_others(
        manifest["logging"], {"retention"}, {"destination": "FireLens has no setting; logs go to CloudWatch."}
    )
    tags = manifest["tags"]
    for name, value in entries(tags).items():
        draft.put(f"tags.{name}", value.text(), value.place)
    reasons = {
        "rolling": "has no setting; tasks are replaced without a gap.",
        "rollback_alarms": "has no setting; a release that fails its health checks is rolled back.",
    }
    draft.lose_others(manifest["deployment"], set(), reasons)
    draft.lose_others(manifest["observability"], set(), {"tracing": "has no setting; run the collector as a sidecar."})
