"""Kamal: `config/deploy.yml`, and `config/deploy.NAME.yml` for each destination.

https://kamal-deploy.org/docs/configuration/overview/
"""

import posixpath
from pathlib import Path

from ...drafts.commands import command_line
from ...drafts.draft import DEFAULT_STACK, Draft, Format, checked_stack
from ...drafts.images import is_service, read_image
from ...drafts.services import set_cache_use, without_services
from ...reading.source import InputError, Place, Value, entries, items, read_text, read_yaml
from .servers import read_servers
from .variables import read_variables

_FILE = "config/deploy.yml"
_MACHINE = "is about the servers that Kamal uses; tasks run on Fargate."
_DRAIN = "has no setting; the app gets a minute to finish its requests."
_RELEASE = "has no setting; tasks are replaced without a gap."
_REASONS = {
    **dict.fromkeys(
        ("ssh", "sshkit", "run_directory", "minimum_version", "retain_containers", "allow_empty_roles"), _MACHINE
    ),
    **dict.fromkeys(("require_destination", "secrets_path", "output"), _MACHINE),
    **dict.fromkeys(("deploy_timeout", "readiness_delay", "boot"), _RELEASE),
    "drain_timeout": _DRAIN,
    "registry": "the stack pushes the image to ECR.",
    "volumes": "tasks have no disk that lasts; store files in the bucket (MEDIA_BUCKET).",
    "asset_path": "has no setting; name static files by their content, and let the app serve them (WhiteNoise).",
    "hooks_path": "has no setting; see releaseCommand, and a workflow for other hooks (docs/teams.md).",
    "error_pages_path": "has no setting; the load balancer answers 503 while there is no task.",
    "aliases": "has no setting; run the commands with `flask-on-aws run`.",
    "logging": "has no setting; logs go to CloudWatch.",
    "labels": "has no setting; use tags.",
    "traefik": "is of Kamal 1; the load balancer does its work.",
    "healthcheck": "is of Kamal 1; set healthCheckPath and port.",
}
_PROXY_REASONS = {
    "response_timeout": "has no setting; requests may take a minute.",
    "buffering": "has no setting; the load balancer does not buffer.",
    "forward_headers": "the load balancer sets X-Forwarded-For and X-Forwarded-Proto.",
    "logging": "has no setting; accessLogs turns access logs on.",
    "path_prefix": "see listenerPaths of a shared load balancer.",
    "path_prefixes": "see listenerPaths of a shared load balancer.",
    "strip_path_prefix": "the app gets the whole path.",
    "run": _MACHINE,
}


def _is_in(folder: Path) -> bool:
    return (folder / _FILE).is_file()


def _read(folder: Path, service: str) -> list[Draft]:
    if service:
        raise InputError(f"{folder}: --service has no effect on {_FILE}, which describes one app; leave it out.")
    base = _document(folder / _FILE)
    destinations = dict[str, Value]()
    for path in sorted((folder / "config").glob("deploy.*.yml")):
        name = path.name.removeprefix("deploy.").removesuffix(".yml")
        destinations[checked_stack(name, Place(str(path)))] = _document(path)
    if not destinations:
        return [_draft(folder, base, DEFAULT_STACK, [base])]
    return [_draft(folder, value.over(base), stack, [base, value]) for stack, value in destinations.items()]


def _document(path: Path) -> Value:
    if "<%" in read_text(path):
        line = read_text(path).partition("<%")[0].count("\n") + 1
        raise InputError(f"{path}:{line}: contains Ruby (`<%`), which is not run; write the values and import again.")
    value = read_yaml(path)
    value.mapping()
    return value


def _draft(folder: Path, root: Value, stack: str, sources: list[Value]) -> Draft:
    draft = Draft(stack, folder, root.place, sources=sources)
    _read_builder(draft, root["builder"], folder)
    replaced = _read_accessories(draft, root)
    read_servers(draft, root)
    _read_proxy(draft, root, root["proxy"])
    read_variables(draft, root, replaced)
    if image := root["image"]:
        draft.carry(image.place, "image", "the stack names the image itself")
    commands = [str(value) for path, value in draft.values.items() if path.startswith("workers.")]
    set_cache_use(draft, commands, root.place)
    without_services(draft, root.place, "no accessory is one; set it if the app uses a service elsewhere")
    extensions = {key for key in root.mapping() if key.startswith("x-")}
    for key in extensions:
        root.mapping()[key].mark_used()
    read = {"service", "image", "builder", "servers", "proxy", "env", "accessories", "primary_role"}
    draft.lose_others(root, read | extensions, _REASONS)
    return draft


def _read_builder(draft: Draft, builder: Value | None, folder: Path) -> None:
    """Kamal builds a Dockerfile; its context is a clone of the repository, or a folder."""
    context, dockerfile = (builder["context"], builder["dockerfile"]) if builder else (None, None)
    base = posixpath.normpath(context.text()) if context else "."
    if context and (base.startswith(("/", "..", "~")) or "://" in context.text()):
        raise context.error("must be a folder of the repository")
    draft.app = folder / base
    if context:
        draft.app_place = context.place
    name = posixpath.normpath(dockerfile.text() if dockerfile else "Dockerfile")
    draft.put("dockerfile", name, (dockerfile or builder or Value(None, draft.app_place)).place)
    if builder is None:
        return
    arch, target = builder["arch"], builder["target"]
    names = [arch.text()] if arch and arch.is_scalar else [item.text() for item in items(arch)]
    if arch and names:
        if not set(names) <= {"amd64", "arm64"}:
            raise arch.error("must be amd64 or arm64")
        draft.put("architecture", "arm64" if names == ["arm64"] else "x86_64", arch.place)
    if target:
        draft.put("dockerfileTarget", target.text(), target.place)
    for key, value in entries(builder["args"]).items():
        draft.put(f"buildEnv.{key}", value.text(), value.place)
    for secret in items(builder["secrets"]):
        setting = f"buildSecrets.{secret.text()}"
        draft.need(secret.place, setting, "is a secret of the build; set it.", draft.secret_command(setting))
    reasons = dict.fromkeys(
        ("cache", "remote", "local", "driver", "ssh", "pack", "provenance", "sbom"), "the build has its own."
    )
    draft.lose_others(builder, {"arch", "context", "dockerfile", "target", "args", "secrets"}, reasons)


def _read_accessories(draft: Draft, root: Value) -> dict[str, str]:
    """The accessories that the stack replaces, by the host names that Kamal gives them."""
    replaced, service = dict[str, str](), root["service"]
    for name, accessory in entries(root["accessories"]).items():
        image = accessory["image"]
        if image is None:
            raise accessory.error("must have an image")
        if not is_service(image.text()):
            draft.lose(
                accessory, "has no setting; keep it elsewhere with its address in secretValues, or use a sidecar."
            )
            continue
        replacement = read_image(draft, accessory, image, command_line(accessory["cmd"]))
        own = accessory["service"]
        for host in (own.text() if own else f"{service.text() if service else 'app'}-{name}", *_hosts(accessory)):
            if replacement:
                replaced[host] = replacement
    return replaced


def _hosts(accessory: Value) -> list[str]:
    host = accessory["host"]
    return [host.text()] if host else [item.text() for item in items(accessory["hosts"])]


def _read_proxy(draft: Draft, root: Value, proxy: Value | None) -> None:
    # The defaults of Kamal's proxy: https://kamal-deploy.org/docs/configuration/proxy/
    port, check = (proxy["app_port"], proxy["healthcheck"]) if proxy else (None, None)
    draft.put("port", port.integer() if port else 80, (port or proxy or root).place, "" if port else "Kamal's default")
    path = check["path"] if check else None
    draft.put_health_path(path.text() if path else "/up", (path or proxy or root).place)
    if proxy is None:
        return
    host, hosts = proxy["host"], proxy["hosts"]
    names = [name.strip() for item in ([host] if host else items(hosts)) for name in item.text().split(",")]
    place = (host or hosts or proxy).place
    if names:
        draft.put("domain", names[0], place)
    if names[1:]:
        draft.put("domainAliases", names[1:], place)
    for key in ("ssl", "ssl_redirect"):
        value = proxy[key]
        if value and value.is_mapping:
            draft.lose(value, "has no setting; import the certificate to ACM and set certificateArn.")
        elif value and value.flag():
            draft.carry(value.place, value.path, "HTTP is redirected to HTTPS, with a certificate of ACM")
        elif value:
            draft.lose(value, "the app is always served over HTTPS.")
    fixed = "has no setting; the stack checks every 5 seconds, and three failures replace a task."
    draft.lose_others(check, {"path"}, dict.fromkeys(("interval", "timeout"), fixed))
    draft.lose_others(proxy, {"app_port", "healthcheck", "host", "hosts", "ssl", "ssl_redirect"}, _PROXY_REASONS)


FORMAT = Format("kamal", "Kamal", "config/deploy.yml", _is_in, _read)
