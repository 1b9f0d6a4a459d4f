"""Serves the components to Pulumi programs in every language: `pulumi package add …/components`."""

from importlib.metadata import version

import flask_on_aws
from pulumi.provider.experimental import component_provider_host

# The distribution is installed by Pulumi before this runs, so its installed name is imported, not this folder.
COMPONENTS = [getattr(flask_on_aws, name) for name in flask_on_aws.__all__ if not name.endswith("Args")]

if __name__ == "__main__":
    component_provider_host(components=COMPONENTS, name="flask-on-aws", version=version("flask-on-aws"))
