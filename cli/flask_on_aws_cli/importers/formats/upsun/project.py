"""Upsun: `.upsun/*.yaml`, and its predecessor Platform.sh: `.platform.app.yaml` and `.platform/*.yaml`.

https://docs.upsun.com/create-apps/app-reference/single-runtime-image.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...drafts.draft import DEFAULT_STACK, Draft, Format, choose
from ...reading.source import InputError, Place, Value, empty, read_yaml
from .app import read_application
from .environment_file import read_environment_file
from .services import read_routes, read_services

_UPSUN = ".upsun"
_APP, _APPS = ".platform.app.yaml", ".platform/applications.yaml"
_SERVICES, _ROUTES = ".platform/services.yaml", ".platform/routes.yaml"


@dataclass(frozen=True)
class _Project:
    applications: Mapping[str, Value]
    services: Value
    routes: Value
    files: Sequence[Value]


def _upsun_files(folder: Path) -> list[Path]:
    parent = folder / _UPSUN
    files = sorted(parent.iterdir()) if parent.is_dir() else ()
    return [path for path in files if path.suffix in (".yaml", ".yml") and path.is_file()]


def _upsun(folder: Path) -> _Project:
    """All files of the folder `.upsun`, which Upsun merges."""
    merged = empty(folder / _UPSUN / "config.yaml")
    for path in _upsun_files(folder):
        value = read_yaml(path)
        value.mapping()
        merged = value.over(merged) if merged.is_mapping else value
    applications, services, routes = merged["applications"], merged["services"], merged["routes"]
    if applications is None:
        raise InputError(f"{merged.place}: applications is missing; add it with the app.")
    nothing = replace(merged, data=None)
    return _Project(applications.mapping(), services or nothing, routes or nothing, [merged])


def _platform_sh(folder: Path) -> _Project:
    applications = dict[str, Value]()
    if (folder / _APPS).is_file():
        listed = read_yaml(folder / _APPS)
        for item in listed.items() if listed.is_list else listed.mapping().values():
            applications[_name(item)] = item
    if (folder / _APP).is_file():
        app = read_yaml(folder / _APP)
        applications[_name(app)] = app
    services, routes = _optional(folder / _SERVICES), _optional(folder / _ROUTES)
    return _Project(applications, services, routes, [*applications.values(), services, routes])


def _optional(path: Path) -> Value:
    value = read_yaml(path) if path.is_file() else empty(path)
    value.mapping()
    return value


def _name(app: Value) -> str:
    name = app["name"]
    return name.text() if name else "app"


def _draft(folder: Path, service: str, project: _Project) -> list[Draft]:
    for application in project.applications.values():
        application.mapping()
    webs = {
        name: _place(app) for name, app in project.applications.items() if app["web"] or len(project.applications) == 1
    }
    name = choose(webs, service, "app", folder)
    app = project.applications[name]
    root = app.get("source", "root")
    inner = root.text().strip("/") if root else ""
    draft = Draft(DEFAULT_STACK, folder / inner if inner else folder, root.place if root else _place(app))
    draft.sources += project.files
    read_application(draft, app)
    read_services(draft, app, project.services, project.applications)
    read_environment_file(draft)
    read_routes(draft, name, project.routes)
    for other, value in project.applications.items():
        if other != name:
            draft.lose(
                replace(value, path=other),
                "is another app, which needs its own project; import it there with --service.",
            )
    return [draft]


def _place(app: Value) -> Place:
    return app.place


def _is_upsun(folder: Path) -> bool:
    return bool(_upsun_files(folder))


def _is_platform_sh(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (_APP, _APPS))


def _read_upsun(folder: Path, service: str) -> list[Draft]:
    return _draft(folder, service, _upsun(folder))


def _read_platform_sh(folder: Path, service: str) -> list[Draft]:
    return _draft(folder, service, _platform_sh(folder))


UPSUN = Format(
    "upsun",
    "Upsun",
    ".upsun/config.yaml",
    _is_upsun,
    _read_upsun,
)
PLATFORM_SH = Format(
    "platform.sh",
    "Platform.sh",
    ".platform.app.yaml, .platform/services.yaml and .platform/routes.yaml",
    _is_platform_sh,
    _read_platform_sh,
)
