"""The two ways in which a place runs tasks, each with its kind of images."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from ..local_project.location import Location, RuntimeName
from ..task_model.environment_images import Images, ProcessImages
from ..task_model.process_containers import ProcessPlanner
from ..task_model.runtime import Runtime
from .ecs.tasks.processes import ProcessRuntime
from .faults import Faults


class Tasks(NamedTuple):
    """What runs the tasks of a place."""

    images: Images
    runtime: Runtime


def open_images(place: Location, name: RuntimeName) -> Images:
    """The images of a place.

    Raises:
        NoEngineError: if containers are wanted, and no Docker engine answers.
    """
    if name == "process":
        return _environments(place)
    from .containers.docker_client import connect  # Docker's library, for those who use it
    from .containers.images import ContainerImages

    return ContainerImages(connect(), place.folder)


def open_tasks(place: Location, name: RuntimeName, ports: Callable[[], Collection[int]], faults: Faults) -> Tasks:
    """What runs the tasks of a place.

    Args:
        place: whose.
        name: how.
        ports: the ports of loopback that containers may reach.
        faults: where it is told what fails.

    Raises:
        NoEngineError: if containers are wanted, and no Docker engine answers.
    """
    if name == "process":
        images = _environments(place)
        return Tasks(
            images, ProcessRuntime(place.folder / "tasks", ProcessPlanner(place.folder, images.image_plan), faults)
        )
    from .containers.docker_client import connect
    from .containers.images import ContainerImages
    from .containers.runtime import ContainerRuntime

    client = connect()
    images = ContainerImages(client, place.folder)
    return Tasks(images, ContainerRuntime(client, place.folder, place.certificate, ports, images.here, faults))


def _environments(place: Location) -> ProcessImages:
    return ProcessImages(place.folder / "images", place.certificate)
