"""A Pulumi program applied to a project's local AWS, with this machine's images and addresses."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask_on_aws.ingress.health_path import AUTO_HEALTH_PATH

from ...local_project.chosen_app import chosen_app
from ...local_project.health_routes import write_health_routes
from ...local_project.media_paths import MediaPath, write_media_paths
from ...local_project.project import LocalAws
from ...pulumi_engine import EngineError, Event, Override, Resource, Result, apply
from ...pulumi_engine.model.values import plain
from ...pulumi_engine.program.project import read_project
from ...shared.health_path_record import record_health_path
from ...shared.health_paths import routes_in_code
from ...shared.stack_options import LOCAL_STACK, plan_settings, setting
from ...task_model.environment_images import ImageBuild, ProcessImages
from ..runtimes import open_images

# Operations that take less time get no line of progress.
_SHOWN_SECONDS = 1.0

Print = Callable[[str], None]


class Stack:
    """The stack `local` of a project."""

    def __init__(self, project: Path, local: LocalAws, print_line: Print) -> None:
        self._program, self._local, self._print = project, local, print_line
        self._project = read_project(project, LOCAL_STACK)
        chosen = chosen_app(project)
        self._chosen_config = {f"{self._project.name}:app": str(chosen)} if chosen else {}
        self._chosen = chosen
        self._images = open_images(local.location, local.runtime)
        self._built: dict[Path, str] = {}
        self._routes: tuple[str, ...] = ()
        self._media: list[MediaPath] = []
        self._media_path = setting(self._project.config, self._project.name, "mediaCdnPath", "/media/")
        self._public_keys: dict[str, str] = {}
        configured = setting(self._project.config, self._project.name, "healthCheckPath", AUTO_HEALTH_PATH)
        self._searches = configured == AUTO_HEALTH_PATH

    def apply(self) -> Result:
        """Make the local AWS match the program.

        Raises:
            EngineError, BuildPlanError, BuildError: each with a sentence for the user.
        """
        self._write_routes(())
        self._media, self._public_keys = [], {}
        overrides: Mapping[str, Override] = {
            "docker-build:index:Image": self._build,
            "docker:index/image:Image": self._build,
            "aws:cloudfront/distribution:Distribution": self._distribution,
            "aws:cloudfront/publicKey:PublicKey": self._public_key,
        }
        result = apply(
            self._program,
            LOCAL_STACK,
            Path(sys.executable),
            self._local.location,
            overrides,
            self._progress,
            self._log,
            self._chosen_config,
        )
        write_media_paths(self._local.location.folder, self._media)  # without those of a setting that was removed
        if self._chosen and self._chosen.resolve() not in self._built:
            raise EngineError(f"The program did not build the app in {self._chosen}; it must read the setting app.")
        return result

    @property
    def app(self) -> Path:
        """Folder of the app that was built; raises `LookupError` if none was built, or more than one."""
        if len(self._built) != 1:
            raise LookupError(
                f"The program builds {len(self._built)} images, but `dev` can only follow one app's folder: set `app`."
            )
        return next(iter(self._built))

    @property
    def deployed_code(self) -> Path:
        """Folder of the code that was built from the app, for tasks that run as processes."""
        assert isinstance(self._images, ProcessImages)  # noqa: S101 `dev`, the only caller, runs tasks as processes
        return self._images.code(self._built[self.app])

    def _progress(self, event: Event) -> None:
        if event.seconds >= _SHOWN_SECONDS:
            self._print(f"{event.operation:<8} {event.name} ({event.seconds:.0f} s)")

    def _log(self, severity: str, text: str) -> None:
        if severity != "debug":
            self._print(text.rstrip())

    def _build(self, resource: Resource, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Build the image on this machine, by the same plan and under the same digest."""
        inputs: dict[str, Any] = plain(resource.inputs)
        context: dict[str, str] = inputs.get("context") or inputs["build"]
        digest = str(outputs.get("digest") or outputs.get("repoDigest", "")).rpartition("@")[2]
        app = self._program / str(context.get("location") or context["context"])
        self._built[app.resolve()] = digest
        self._write_routes((*self._routes, *routes_in_code(app)))
        # The image's inputs have a Dockerfile that was generated from these settings, or the app's, but no settings.
        settings = plan_settings(self._project.config, self._project.name)
        difference = self._images.build(ImageBuild(digest, app, inputs, self._program, settings))
        if difference is not None:
            self._print(f"built    {digest[:19]} from {app}" + (f" ({difference})" if difference else ""))
        return {}

    def _write_routes(self, routes: tuple[str, ...]) -> None:
        """Have the load balancer search for health paths, in these routes as well, unless the stack sets one."""
        self._routes = routes
        write_health_routes(self._local.location.folder, routes if self._searches else None)

    def record_health_path(self, path: str) -> None:
        """Record the path of the app, if the program builds exactly one."""
        if len(self._built) == 1:
            record_health_path(self.app, path)

    def _public_key(self, resource: Resource, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        self._public_keys[str(outputs["id"])] = str(plain(resource.inputs["encodedKey"]))
        return {}

    def _distribution(self, resource: Resource, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace CloudFront's domain name by the address of the load balancer, which serves its requests here."""
        self._media += media_paths(plain(resource.inputs), self._public_keys, self._media_path)
        write_media_paths(self._local.location.folder, self._media)
        return {"domainName": f"localhost:{self._local.https_port}"}


def media_paths(
    distribution: Mapping[str, Any], public_keys: Mapping[str, str], default_path: str = "/media/"
) -> list[MediaPath]:
    """The paths that a distribution's inputs serve from buckets.

    Args:
        distribution: its inputs.
        public_keys: the program's public keys in PEM form by their id; it has one key group at most.
        default_path: that of a distribution which serves nothing else, since all share the load balancer here.
    """
    buckets = {
        origin["originId"]: str(origin["domainName"]).partition(".s3.")[0]
        for origin in distribution["origins"]
        if origin.get("originAccessControlId")
    }
    behaviors = [*distribution.get("orderedCacheBehaviors", ()), distribution["defaultCacheBehavior"]]
    return [
        MediaPath(
            str(behavior.get("pathPattern", default_path)).removesuffix("*"),
            buckets[behavior["targetOriginId"]],
            dict(public_keys) if behavior.get("trustedKeyGroups") else None,
        )
        for behavior in behaviors
        if behavior["targetOriginId"] in buckets
    ]
