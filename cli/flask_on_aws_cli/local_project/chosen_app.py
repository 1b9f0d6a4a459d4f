"""The app that `up DIR` chose for a project: it has a local AWS of its own, so no app finds another's data.

Later commands use the app that was chosen last; without a choice, the setting `app` decides.
"""

import contextlib
import hashlib
import re
from pathlib import Path

APPS = ".local-apps"
"""Folder in the project with a folder for each app that was chosen, which contains its local AWS."""
_CURRENT = "current"
# Enough that no two folders of a machine get the same name.
_DIGITS = 8


def choose_app(project: Path, app: Path | None) -> None:
    """Choose the app in a folder for the following commands; None: the app of the setting `app`."""
    if app is None:
        with contextlib.suppress(FileNotFoundError):
            (project / APPS / _CURRENT).unlink()
        return
    folder = project / APPS
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    home_of_app(project, app).mkdir(mode=0o700, exist_ok=True)
    (folder / _CURRENT).write_text(str(app.resolve()), encoding="utf-8")


def chosen_app(project: Path) -> Path | None:
    """The folder of the app that was chosen last; None without a choice."""
    try:
        return Path((project / APPS / _CURRENT).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None


def home_of_app(project: Path, app: Path) -> Path:
    """The folder in which a chosen app has its local AWS."""
    path = str(app.resolve())
    name = re.sub(r"[^a-z0-9]+", "-", app.resolve().name.lower()).strip("-")
    return project / APPS / f"{name}-{hashlib.sha256(path.encode()).hexdigest()[:_DIGITS]}"


def home(project: Path) -> Path:
    """The folder in which the current app of a project has its local AWS: the project's, unless an app was chosen."""
    app = chosen_app(project)
    return home_of_app(project, app) if app else project
