"""The container image: a folder with a Dockerfile, built and pushed to ECR, or a ready reference."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
import pulumi_docker_build as docker_build

from ._build_context import ContextError, content_hash, context_problems
from ._checks import choice_problems, range_problems
from ._component import Component, Problem, refuse, settle


class ImageArgs(TypedDict, total=False):
    context: str
    """Path of the app's folder, absolute or relative to the Pulumi program. Required unless `image` is given. Default: none."""
    dockerfile: str
    """Path of the Dockerfile within that folder. Default: `Dockerfile`."""
    image: pulumi.Input[str]
    """A ready image by tag or digest, in place of `context`: nothing is built or created. Default: none."""
    architecture: str
    """Processor that the image is for, `x86_64` or `arm64`. Default: `x86_64`."""
    builder: str
    """`docker-build` builds with BuildKit; `docker` with a bare Docker daemon, for machines that cannot start BuildKit's container. Default: `docker-build`."""
    build_args: Mapping[str, str]
    """Values of the Dockerfile's `ARG`s; they stay readable in the image. Default: none."""
    build_secrets: Mapping[str, pulumi.Input[str]]
    """Secrets for `RUN --mount=type=secret,id=NAME`, by name; they leave no trace in the image, and a new value alone builds nothing. Default: none."""
    rebuild: str
    """Any text, such as a date; a change of it builds again from the newest base image and without cached layers. Default: none."""
    images_kept: int
    """How many of the newest images the repository keeps, from 20 to 1000. Default: 30."""
    force_delete: bool
    """Whether the repository is deleted together with its images. Default: true."""
    repository_name: str
    """Physical name of the repository. With it, content that was pushed before is reused without a build; without it, the name is made up and going back to earlier content builds it again. Default: none."""
    cache: bool
    """Whether layers are kept in a second repository for the next build (docker-build only). Default: true with docker-build."""


_DEFAULTS: ImageArgs = {
    "dockerfile": "Dockerfile",
    "architecture": "x86_64",
    "builder": "docker-build",
    "build_args": {},
    "build_secrets": {},
    "rebuild": "",
    "images_kept": 30,
    "force_delete": True,
}
_PLATFORMS = {"x86_64": docker_build.Platform.LINUX_AMD64, "arm64": docker_build.Platform.LINUX_ARM64}
# Tasks that run, and the releases to roll back to, need their images: fewer than 20 once expired images in use.
# Beyond 1000 the repository only costs storage.
_FEWEST_KEPT, _MOST_KEPT = 20, 1000
# What no tag names any more is a failed push or an old cache; a week leaves time to look at it.
_UNTAGGED_DAYS = 7
# 80 bits: two contents of one repository never share them, and the tag still fits in a table of the console.
_TAG_LENGTH = 20
# Enough to tell the builds of one program apart.
_TAG_IN_NAME = 8
# ECR's own rule, https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_REPOSITORY_NAME = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST_REPOSITORY_NAME = 256 - len("-cache")
# What the provider says of an unknown image or repository, in its versions 5 to 7, and ECR itself.
_NOT_THERE = re.compile(r"couldn't find resource|no matching|ImageNotFound|RepositoryNotFound", re.IGNORECASE)
# An image without content, for what is in the repository already but not in Pulumi's state; it is never pushed.
_PLACEHOLDER = "FROM scratch\nLABEL description=\"placeholder: the image itself was pushed before\"\n"
# Every input but the credentials, which stay fresh in the state.
_BUILD_INPUTS = ["build_args", "build_on_preview", "cache_from", "cache_to", "context", "dockerfile", "exports"]
_BUILD_INPUTS += ["network", "no_cache", "platforms", "push", "secrets", "ignore_secrets_in_diff_calculation", "tags"]
_DOCKER_INPUTS = ["build", "image_name", "skip_push"]


def problems(args: ImageArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    settled = settle(args, _DEFAULTS)
    if ("image" in settled) == ("context" in settled):
        yield Problem("image", "give either `context`, a folder to build, or `image`, a ready reference, not both or neither.")
    elif "context" in settled:
        yield from (Problem(*found) for found in context_problems(settled["context"], settled["dockerfile"]))
    yield from choice_problems("architecture", settled["architecture"], list(_PLATFORMS))
    yield from choice_problems("builder", settled["builder"], ["docker-build", "docker"])
    yield from range_problems("images_kept", settled["images_kept"], _FEWEST_KEPT, _MOST_KEPT, "images")
    name = settled.get("repository_name", "app")
    if not _REPOSITORY_NAME.fullmatch(name) or not 2 <= len(name) <= _LONGEST_REPOSITORY_NAME:
        yield Problem(
            "repository_name",
            f"{name!r} must be 2 to {_LONGEST_REPOSITORY_NAME} lower-case letters and digits, with single . _ - or / between them.",
        )
    if settled["builder"] == "docker":
        for argument in ("build_secrets", "rebuild", "cache"):
            if settled.get(argument):
                yield Problem(argument, f"builder 'docker' has no {argument}; leave it out, or use builder 'docker-build'.")


class Image(Component):
    """An image in an ECR repository of its own, named by its content and given by digest.

    Each content has its own build resource, whose name ends in the tag's start: the provider hashes the folder at
    every update, so a resource that outlived its content would build and push over an immutable tag.
    """

    image_uri: pulumi.Output[str]
    """Reference of the image by digest; a ready reference is passed on as it is."""
    digest: pulumi.Output[str]
    """Digest of the image, `sha256:…`; empty for a ready reference by tag."""
    repository_url: pulumi.Output[str]
    """The image's repository, without tag and digest."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(problems(args))
        self._args = settle(args, _DEFAULTS)
        if "image" not in self._args:
            self._tag = content_tag(self._args)
        super().__init__(name, opts)
        if "image" in self._args:
            self._take_ready_image(pulumi.Output.from_input(self._args["image"]))
        else:
            self._create_repository()
            self._build_or_reuse()
        self._register()

    def _take_ready_image(self, reference: pulumi.Output[str]) -> None:
        self.image_uri = reference
        self.digest = reference.apply(lambda text: split_reference(text)[1])
        self.repository_url = reference.apply(lambda text: split_reference(text)[0])

    def _create_repository(self) -> None:
        self._repository = aws.ecr.Repository(
            self._name,
            name=self._args.get("repository_name"),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=self._args["force_delete"],
            opts=self._child(),
        )
        self.repository_url = self._repository.repository_url
        aws.ecr.LifecyclePolicy(
            f"{self._name}-lifecycle",
            repository=self._repository.name,
            policy=lifecycle_policy(self._args["images_kept"]),
            opts=self._child(),
        )

    def _create_cache(self) -> pulumi.Output[str]:
        """The repository of the layers; what each processor's last build kept is one tag in it."""
        repository = aws.ecr.Repository(
            f"{self._name}-cache",
            name=f"{self._args['repository_name']}-cache" if "repository_name" in self._args else None,
            image_tag_mutability="MUTABLE",  # each build moves the tag
            image_scanning_configuration={"scan_on_push": False},  # nothing runs from it
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=True,  # made again by the next build
            opts=self._child(),
        )
        aws.ecr.LifecyclePolicy(
            f"{self._name}-cache-lifecycle", repository=repository.name, policy=lifecycle_policy(), opts=self._child()
        )
        return pulumi.Output.format("{url}:{tag}", url=repository.repository_url, tag=self._args["architecture"])

    def _build_or_reuse(self) -> None:
        pushed = self._pushed_digest()
        build = self._build_with_docker if self._args["builder"] == "docker" else self._build_with_buildkit
        built = build(f"{self._name}-{self._tag[:_TAG_IN_NAME]}", reuse=pushed is not None)
        # The repository's word counts: what was built may be the placeholder.
        self.digest = pulumi.Output.from_input(pushed) if pushed else built
        self.image_uri = pulumi.Output.format("{url}@{digest}", url=self.repository_url, digest=self.digest)

    def _pushed_digest(self) -> str | None:
        """The digest of this content's tag in the named repository, if both are there."""
        if "repository_name" not in self._args:
            return None
        repository_name, options = self._args["repository_name"], pulumi.InvokeOptions(parent=self)
        try:
            found = aws.ecr.get_image(repository_name=repository_name, image_tag=self._tag, opts=options)
        except Exception as error:  # the SDK raises nothing narrower
            if not _NOT_THERE.search(str(error)):
                pulumi.log.warn(f"Cannot tell whether {repository_name}:{self._tag} was pushed before: {error}", self)
            return None
        return found.image_digest or None

    def _build_with_buildkit(self, name: str, *, reuse: bool) -> pulumi.Output[str]:
        """Build with BuildKit, in a container of its own: unlike Docker's own builder it asks for the newest base image each time and can keep its layers elsewhere."""
        context = context_location(self._args["context"])
        cache = self._create_cache() if _uses_cache(self._args) else None
        if reuse:
            # What the state has already is left as it is. What it lacks becomes the placeholder, in the same
            # folder, so that the provider's hash of it stays the same.
            what = docker_build.ImageArgs(
                push=False,
                exports=[{"cacheonly": {}}],  # type: ignore
                context={"location": context},  # type: ignore
                dockerfile={"inline": _PLACEHOLDER},  # type: ignore
            )
        return pulumi.Output.from_input("")
