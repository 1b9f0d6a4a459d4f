"""A Pulumi program applied to a project's local AWS, with images and addresses of this machine."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...local_project.project import LocalAws
from ...pulumi_engine import Event, Override, Resource, Result, apply
from ...pulumi_engine.model.values import plain
from ...pulumi_engine.program.project import read_project
from ...shared.stack_options import plan_settings
from ...task_model.environment_images import ImageBuild, ProcessImages
from ..runtimes import open_images

STACK = "local"
# Kinds that take no time worth a line of progress.
_SHOWN_SECONDS = 1.0

Say = Callable[[str], None]


class Stack:
    """The stack `local` of a project."""

    def __init__(self, project: Path, local: LocalAws, say: Say) -> None:
        self._program, self._local, self._say = project, local, say
        self._project = read_project(project, STACK)
        self._images = open_images(local.location, local.runtime)
        self._built: dict[Path, str] = {}

    def apply(self) -> Result:
        """Make the local AWS as the program says.

        Raises:
            EngineError, BuildPlanError, BuildError: each with a sentence for the user.
        """
        overrides: Mapping[str, Override] = {
            "docker-build:index:Image": self._build,
            "docker:index/image:Image": self._build,
            "aws:cloudfront/distribution:Distribution": self._distribution,
        }
        return apply(
            self._program, STACK, Path(sys.executable), self._local.location, overrides, self._progress, self._log
        )

    @property
    def app(self) -> Path:
        """Folder of the app that was built; raises `LookupError` if there is none, or several."""
        if len(self._built) != 1:
            raise LookupError(
                f"The program builds {len(self._built)} images, and code is followed in the folder of one: set `app`."
            )
        return next(iter(self._built))

    @property
    def deployed_code(self) -> Path:
        """Folder of what was built from it, for tasks as processes."""
        assert isinstance(self._images, ProcessImages)  # noqa: S101 whoever asks has chosen them
        return self._images.code(self._built[self.app])

    def _progress(self, event: Event) -> None:
        if event.seconds >= _SHOWN_SECONDS:
            self._say(f"{event.operation:<8} {event.name} ({event.seconds:.0f} s)")

    def _log(self, severity: str, text: str) -> None:
        if severity != "debug":
            self._say(text.rstrip())

    def _build(self, resource: Resource, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """An image is made on this machine, by the same plan and named by the same digest."""
        inputs: dict[str, Any] = plain(resource.inputs)
        context: dict[str, str] = inputs.get("context") or inputs["build"]
        digest = str(outputs.get("digest") or outputs.get("repoDigest", "")).rpartition("@")[2]
        app = self._program / str(context.get("location") or context["context"])
        self._built[app.resolve()] = digest
        # The program's image has a Dockerfile that was made from them, or one of the app's own, and tells neither.
        settings = plan_settings(self._project.config, self._project.name)
        different = self._images.build(ImageBuild(digest, app, inputs, self._program, settings))
        if different is not None:
            self._say(f"built    {digest[:19]} from {app}" + (f" ({different})" if different else ""))
        return {}

    def _distribution(self, resource: Resource, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """CloudFront's name is where the load balancer answers in its place."""
        return {"domainName": f"localhost:{self._local.https_port}"}
