"""Serves the components to Pulumi programs in every language: `pulumi package add …/components`."""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import pulumi.provider

NAME = "flask-on-aws"


def host() -> Any:
    """The public components, of the installed distribution: in this folder's own name relative imports do not work."""
    library, hosting = import_module("flask_on_aws"), import_module("flask_on_aws.hosting")
    components = [getattr(library, name) for name in library.COMPONENTS]
    return hosting.Host(components, NAME, version=version(NAME))


if __name__ == "__main__":
    pulumi.provider.main(host(), sys.argv[1:])
