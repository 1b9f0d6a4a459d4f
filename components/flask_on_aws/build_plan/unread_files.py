"""Files of other platforms and tools that configure an app and are not read here, with the settings for their content.

Only their names are looked at: they may contain secrets.
"""

from collections.abc import Iterator
from typing import NamedTuple

from .plan_values import DOCKERFILE
from .project_files import ProjectFiles

_VARIABLES = "variables belong in the setting env, and secret ones in secret_values"
_PLATFORM = (
    "the settings port, cpu, memory, min_tasks, health_check_path, env, workers and release_command carry its content"
)
_IMPORTED = "`flask-on-aws import` writes its content into a stack's file"


class UnreadFile(NamedTuple):
    """A file that is not read."""

    name: str
    reason: str


_REASONS = {
    ".env": _VARIABLES,
    ".env.production": _VARIABLES,
    ".env.prod": _VARIABLES,
    ".env-local": _VARIABLES,
    ".env.local": _VARIABLES,
    ".flaskenv": f"{_VARIABLES}; only the command `flask` reads it",
    ".environment": f"Upsun's; {_IMPORTED}",
    ".upsun/config.yaml": f"Upsun's; {_IMPORTED}",
    ".platform.app.yaml": f"Platform.sh's; {_IMPORTED}",
    ".platform/routes.yaml": f"Platform.sh's; {_IMPORTED}",
    ".platform/services.yaml": f"Platform.sh's; {_IMPORTED}",
    "fly.toml": f"Fly's; {_IMPORTED}",
    "render.yaml": f"Render's; {_IMPORTED}",
    "railway.json": f"Railway's; {_IMPORTED}",
    "railway.toml": f"Railway's; {_IMPORTED}",
    "apprunner.yaml": f"App Runner's; {_IMPORTED}",
    "app.json": f"Heroku's; {_IMPORTED}",
    "heroku.yml": f"Heroku's; {_PLATFORM}",
    "Aptfile": f"Heroku's; {_IMPORTED}",
    "app.yaml": f"App Engine's; {_PLATFORM}",
    "copilot/.workspace": f"Copilot's; {_IMPORTED}",
    ".do/app.yaml": f"DigitalOcean's; {_PLATFORM}",
    "config/deploy.yml": f"Kamal's; {_IMPORTED}",
    "vercel.json": f"Vercel's; {_PLATFORM}",
    "nixpacks.toml": "Nixpacks'; the settings start_command, python_version and system_packages carry its content",
    "zappa_settings.json": f"Zappa's; {_PLATFORM}",
    "compose.yaml": f"Docker Compose's; {_IMPORTED}",
    "compose.yml": f"Docker Compose's; {_IMPORTED}",
    "docker-compose.yaml": f"Docker Compose's; {_IMPORTED}",
    "docker-compose.yml": f"Docker Compose's; {_IMPORTED}",
}
# Dockerfiles of other names and places; `dockerfile` is found on a Mac alone, whose file system ignores case.
_DOCKERFILES = (
    "dockerfile",
    "Containerfile",
    "Dockerfile.*",
    "*.[Dd]ockerfile",
    "docker/[Dd]ockerfile*",
    "deploy/Dockerfile*",
)


def unread_files(files: ProjectFiles, has_dockerfile: bool = False) -> Iterator[UnreadFile]:
    """The files in an app's folder that look as if they decided something, and do not.

    Args:
        files: the app's folder.
        has_dockerfile: whether a Dockerfile of any name decides the image.
    """
    for name, reason in _REASONS.items():
        if files.has(name):
            yield UnreadFile(name, reason)
    if not has_dockerfile and not files.has(DOCKERFILE):
        for name in sorted(_other_dockerfiles(files)):
            yield UnreadFile(name, "the setting dockerfile makes it decide the image")


def _other_dockerfiles(files: ProjectFiles) -> Iterator[str]:
    for pattern in _DOCKERFILES:
        for path in files.folder.glob(pattern):
            if path.is_file() and path.suffix != ".dockerignore":
                yield path.relative_to(files.folder).as_posix()
