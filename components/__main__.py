"""Serves the components to Pulumi programs in every language: `pulumi package add …/components`."""

from importlib import import_module
from importlib.metadata import version
from typing import Any

from pulumi.provider.experimental import component_provider_host


def components() -> list[Any]:
    """The public components, of the installed distribution: in this folder's own name relative imports do not work."""
    library = import_module("flask_on_aws")
    return [getattr(library, name) for name in library.COMPONENTS]


if __name__ == "__main__":
    component_provider_host(components=components(), name="flask-on-aws", version=version("flask-on-aws"))
