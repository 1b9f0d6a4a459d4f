"""Runs a built image and its database in containers of this machine's Docker engine, until the block ends."""

import os
import secrets
import shlex
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from flask_on_aws.build_plan.own_image.own_image import read_own_image
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.contract import CA_PATH, CacheFacts

from ...build.base_image_age import old_base_image
from ...build.run import BuildError, build_image
from ...shared.docker_engine import ENGINE_NAMES, DockerError, inspect, remove
from ..check import Cause, Check, Finding, failed, not_checked, passed, warned
from ..examine import BuiltApp
from ..prepare import ARCHITECTURE, BUILD, CERTIFICATES, NO_PORT, NOWHERE, USER, Report, StopHere, build_failed, plan
from ..processes.cache import AppCache
from ..processes.database import database_facts
from ..settings import AppSettings, release_command
from .builder import pushing_builder
from .container_cache import container_cache
from .container_database import container_database, private_network
from .container_runner import ContainerRunner, engine_has_init, image_has


@contextmanager
def as_container(settings: AppSettings, report: Report) -> Generator[BuiltApp]:
    """The app in a container.

    Raises:
        StopHere: if it cannot be built.
        DockerError: if the engine fails.
    """
    build_plan = plan(settings, report)
    if settings.plan.start_command:  # as the stack runs it: without the package manager, which is not in the image
        settings = replace(settings, plan=replace(settings.plan, start_command=build_plan.start_command))
    image = f"flask-on-aws-preflight:{os.getpid()}-{secrets.token_hex(6)}"
    with ExitStack() as stack:
        stack.callback(remove, ("image", "rm", "--force", image))
        _build(settings, build_plan, image, report)
        image_details = inspect("image", image)
        report(judge_architecture(image_details["Architecture"], settings.architecture))
        network = stack.enter_context(private_network())
        runner = ContainerRunner(
            image,
            settings,
            network,
            "",
            settings.port,
            engine_has_init(image),
            build_plan.entry_point,
            build_plan.image_process,
        )
        user = runner.user()
        report(passed(USER, f"runs as {user}" if user else "its image runs as root; it is run as 10001 instead"))
        report(_certificates(settings, build_plan, image))
        config = image_details["Config"]
        own = shlex.join([*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())])
        command = build_plan.start_command or build_plan.image_process or own
        built = BuiltApp(settings, runner, command, release_command(settings, build_plan))
        if build_plan.dockerfile:
            own = read_own_image(
                settings.folder, build_plan.dockerfile, build_plan.dockerfile_target, settings.build_env
            )
            built = replace(built, stage=own.stage)
        if "cache" in settings.services:
            runner, built = _with_cache(built, runner, stack)
        yield _with_database(built, runner, stack) if "database" in settings.services else built


def _with_cache(built: BuiltApp, runner: ContainerRunner, stack: ExitStack) -> tuple[ContainerRunner, BuiltApp]:
    try:
        cache, volume = stack.enter_context(container_cache(built.settings, runner.network))
    except DockerError as error:
        nowhere = CacheFacts(NOWHERE, NO_PORT, built.settings.cache_use)
        return runner, replace(built, cache=AppCache(nowhere, problem=str(error)))
    runner = replace(runner, trusted_volume=volume)
    return runner, replace(built, runner=runner, cache=cache)


def _with_database(built: BuiltApp, runner: ContainerRunner, stack: ExitStack) -> BuiltApp:
    try:
        database = stack.enter_context(container_database(built.settings, runner.network))
    except DockerError as error:
        return replace(built, database=database_facts(built.settings, NOWHERE, NO_PORT), no_database=str(error))
    return replace(
        built,
        runner=replace(runner, ca_volume=database.ca_volume),
        database=database.facts,
        password=database.password,
        database_paused=database.paused,
    )


def _build(settings: AppSettings, build_plan: BuildPlan, image: str, report: Report) -> None:
    began = time.monotonic()
    builder = pushing_builder() if settings.before_push and settings.builder == "docker-build" else ""
    try:
        build_image(
            build_plan,
            settings.folder,
            image,
            settings.build_env,
            settings.build_secrets,
            quietly=True,
            builder=builder,
        )
    except BuildError as error:
        report(failed(BUILD, build_failed(error)))
        raise StopHere from error
    seconds = time.monotonic() - began
    age, fix = old_base_image(image, build_plan)
    if age:
        report(warned(BUILD, Finding(Cause.OLD_BASE_IMAGE, f"the base image {age}", fix)))
    else:
        report(passed(BUILD, f"an image, in {seconds:.0f} s", seconds))


def judge_architecture(actual: str, expected: str) -> Check:
    """Whether an image is for the tasks' processor architecture. Pure."""
    if actual == ENGINE_NAMES[expected]:
        return passed(ARCHITECTURE, f"the image is for {actual}, as the tasks are")
    finding = Finding(
        Cause.ARCHITECTURE,
        f"the image is for {actual}, but the tasks run on {expected}",
        "remove --platform from the Dockerfile, or set architecture to that of the image",
        (f"Architecture: {actual}",),
    )
    return failed(ARCHITECTURE, finding)


def _certificates(settings: AppSettings, build_plan: BuildPlan, image: str) -> Check:
    if "database" not in settings.services:
        return not_checked(CERTIFICATES, "the stack has no database")
    if image_has(image, CA_PATH):
        return passed(CERTIFICATES, f"the image has {CA_PATH}")
    # The stack uses the same test to decide whether an init container provides the file.
    text = (settings.folder / build_plan.dockerfile).read_text(errors="replace") if build_plan.dockerfile else CA_PATH
    if CA_PATH not in text:
        return passed(
            CERTIFICATES, f"{build_plan.dockerfile} does not mention {CA_PATH}, so an init container provides it"
        )
    finding = Finding(
        Cause.NO_CERTIFICATES,
        f"the image lacks {CA_PATH}",
        f"copy the RDS root certificates there, or do not mention the path in "
        f"{build_plan.dockerfile or 'the Dockerfile'}",
    )
    return failed(CERTIFICATES, finding)
