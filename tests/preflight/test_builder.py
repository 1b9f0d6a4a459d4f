"""Which builder a preflight before a push takes, of what `docker buildx` says there is."""

import pytest
from flask_on_aws_cli.preflight.containers.builder import choose

ENGINE = """Name:   default
Driver: docker

Nodes:
Name:     default
Endpoint: default
Status:   running
"""
OWN = ENGINE.replace("Name:   default\nDriver: docker\n", "Name:          ci\nDriver:        docker-container\n")
OF_ENGINE = '{"Name":"default","Driver":"docker","Nodes":[{"Name":"default","Status":"running"}]}'
OF_PROVIDER = '{"Name":"kind_bell","Driver":"docker-container","Nodes":[{"Name":"kind_bell0","Status":"running"}]}'
STOPPED = OF_PROVIDER.replace("running", "inactive").replace("kind_bell", "a")


@pytest.mark.parametrize(
    ("chosen", "listed", "builder"),
    [
        (OWN, [OF_PROVIDER, OF_ENGINE], "ci"),
        (ENGINE, [STOPPED, OF_PROVIDER, OF_ENGINE], "kind_bell"),
        (ENGINE, [OF_ENGINE, STOPPED], ""),
        (ENGINE, ['{"Name":"empty","Driver":"docker-container","Nodes":null}'], ""),
        (ENGINE, ["NAME/NODE DRIVER/ENDPOINT STATUS BUILDKIT PLATFORMS", "default * docker"], ""),
        ("", [], ""),
    ],
)
def test_it_is_the_one_that_pushes(chosen, listed, builder):
    assert choose(chosen, "\n".join(listed)) == builder
