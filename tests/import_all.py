"""Imports every module of the two installed distributions: `python -I tests/import_all.py`, in their environment.

It fails if a wheel lacks a module, or a distribution does not declare a dependency.
"""

import importlib
import pkgutil
import sys

import flask_on_aws
import flask_on_aws_cli

# Needs pulumi-policy, which only a policy pack's environment has: policy-pack/requirements.txt.
_OF_THE_POLICY_PACK = "flask_on_aws_cli.review.policy.crossguard"


def main() -> None:
    """Import every module, except those that run when they are imported, and every public name."""
    names = [
        module.name
        for package in (flask_on_aws, flask_on_aws_cli)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__") and module.name != _OF_THE_POLICY_PACK
    ]
    for name in names:
        importlib.import_module(name)
    for name in flask_on_aws.__all__:
        getattr(flask_on_aws, name)
    print(f"{len(names)} modules and {len(flask_on_aws.__all__)} names, by Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
