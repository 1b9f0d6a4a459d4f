"""Ports that tasks must be let out by, of a Flask app's arguments."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...validation.problems import Problem
from ..flask_app_args import FlaskAppArgs
from ..topology import has_endpoints, has_setup

_HTTPS = 443
# host:port/repository, as in registry.example.com:5000/shop
_REGISTRY_PORT = re.compile(r"[^/:@]+:(\d+)/")


def outbound_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """Ports without which no task starts: image, secrets and logs pass the task's own network interface.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
    """
    ports = list(args["outbound_ports"])
    if _HTTPS not in ports and not has_endpoints(args):
        yield Problem(
            "outbound_ports",
            f"{ports!r} lacks 443, over which tasks pull their image, read secrets and send logs; add 443.",
        )
    for argument, reference in _images(args):
        port = _REGISTRY_PORT.match(reference)
        if port and int(port[1]) not in ports:
            yield Problem(
                "outbound_ports", f"{ports!r} lacks {port[1]}, the port of the registry of {argument}; add it."
            )


def _images(args: FlaskAppArgs) -> Iterator[tuple[str, str]]:
    """The images that tasks pull beside one that is built, as far as they are known, with the argument of each."""
    given = cast(Mapping[str, Any], args)
    images = [("image", given.get("image")), *(("sidecars", one.get("image")) for one in given.get("sidecars", ()))]
    if has_setup(args):
        images.append(("database_setup_image", args["database_setup_image"]))
    yield from ((argument, image) for argument, image in images if isinstance(image, str))
