"""The values of a build plan: the settings it is made from, its decisions, and the plan itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .app_code.proposal import Proposal
from .left_out import LEFT_OUT
from .node.build import NodeBuild
from .own_image.own_image import AUTO

DOCKERFILE = "Dockerfile"
"""The name of an app's own Dockerfile; if the folder has none, a build plan generates one."""


@dataclass(frozen=True)
class PlanSettings:
    """The operator's settings."""

    python_version: str = ""
    """Python as major.minor; empty: the app's files decide."""
    system_packages: Sequence[str] = ()
    """Further Debian packages to build and to run with."""
    start_command: str = ""
    """The start command; empty: the app's files decide."""
    writable_paths: Sequence[str] = ()
    """Folders that the app writes to, besides those that every image has for that."""
    entry_point: str = AUTO
    """What becomes of the ENTRYPOINT of an app's own Dockerfile: auto, keep or replace."""
    other_commands: Sequence[str] = ()
    """Commands that the stack runs in the image besides the start command and those of the Procfile."""
    dockerfile: str = DOCKERFILE
    """Path in the app's folder of its own Dockerfile, from whose CMD a plan of processes takes the start command."""
    dockerfile_target: str = ""
    """The stage of it that becomes the image; empty: the last one."""
    build_command: str = ""
    """A command of the build, run with Node and the app's environment after dependencies and code; empty: the one that
    collects Django's static files, if the app has any; `none`: none."""
    assets_folder: str = ""
    """The folder of the package.json that builds assets; none, or empty: the app's files decide."""


@dataclass(frozen=True)
class Decision:
    """One decision of the plan, and its reason."""

    subject: str
    value: str
    reason: str


@dataclass(frozen=True)
class BuildPlan:
    """Everything that goes into an app's image."""

    dockerfile: str = ""
    """The app's Dockerfile, which then decides everything except the commands; empty without one."""
    dockerfile_target: str = ""
    """The stage of it that becomes the image; empty for the last one."""
    manager: str = ""
    """pip, pipenv, conda, poetry, uv or pyproject (its dependencies by pip)."""
    decides: str = ""
    """The file that determines what is installed."""
    dependency_files: Sequence[str] = ()
    """The files that the manager reads; with only these, dependencies are installed before the code is copied."""
    hashes: bool = False
    """Whether pip verifies hashes."""
    code_first: bool = False
    """Whether a dependency is in the app's folder, so that the code must be copied before it is installed."""
    installs_project: bool = False
    """Whether the app itself is installed as a package."""
    python_version: str = ""
    """Python as major.minor."""
    build_packages: Sequence[str] = ()
    """Debian packages to build with."""
    run_packages: Sequence[str] = ()
    """Debian packages to run with."""
    writable_paths: Sequence[str] = ()
    """Folders that the app writes to, besides SCRATCH."""
    node: NodeBuild | None = None
    """How assets are built; None if they are not."""
    build_command: str = ""
    """The command of the build that runs after dependencies, code and assets; empty without one."""
    start_command: str = ""
    """The command of the web process; empty with a Dockerfile, whose ENTRYPOINT and CMD then apply."""
    entry_point: Sequence[str] = ()
    """What runs commands in place of the ENTRYPOINT of the app's own Dockerfile; empty where that is kept."""
    image_process: str = ""
    """The ENTRYPOINT and CMD of the app's own Dockerfile as a command line; empty where its base image decides."""
    release_command: str = ""
    """The command to run once for each release; empty without one."""
    proposed_release: str = ""
    """A release command that would run the app's migrations, where the Procfile has none; it does not run."""
    workers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Commands of background processes, by name."""
    environments: Sequence[str] = ()
    """Virtual environments in the app's folder that .dockerignore does not leave out, as paths; the image does."""
    decisions: Sequence[Decision] = ()
    """All decisions, in order."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Paths in the app's folder that are never in the image."""
        keeps_packages = self.node is not None and self.node.keeps_packages
        names = [name for name in LEFT_OUT if not (keeps_packages and name == "node_modules")]
        return (*names, *(path for path in self.environments if path not in LEFT_OUT))


class BuildPlanError(ValueError):
    """All problems that prevent a plan, one sentence each."""

    def __init__(self, problems: Sequence[str], proposal: Proposal | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.proposal = proposal
        """What would start the app, where nothing says how it starts."""
