"""The two runtimes for tasks, processes and containers, each with its type of images."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from ..local_project.location import Location, RuntimeName
from ..task_model.environment_images import Images, ProcessImages
from ..task_model.process_containers import ProcessPlanner
from ..task_model.runtime import Runtime
from .ecs.tasks.processes import ProcessRuntime
from .faults import Faults


class TaskRuntime(NamedTuple):
    """The runtime of a local AWS's tasks, and the images that they run."""

    images: Images
    runtime: Runtime


def open_images(location: Location, name: RuntimeName) -> Images:
    """Open the images of a local AWS.

    Raises:
        NoEngineError: if the runtime is containers and no Docker engine answers.
    """
    if name == "process":
        return _process_images(location)
    from .containers.docker_client import connect  # imported only if needed, since it imports Docker's library
    from .containers.images import ContainerImages

    return ContainerImages(connect(), location.folder)


def open_task_runtime(
    location: Location, name: RuntimeName, ports: Callable[[], Collection[int]], faults: Faults
) -> TaskRuntime:
    """Open the runtime of a local AWS's tasks.

    Args:
        location: the local AWS.
        name: the runtime's name.
        ports: returns the ports on loopback that containers may reach.
        faults: where failures are recorded.

    Raises:
        NoEngineError: if the runtime is containers and no Docker engine answers.
    """
    if name == "process":
        images = _process_images(location)
        return TaskRuntime(
            images,
            ProcessRuntime(
                location.folder / "tasks",
                ProcessPlanner(location.folder, images.image_plan, location.certificate),
                faults,
            ),
        )
    from .containers.docker_client import connect
    from .containers.images import ContainerImages
    from .containers.runtime import ContainerRuntime

    client = connect()
    images = ContainerImages(client, location.folder)
    return TaskRuntime(
        images, ContainerRuntime(client, location.folder, location.certificate, ports, images.local_reference, faults)
    )


def _process_images(location: Location) -> ProcessImages:
    return ProcessImages(location.folder / "images", location.certificate)
