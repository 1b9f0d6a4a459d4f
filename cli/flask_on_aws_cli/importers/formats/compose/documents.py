"""The files of Compose as the services that they describe together.

https://docs.docker.com/reference/compose-file/merge/
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...reading.source import InputError, Value, entries, read_yaml
from .interpolation import interpolated

# In Compose's order; the override is that of the same kind.
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = tuple(name.replace(".", ".override.") for name in _FILES)
# Lists to which a second file adds, and those of which an entry `NAME=value` or `NAME` is also a mapping.
_APPENDED = ("ports", "expose", "volumes", "env_file", "secrets", "configs", "tmpfs", "dns", "profiles", "devices")
_NAMED = ("environment", "labels", "args", "depends_on")
_RESET, _OVERRIDE = "!reset", "!override"


def compose_files(folder: Path) -> list[Path]:
    """The file that Compose reads in a folder, and its override."""
    files = [folder / name for name in _FILES if (folder / name).is_file()][:1]
    return files + [folder / name for name in _OVERRIDES if files and (folder / name).is_file()][:1]


def read_documents(folder: Path) -> tuple[Value, list[Value]]:
    """The merged file, in which each service is complete, and the files that it comes from."""
    sources = [read_yaml(path) for path in compose_files(folder)]
    merged = interpolated(sources[0])
    merged.mapping()
    if merged["services"] is None:
        raise InputError(f"{merged.place}: services is missing; add the app's service.")
    merged = _normal_services(merged)
    for source in sources[1:]:
        merged = _merged(_normal_services(interpolated(source)), merged)
    services = merged["services"]
    complete = {
        name: _extended(folder, name, service, entries(services), (name,))
        for name, service in entries(services).items()
    }
    return replace(merged, data={**merged.mapping(), "services": replace(services or merged, data=complete)}), sources


def _normal_services(root: Value) -> Value:
    services = root["services"]
    if services is None:
        return root
    normal = {name: _normal(service) for name, service in entries(services).items()}
    return replace(root, data={**root.mapping(), "services": replace(services, data=normal)})


def _normal(service: Value) -> Value:
    """A service with mappings where lists are possible too."""
    data = dict(service.mapping())
    build = data.get("build")
    if build and build.is_scalar:
        data["build"] = replace(build, data={"context": replace(build, path=f"{build.path}.context")})
    elif build and build.is_mapping:
        data["build"] = replace(build, data={key: _normal_key(key, item) for key, item in build.mapping().items()})
    return replace(service, data={key: _normal_key(key, item) for key, item in data.items()})


def _normal_key(key: str, value: Value) -> Value:
    if key not in _NAMED or not value.is_list:
        return value
    named = dict[str, Value]()
    for item in value.items():
        name, equals, text = item.text().partition("=")
        nothing = dict[str, Value]() if key == "depends_on" else None
        data = text if equals else nothing
        named[name] = replace(item, data=data, path=f"{value.path}.{name}")
    return replace(value, data=named)


def _merged(value: Value, base: Value | None) -> Value:
    """A value of the second file over that of the first."""
    if base is None or value.kind == _OVERRIDE:
        if base:
            base.use.is_overridden = True
        return value
    if not (value.is_mapping and base.is_mapping):
        base.use.is_overridden = True
        return value
    merged = dict(base.mapping())
    for key, item in value.mapping().items():
        former = merged.get(key)
        if item.kind == _RESET:
            item.mark_used()
            merged.pop(key, None)
            if former:
                former.use.is_overridden = True
        elif former and key in _APPENDED and item.kind != _OVERRIDE:
            both = [*_listed(former), *_listed(item)]
            merged[key] = replace(item, data=both)
        else:
            merged[key] = _merged(item, former)
    return replace(value, data=merged, place=base.place)


def _listed(value: Value) -> list[Value]:
    return [value] if value.is_scalar else list(value.items())


def _extended(
    folder: Path,
    name: str,
    service: Value,
    services: Mapping[str, Value],
    chain: tuple[object, ...],
) -> Value:
    """A service with what it inherits by `extends`."""
    extends = service.mapping().get("extends")
    if extends is None or extends.data is None:
        return service
    target = extends if extends.is_scalar else extends["service"]
    file = None if extends.is_scalar else extends["file"]
    if target is None:
        raise extends.error("must name a service")
    if file:
        services = _other_file(folder, file)
    key = (file.text() if file else "", target.text())
    if key in chain or target.text() not in services or (not file and target.text() == name):
        reason = "is extended by itself" if key in chain or target.text() == name else "is not in the file"
        raise InputError(f"{target.place}: the service {target.text()!r} {reason}; correct extends.")
    base = _extended(folder, target.text(), services[target.text()], services, (*chain, key))
    own = {key: item for key, item in service.mapping().items() if key != "extends"}
    # Neither is inherited: https://docs.docker.com/reference/compose-file/services/#extends
    inherited = {key: item for key, item in base.mapping().items() if key not in ("depends_on", "extends")}
    return _merged(replace(service, data=own), replace(base, data=inherited, place=service.place))


def _other_file(folder: Path, file: Value) -> Mapping[str, Value]:
    path = folder / file.text()
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise InputError(f"{file.place}: extends names the file {file.text()!r}, which is not in {folder}; add it.")
    return entries(_normal_services(interpolated(read_yaml(path)))["services"])
