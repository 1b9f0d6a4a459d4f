"""Copies an app's folder as a builder gets it: without what .dockerignore leaves out, and virtual environments."""

import os
import shutil
from pathlib import Path

from flask_on_aws.build_plan.dockerignore import ignore_rules, sent_entries
from flask_on_aws.build_plan.left_out import is_left_out
from flask_on_aws.build_plan.plan import BuildPlan


def copy_dependency_files(plan: BuildPlan, folder: Path, target: Path) -> None:
    """Copy the files that an image has when its dependencies are installed before the code."""
    target.mkdir(parents=True)
    for name in (*plan.dependency_files, *(plan.node.files if plan.node else ())):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target / name)
    if plan.node and plan.node.folder:
        (target / plan.node.folder).mkdir(parents=True, exist_ok=True)


def copy_code(plan: BuildPlan, folder: Path, target: Path) -> None:
    """Copy everything that a builder gets, over the files that are there."""
    recipe = folder / "Dockerfile"
    rules = ignore_rules(folder, recipe if recipe.is_file() else None)
    packages = f"{plan.node.folder}/node_modules" if plan.node and plan.node.folder else ""

    def is_copied(name: str, entry: "os.DirEntry[str]") -> bool:
        return name != packages and not is_left_out(folder, Path(entry.path))

    entries = [
        (name, Path(entry.path)) for name, entry in sent_entries(folder, rules, is_copied) if is_copied(name, entry)
    ]
    for name, path in sorted(entries):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            if copy.is_dir() and not copy.is_symlink():
                shutil.rmtree(copy)  # made for a dependency file
            copy.unlink(missing_ok=True)
            copy.symlink_to(path.readlink())
        elif path.is_dir():
            copy.mkdir(exist_ok=True)
        elif path.is_file():
            shutil.copy2(path, copy)
