"""A built image and its database in containers of this machine's Docker engine, until the block ends."""

import os
import secrets
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.contract import CA_PATH

from ...build.run import BuildError, build_image
from ...shared.docker_engine import ENGINE_NAMES, DockerError, inspect, remove
from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..examine import Given
from ..prepare import ARCHITECTURE, BUILD, CERTIFICATES, NO_PORT, NOWHERE, USER, StopHere, Tell, build_failed, plan
from ..processes.database import database_facts
from ..settings import AppSettings, release_command
from .builder import pushing_builder
from .container_database import container_database, private_network
from .container_place import ContainerPlace, engine_has_init, image_has


@contextmanager
def as_container(settings: AppSettings, tell: Tell) -> Generator[Given]:
    """The app in a container.

    Raises:
        StopHere: if it cannot be built.
        DockerError: if the engine fails.
    """
    made = plan(settings, settings.dockerfile, tell)
    image = f"flask-on-aws-preflight:{os.getpid()}-{secrets.token_hex(6)}"
    with ExitStack() as stack:
        stack.callback(remove, ("image", "rm", "--force", image))
        _build(settings, made, image, tell)
        known = inspect("image", image)
        tell(judge_architecture(known["Architecture"], settings.architecture))
        network = stack.enter_context(private_network())
        place = ContainerPlace(image, settings, network, "", settings.port, engine_has_init(image))
        user = place.user()
        tell(passed(USER, f"runs as {user}" if user else "its image says root; it is tried as 10001 instead"))
        tell(_certificates(settings, made, image))
        command = made.start_command or " ".join(known["Config"].get("Cmd") or ())
        given = Given(settings, place, command, release_command(settings, made.release_command))
        yield _with_database(given, place, stack) if settings.database else given


def _with_database(given: Given, place: ContainerPlace, stack: ExitStack) -> Given:
    try:
        facts, password, volume = stack.enter_context(container_database(given.settings, place.network))
    except DockerError as error:
        return replace(given, database=database_facts(given.settings, NOWHERE, NO_PORT), no_database=str(error))
    return replace(given, place=replace(place, ca_volume=volume), database=facts, password=password)


def _build(settings: AppSettings, made: BuildPlan, image: str, tell: Tell) -> None:
    began = time.monotonic()
    builder = pushing_builder() if settings.before_push and settings.builder == "docker-build" else ""
    try:
        build_image(
            made, settings.folder, image, settings.build_env, settings.build_secrets, quietly=True, builder=builder
        )
    except BuildError as error:
        tell(failed(BUILD, build_failed(str(error))))
        raise StopHere from error
    seconds = time.monotonic() - began
    tell(passed(BUILD, f"an image, in {seconds:.0f} s", seconds))


def judge_architecture(found: str, wanted: str) -> Check:
    """Whether an image is for the tasks' processor: pure."""
    if found == ENGINE_NAMES[wanted]:
        return passed(ARCHITECTURE, f"the image is for {found}, as the tasks are")
    finding = Finding(
        Cause.ARCHITECTURE,
        f"the image is for {found}, and the tasks run on {wanted}",
        "take --platform out of the Dockerfile, or set architecture to what the image is for",
        (f"Architecture: {found}",),
    )
    return failed(ARCHITECTURE, finding)


def _certificates(settings: AppSettings, made: BuildPlan, image: str) -> Check:
    if not settings.database:
        return not_checked(CERTIFICATES, "the stack has no database")
    if image_has(image, CA_PATH):
        return passed(CERTIFICATES, f"the image has {CA_PATH}")
    # The stack decides by the same words whether an init container brings the file.
    text = (settings.folder / made.dockerfile).read_text(errors="replace") if made.dockerfile else CA_PATH
    if CA_PATH not in text:
        return passed(CERTIFICATES, f"{made.dockerfile} does not name {CA_PATH}, so an init container brings it")
    finding = Finding(
        Cause.NO_CERTIFICATES,
        f"the image lacks {CA_PATH}",
        f"copy the RDS root certificates there, or do not name the path in {made.dockerfile or 'the Dockerfile'}",
    )
    return failed(CERTIFICATES, finding)
