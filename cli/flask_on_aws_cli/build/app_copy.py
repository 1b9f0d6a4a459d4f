"""Copies an app's folder as a builder gets it: without what .dockerignore leaves out."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from flask_on_aws.build_plan.dockerignore import ignore_rules, sent_entries
from flask_on_aws.build_plan.plan import LEFT_OUT, BuildPlan


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
    entries = list(sent_entries(folder, rules, left_out=set(_left_out(plan))))
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
        else:
            shutil.copy2(path, copy)


def _left_out(plan: BuildPlan) -> Iterable[str]:
    yield from LEFT_OUT
    if plan.node and plan.node.folder:
        yield f"{plan.node.folder}/node_modules"
