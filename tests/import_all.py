"""Imports every module of the two installed distributions: `python -I tests/import_all.py`, in their environment.

A module that is missing in a wheel, or a dependency that its distribution does not declare, fails it.
"""

import importlib
import pkgutil
import sys

import flask_on_aws
import flask_on_aws_cli


def main() -> None:
    """Import all but what runs on import, and every public name."""
    names = [
        module.name
        for package in (flask_on_aws, flask_on_aws_cli)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    for name in flask_on_aws.__all__:
        getattr(flask_on_aws, name)
    print(f"{len(names)} modules and {len(flask_on_aws.__all__)} names, by Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
