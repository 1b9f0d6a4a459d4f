"""The container image: a folder that is built and pushed to ECR, or a reference to an existing image."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

from ..build_plan.own_image.own_image import ImageTargetError, read_own_image
from ..build_plan.project_files import FileError
from ..component import Component, with_defaults
from ..ecs.task_roles import repository_arn
from ..validation.argument_types import typed
from ..validation.choices import Architecture, Builder, Preflight
from ..validation.problems import Problem, raise_problems
from ..validation.references import image_problems, kms_key_problems
from ..validation.values import range_problems, variable_name_problems
from .build_context import ContextError, content_hash, context_location, context_problems
from .ecr_repository import (
    lifecycle_policy,
    pushed_digest,
    registry_credentials,
    repository_name_problems,
    split_reference,
)
from .planned_image import (
    dockerfile_source,
    is_planned,
    named_contexts,
    plan_problems,
    planned_build,
    planned_content,
)
from .preflight_hook import preflight_hooks


class ImageArgs(TypedDict, total=False):
    context: str
    """Path of the app's folder, absolute or relative to the Pulumi program. Required unless `image` is given. Default: none."""
    dockerfile: str
    """Path of the Dockerfile within that folder. Default: `Dockerfile`, or, if none exists, one generated from the app's files by a build plan."""
    dockerfile_target: str
    """Stage of the Dockerfile that is built, by name or number. Default: the last one."""
    python_version: str
    """Without a Dockerfile: Python as major.minor, with its newest patch. Default: the version that `.python-version` or the project names, else 3.13."""
    system_packages: Sequence[str]
    """Without a Dockerfile: Debian packages to build and run with, besides those that well-known Python packages need. Default: none."""
    build_command: str
    """Without a Dockerfile: a command of the build, run in a shell with Node and the app's environment after dependencies and code, by the image's user and without `build_secrets`. `none` runs none. Default: for Django with WhiteNoise and `STATIC_ROOT`, `manage.py collectstatic`; else none."""
    assets_folder: str
    """Without a Dockerfile: folder of the package.json that builds the app's assets, relative to `context`; `none` builds none. Default: the only one with a script `build`."""
    start_command: str
    """Without a Dockerfile: the image's CMD, run in a shell. Default: `web:` of the Procfile, else the project's only script."""
    commands: Sequence[str]
    """Without a Dockerfile: commands that run in the image besides `start_command`, such as a release command; the image has Node if one of them needs it. Default: none."""
    writable_paths: Sequence[str]
    """Without a Dockerfile: directories besides /tmp and /data/media that are volumes of the image's user. Default: none."""
    image: pulumi.Input[str]
    """An existing image by tag or digest, instead of `context`: nothing is built or created. Default: none."""
    architecture: Architecture
    """Processor architecture of the image, `x86_64` or `arm64`. Default: `x86_64`."""
    builder: Builder
    """`docker-build` builds with BuildKit; `docker` with a bare Docker daemon, for machines that cannot start BuildKit's container. Default: `docker-build`."""
    build_args: Mapping[str, str]
    """Values of the Dockerfile's `ARG`s, which stay readable in an image of one stage; without a Dockerfile, variables of the build that are not in the image. Default: none."""
    build_secrets: Mapping[str, pulumi.Input[str]]
    """Secrets for `RUN --mount=type=secret,id=NAME`, by name, and without a Dockerfile variables of the build; they leave no trace in the image, and a new value alone triggers no build. Default: none."""
    rebuild: str
    """Any string, such as a date; changing it rebuilds from the newest base image without cached layers. Default: none."""
    images_kept: int
    """How many of the newest images the repository keeps, from 20 to 1000. Default: 30."""
    force_delete: bool
    """Whether the repository is deleted together with its images. Default: true."""
    repository_name: str
    """Physical name of the repository. With it, content that was pushed before is reused without a build; without it, the name is generated, and returning to earlier content rebuilds it. Default: none."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the repositories. It can only be set at creation: an existing repository keeps its key. Default: ECR's key."""
    cache: bool
    """Whether layers are kept in a second repository for the next build (docker-build only). Default: true with docker-build."""
    preflight: Preflight
    """Whether the app is built, run and checked on this machine before its image is pushed: `auto` if a Docker engine and the command line tool are available, `always`, or `never`. Default: `never`."""
    preflight_settings: Mapping[str, str]
    """The app's settings in the preflight, by their names in a stack (`port`, `healthCheckPath` …), each as a string. Default: those of a new stack."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: ImageArgs = {
    "dockerfile": "Dockerfile",
    "dockerfile_target": "",
    "python_version": "",
    "system_packages": [],
    "build_command": "",
    "assets_folder": "",
    "start_command": "",
    "commands": [],
    "writable_paths": [],
    "architecture": "x86_64",
    "builder": "docker-build",
    "build_args": {},
    "build_secrets": {},
    "rebuild": "",
    "images_kept": 30,
    "force_delete": True,
    "preflight": "never",
    "preflight_settings": {},
}
_PLATFORMS = {"x86_64": docker_build.Platform.LINUX_AMD64, "arm64": docker_build.Platform.LINUX_ARM64}
# Running tasks, and releases to roll back to, need their images: with fewer than 20, images in use have expired.
# Beyond 1000 the repository only costs storage.
_FEWEST_KEPT, _MOST_KEPT = 20, 1000
# 80 bits: enough that no two contents of a repository collide, and short enough for the console's tables.
_TAG_LENGTH = 20
# Enough to distinguish the builds of one program.
_TAG_IN_NAME = 8
# An empty image that stands for one in the repository that is not in Pulumi's state; it is never pushed.
_PLACEHOLDER = 'FROM scratch\nLABEL description="placeholder: the image itself was pushed before"\n'
# Every input except the credentials, which the state must keep current.
_BUILD_INPUTS = [
    *(
        "context",
        "dockerfile",
        "target",
        "platforms",
        "build_args",
        "secrets",
        "ignore_secrets_in_diff_calculation",
        "no_cache",
    ),
    *("cache_from", "cache_to", "tags", "exports", "push", "build_on_preview", "network"),
]
# ECR cannot change a repository's key, and a new repository would lack the images that run or that a rollback needs.
_KEPT = ["encryptionConfigurations"]
_DOCKER_INPUTS = ["build", "image_name", "skip_push"]


@typed(ImageArgs)
def problems(args: ImageArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    if ("image" in args) == ("context" in args):
        yield Problem(
            "image", "set either `context`, a folder to build, or `image`, an existing image, not both or neither."
        )
    elif "context" in args:
        context_errors = [Problem(*error) for error in context_problems(args["context"], args["dockerfile"])]
        yield from context_errors
        if not context_errors and is_planned(args):
            yield from plan_problems(args)
        elif not context_errors:
            yield from _target_problems(args)
    yield from image_problems("image", args.get("image"))
    for argument in ("build_args", "build_secrets"):
        for name in args[argument]:
            yield from variable_name_problems(f"{argument}.{name}", name)
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    yield from range_problems("images_kept", args["images_kept"], _FEWEST_KEPT, _MOST_KEPT, "images")
    yield from repository_name_problems("repository_name", args.get("repository_name", "app"))
    if args["builder"] == "docker":
        for argument in ("build_secrets", "rebuild", "cache"):
            if args.get(argument):
                yield Problem(
                    argument,
                    f"builder 'docker' does not support {argument}; leave it out, or use builder 'docker-build'.",
                )


def _target_problems(args: ImageArgs) -> Iterator[Problem]:
    if not args["dockerfile_target"]:
        return
    try:
        read_own_image(Path(args["context"]), args["dockerfile"], args["dockerfile_target"], args["build_args"])
    except ImageTargetError as error:
        yield Problem("dockerfile_target", str(error))
    except FileError as error:
        yield Problem("dockerfile", str(error))


class Image(Component):
    """An image in a dedicated ECR repository, tagged by its content and referenced by digest.

    Each content has a separate build resource, whose name ends with the start of the tag: the provider hashes the folder at
    every update, so a resource kept for new content would build and push over an immutable tag.
    """

    image_uri: pulumi.Output[str]
    """Reference of the image by digest; an existing image's reference is unchanged."""
    digest: pulumi.Output[str]
    """Digest of the image, `sha256:…`; empty for an existing image by tag."""
    repository_url: pulumi.Output[str]
    """The image's repository, without tag and digest."""
    repository_arn: pulumi.Output[str]
    """ARN of the image's repository; empty if that is not in ECR."""

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        self._args = with_defaults(args, _DEFAULTS)
        if "image" not in self._args:
            self._tag = content_tag(self._args)
        super().__init__(name, opts)
        if "image" in self._args:
            self._use_existing_image(pulumi.Output.from_input(self._args["image"]))
        else:
            self._create_repositories()
            self._build_or_reuse()
        self._register()

    def _use_existing_image(self, reference: pulumi.Output[str]) -> None:
        self.image_uri = reference
        self.digest = reference.apply(lambda text: split_reference(text)[1])
        self.repository_url = reference.apply(lambda text: split_reference(text)[0])
        self.repository_arn = self.repository_url.apply(repository_arn)

    def _create_repositories(self) -> None:
        name, physical_name = self._name, self._args.get("repository_name")
        self._repository = aws.ecr.Repository(
            name,
            name=physical_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[self._encryption()],
            force_delete=self._args["force_delete"],
            opts=self._child(ignore_changes=_KEPT),
        )
        self.repository_url, self.repository_arn = self._repository.repository_url, self._repository.arn
        self._expire_images(f"{name}-lifecycle", self._repository, self._args["images_kept"])

    def _encryption(self) -> aws.ecr.RepositoryEncryptionConfigurationArgsDict:
        if "kms_key_id" not in self._args:
            return {"encryption_type": "AES256"}
        return {"encryption_type": "KMS", "kms_key": self._args["kms_key_id"]}

    def _cache_reference(self) -> pulumi.Output[str]:
        """A second repository, for layers: it has one tag for each architecture, with the layers of the last build."""
        name, physical_name = f"{self._name}-cache", self._args.get("repository_name")
        repository = aws.ecr.Repository(
            name,
            name=f"{physical_name}-cache" if physical_name else None,
            image_tag_mutability="MUTABLE",  # each build moves the tag
            encryption_configurations=[self._encryption()],
            force_delete=True,  # the next build fills it again
            opts=self._child(ignore_changes=_KEPT),
        )
        self._expire_images(f"{name}-lifecycle", repository, None)
        return pulumi.Output.format("{url}:{tag}", url=repository.repository_url, tag=self._args["architecture"])

    def _expire_images(self, name: str, repository: aws.ecr.Repository, images_kept: int | None) -> None:
        policy = lifecycle_policy(images_kept)
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=policy, opts=self._child())

    def _build_or_reuse(self) -> None:
        # Only a configured name is known at this point; a generated one is not.
        repository_name = self._args.get("repository_name")
        pushed = pushed_digest(repository_name, self._tag, self) if repository_name else None
        name = f"{self._name}-{self._tag[:_TAG_IN_NAME]}"
        if self._args["builder"] == "docker":
            built = self._build_with_docker(name, pushed is not None)
        else:
            built = self._build_with_buildkit(name, pushed is not None)
        # The repository's digest takes precedence: what was built may be the placeholder.
        self.digest = pulumi.Output.from_input(pushed) if pushed else built
        self.image_uri = pulumi.Output.format("{url}@{digest}", url=self.repository_url, digest=self.digest)

    def _build_with_buildkit(self, name: str, reuse: bool) -> pulumi.Output[str]:
        """Build in BuildKit's container, which pulls the newest base image and can store its layers elsewhere."""
        # One or none.
        caches = [self._cache_reference()] if uses_cache(self._args) else []
        context = context_location(self._args["context"])
        if reuse:
            return self._register_placeholder(name, context)
        sources, dockerfile = self._sources(context)
        return docker_build.Image(
            name,
            context=sources,
            dockerfile=dockerfile,
            target=self._args["dockerfile_target"] or None,
            platforms=[_PLATFORMS[self._args["architecture"]]],
            build_args=self._args["build_args"],
            secrets=self._args["build_secrets"],
            # The tag names the content; a secret's new value does not change it, and could not be pushed over it.
            ignore_secrets_in_diff_calculation=sorted(self._args["build_secrets"]),
            # Not `pull`: with it the provider builds at every update, and BuildKit's container has no outdated base image.
            no_cache=bool(self._args["rebuild"]),
            cache_from=[{"registry": {"ref": cache}} for cache in caches],
            # Every layer, in the format that ECR accepts; a failure to store layers does not fail the build.
            cache_to=[
                {
                    "registry": {
                        "ref": cache,
                        "mode": docker_build.CacheMode.MAX,
                        "image_manifest": True,
                        "oci_media_types": True,
                        "ignore_error": True,
                    }
                }
                for cache in caches
            ],
            tags=[pulumi.Output.format("{url}:{tag}", url=self.repository_url, tag=self._tag)],
            registries=[registry_credentials("address", self._repository, self)],
            push=True,
            build_on_preview=False,  # a preview needs no Docker
            opts=self._build_options(),
        ).digest

    def _sources(self, context: str) -> tuple[docker_build.BuildContextArgsDict, docker_build.DockerfileArgsDict]:
        """The build's context and its Dockerfile."""
        if is_planned(self._args):
            return {"location": context, "named": named_contexts()}, dockerfile_source(self._args)
        return {"location": context}, {"location": str(PurePosixPath(context, self._args["dockerfile"]))}

    def _register_placeholder(self, name: str, context: str) -> pulumi.Output[str]:
        """Leave a build that is in the state unchanged; otherwise register a placeholder without a build or a push."""
        return docker_build.Image(
            name,
            # The same folder, since the provider still compares its hash; none of it is sent.
            context={"location": context},
            dockerfile={"inline": _PLACEHOLDER},
            exports=[{"cacheonly": {}}],
            registries=[registry_credentials("address", self._repository, self)],
            push=False,
            build_on_preview=False,
            opts=self._build_options(_BUILD_INPUTS),
        ).digest

    def _build_with_docker(self, name: str, reuse: bool) -> pulumi.Output[str]:
        """Build with the Docker daemon. It accepts no inline Dockerfile, so content that the state lacks is built but not pushed."""
        import pulumi_docker as docker  # imported here, since it costs 50 ms that only this builder needs

        context = context_location(self._args["context"])
        return docker.Image(
            name,
            image_name=pulumi.Output.format("{url}:{tag}", url=self.repository_url, tag=self._tag),
            build={
                "context": context,
                "dockerfile": str(PurePosixPath(context, self._args["dockerfile"])),
                "platform": _PLATFORMS[self._args["architecture"]].value,
                "args": self._args["build_args"],
                "target": self._args["dockerfile_target"] or None,
            },
            registry=registry_credentials("server", self._repository, self),
            skip_push=reuse,
            opts=self._build_options(_DOCKER_INPUTS if reuse else ()),
        ).repo_digest.apply(lambda reference: split_reference(reference)[1])

    def _build_options(self, ignored: Sequence[str] = ()) -> pulumi.ResourceOptions:
        # An image that is in the repository already passed the preflight before its push.
        hooks = None if ignored else preflight_hooks(self, self._name, self._args)
        # Without retain_on_delete the provider deletes images from the registry that a running task or a rollback still needs
        # (pulumi-docker-build#581, #606).
        return self._child(retain_on_delete=True, ignore_changes=list(ignored) or None, hooks=hooks)


def content_tag(args: ImageArgs) -> str:
    """The tag: the start of a hash of everything that determines the image, so that equal content is pushed once and never
    overwritten.

    It includes what the provider compares besides the content, where a change would otherwise push to an existing tag.
    """
    planned = is_planned(args)
    settings: dict[str, Any] = {
        "location": context_location(args["context"]),
        "dockerfile": args["dockerfile"],
        "platform": _PLATFORMS[args["architecture"]].value,
        "builder": args["builder"],
        "cache": uses_cache(args),
        "build_args": dict(args["build_args"]),
        "build_secrets": sorted(args["build_secrets"]),
        "rebuild": args["rebuild"],
    }
    if args["dockerfile_target"]:
        settings["target"] = args["dockerfile_target"]
    if planned:
        settings |= planned_content(args)
    left_out = planned_build(args).environments if planned else ()
    try:
        return content_hash(args["context"], "" if planned else args["dockerfile"], settings, left_out)[:_TAG_LENGTH]
    except ContextError as error:
        raise_problems([Problem("context", str(error))])
        raise


def uses_cache(args: ImageArgs) -> bool:
    """Whether layers are kept in a repository; by default, whenever BuildKit builds."""
    return args.get("cache", args["builder"] == "docker-build")
