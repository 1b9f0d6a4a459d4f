"""A build plan as a Dockerfile: pure text from plain values.

Stages: `assets` (Node, where there is something to build), `build` (compilers, package manager, build variables and
secrets, the operator's build command) and the image itself, which has none of these. Dependencies come before code, so that a change of code alone
reuses their layer.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..build_plan.packages.install_commands import Steps, install_steps
from ..build_plan.plan import LEFT_OUT, SCRATCH, BuildPlan, NodeBuild
from ..runtime_contract.contract import CA_PATH
from ..runtime_contract.shell import shell_command

# The build context with the RDS root certificates, and its folder and file here. It is separate, since a Dockerfile with
# their 170 KB would be unreadable, and would be in every state.
CA_CONTEXT = "rds-ca"
CA_FOLDER = Path(__file__).parents[1] / "runtime_contract" / "rds-ca"
CA_FILE = "rds-ca-bundle.pem"

# One Debian for every Python, so that names of system packages hold: https://hub.docker.com/_/python
_DEBIAN = "trixie"
# The newest of 2026-11-21; it only creates the environment, and is not in the image: https://github.com/conda-forge/miniforge
_CONDA = "condaforge/miniforge3:26.7.2-0"
# The image's user; ECS uses the number. Below the range of regular users on hosts.
_USER = 10001
CREATE_USER = f"groupadd --gid {_USER} app"
"""The start of the image's first own step, except for the installation of Debian packages."""
_VENV, _TOOLS, _NODE = "/venv", "/tools", "/node"
_PIP_CACHE, _NPM_CACHE = "/root/.cache/pip", "/root/.npm"
_CACHES = {"pipenv": "/root/.cache", "poetry": "/root/.cache", "uv": "/root/.cache/uv", "conda": "/opt/conda/pkgs"}

DOCKERIGNORE = "".join(f"{name}\n" for name in (*LEFT_OUT, "**/__pycache__", "Dockerfile", ".dockerignore"))


def render_dockerfile(
    plan: BuildPlan, build_env: Iterable[str] = (), build_secrets: Iterable[str] = (), ca_source: str = ""
) -> str:
    """The Dockerfile of a plan.

    Args:
        plan: a plan without an existing Dockerfile.
        build_env: names of the variables for build commands. Default: none.
        build_secrets: names of the secrets that build commands get as variables. Default: none.
        ca_source: file in the app's folder with the RDS root certificates. Default: the build context `rds-ca`.
    """
    renderer = _Renderer(plan, sorted(build_env), sorted(build_secrets))
    stages = [renderer.assets(plan.node)] if plan.node else []
    return "\n\n".join("\n".join(stage) for stage in [*stages, renderer.build(), renderer.image(ca_source)]) + "\n"


class _Renderer:
    def __init__(self, plan: BuildPlan, build_env: Sequence[str], build_secrets: Sequence[str]) -> None:
        self._plan, self._arguments, self._secrets = plan, [f"ARG {name}" for name in build_env], build_secrets

    def assets(self, node: NodeBuild) -> list[str]:
        """Node with its package manager and packages; it also builds assets, unless that needs the app's Python."""
        lines = [f"FROM node:{node.version}-slim AS assets", *self._arguments]
        if node.tool:
            lines.append(self._run(f"npm install --global --prefix {_NODE} {node.tool}", _NPM_CACHE))
            lines.append(f"ENV PATH={_NODE}/bin:$PATH")
        if node.with_python or node.runs:
            programs = " ".join(f"/usr/local/bin/{name}" for name in ("node", "npm", "npx"))
            lines.append(f"RUN mkdir -p {_NODE}/bin {_NODE}/lib && cp -a {programs} {_NODE}/bin \\")
            lines.append(f" && cp -a /usr/local/lib/node_modules {_NODE}/lib")
        if node.files:
            lines += ["WORKDIR /assets", f"COPY {' '.join(node.files)} ./"]
            lines.append(self._run(f"{node.install} && mkdir -p node_modules", node.cache))
        if not node.install:
            return lines
        lines += ["WORKDIR /app", "COPY . .", "# A developer's own node_modules may be for another system."]
        commands = [node.clean, "mv /assets/node_modules ." if node.files else node.install]
        commands += [] if node.with_python else [node.build, node.finish]
        step = self._run(" && ".join(filter(None, commands)), "" if node.files else node.cache)
        return [*lines, *_in_folder(node, step)]

    def _with_python(self, steps: Steps, cache: str) -> Iterator[str]:
        """What needs the app's code and environment: assets that a script of its Python builds, and the build command."""
        node = self._plan.node if self._plan.node and self._plan.node.with_python else None
        if node:
            yield f"COPY --from=assets {_NODE} {_NODE}"
        yield f"ENV PATH={_VENV}/bin:{f'{_NODE}/bin:' if node else ''}$PATH"
        if node and node.install:
            yield from _in_folder(node, f"RUN {node.clean}")
            yield "COPY --from=assets /app ."
        if node and node.build:
            yield from _in_folder(node, self._run(node.build))
        if self._plan.build_command:
            yield from _run_as_user(self._plan.build_command)
        if node and node.install:
            yield from _in_folder(node, self._run(node.finish, node.cache))
        if steps.reinstall:
            yield self._run(steps.reinstall, cache)

    def build(self) -> list[str]:
        plan, steps = self._plan, install_steps(self._plan, _VENV)
        cache = _CACHES.get(plan.manager, _PIP_CACHE)
        code = [*self._code(), *([self._run(steps.project, cache)] if steps.project else [])]
        install = self._run(steps.dependencies, cache)
        if plan.code_first:
            install_and_code = [*self._code(), install, *code[1:]]
        else:
            install_and_code = [f"COPY {_copied(plan.dependency_files)}", install, *code]
        if plan.build_command or (plan.node and plan.node.with_python):
            install_and_code += self._with_python(steps, cache)
        return [
            f"FROM {_CONDA if plan.manager == 'conda' else self._python()} AS build",
            *_packages(plan.build_packages),
            *self._arguments,
            *_environment(plan, steps),
            "WORKDIR /app",
            *install_and_code,
            "# The running container's root may be read-only, so bytecode is made here, good whatever a file's time says.",
            "# A file that is no Python of this version stays as it is.",
            f"RUN rm -rf {shlex.join(plan.left_out)} \\",
            f" && {{ {_VENV}/bin/python -m compileall -q --invalidation-mode unchecked-hash . || true; }}",
        ]

    def image(self, ca_source: str) -> list[str]:
        plan, runs_node = self._plan, self._plan.node is not None and self._plan.node.runs
        # hadolint does not recognize named build contexts.
        copy = [f"COPY {ca_source} {CA_PATH}"]
        if not ca_source:
            copy = ["# hadolint ignore=DL3022", f"COPY --from={CA_CONTEXT} {CA_FILE} {CA_PATH}"]
        return [
            f"FROM {f'debian:{_DEBIAN}-slim' if plan.manager == 'conda' else self._python()}",
            *_packages(plan.run_packages),
            "# The platform names the user by number. Volumes keep the owner that a folder has here, elsewhere root's.",
            *_add_user(),
            " && mkdir -p /data/media \\",
            f" && chown {_USER}:{_USER} /tmp /data/media",
            *copy,
            f"COPY --from=build {_VENV} {_VENV}",
            f"COPY --from=build {'--chown=0:0 ' if plan.build_command else ''}/app /app",
            *([f"COPY --from=assets {_NODE} {_NODE}"] if runs_node else []),
            *_writable(plan.writable_paths),
            f"ENV PATH={_VENV}/bin:{f'{_NODE}/bin:' if runs_node else ''}$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORT=8080",
            "WORKDIR /app",
            f"USER {_USER}:{_USER}",
            f"VOLUME {json.dumps([*SCRATCH, *plan.writable_paths])}",
            "EXPOSE 8080",
            "# CMD, not ENTRYPOINT, so that release and one-off commands can take its place.",
            f"CMD {json.dumps(shell_command(plan.start_command))}",
        ]

    def _python(self) -> str:
        return f"python:{self._plan.python_version}-slim-{_DEBIAN}"

    def _code(self) -> list[str]:
        node = self._plan.node
        return ["COPY --from=assets /app ." if node and node.install and not node.with_python else "COPY . ."]

    def _run(self, command: str, cache: str = "") -> str:
        """A step that gets the build secrets as variables, and keeps downloads out of the layer."""
        mounts = [f"--mount=type=cache,target={cache}"] if cache else []
        mounts += [f"--mount=type=secret,id={name},required=true" for name in self._secrets]
        # Not `env=` of the mount: that needs Docker 27.
        reads = [f'{name}="$(cat /run/secrets/{name})" && export {name}' for name in self._secrets]
        return "RUN " + "".join(f"{mount} \\\n    " for mount in mounts) + " \\\n && ".join([*reads, command])


def _in_folder(node: NodeBuild, step: str) -> list[str]:
    """A step in the folder of package.json, after which the app's folder is the working directory again."""
    return [f"WORKDIR {PurePosixPath('/app', node.folder)}", step, "WORKDIR /app"] if node.folder else [step]


def _add_user() -> Iterator[str]:
    yield f"RUN {CREATE_USER} \\"
    yield f" && useradd --uid {_USER} --gid {_USER} --home-dir /tmp --no-create-home --shell /usr/sbin/nologin app \\"


def _run_as_user(command: str) -> Iterator[str]:
    """A command of the operator, without the build's secrets."""
    yield "# The image's user runs the build command, without the build's secrets."
    yield from _add_user()
    yield f" && chown -R {_USER}:{_USER} ."
    yield f"USER {_USER}:{_USER}"
    yield f"RUN {json.dumps(['/usr/bin/env', 'HOME=/tmp', '/bin/sh', '-ec', command])}"
    yield "# hadolint ignore=DL3002"
    yield "USER 0:0"


def _environment(plan: BuildPlan, steps: Steps) -> Iterator[str]:
    """An environment for the app, and a separate one for the tool that installs into it."""
    if plan.manager == "conda":
        return
    yield f"RUN python -m venv {_VENV}"
    if steps.tool:
        yield f"RUN --mount=type=cache,target={_PIP_CACHE} \\"
        yield f"    python -m venv {_TOOLS} && {_TOOLS}/bin/pip install {steps.tool}"
    path = f"{_VENV}/bin:{_TOOLS}/bin:$PATH" if steps.tool else f"{_VENV}/bin:$PATH"
    variables = {"VIRTUAL_ENV": _VENV, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **steps.environment}
    yield "ENV " + " ".join(f"{name}={value}" for name, value in variables.items())


def _packages(names: Sequence[str]) -> Iterator[str]:
    if names:
        # A Debian release keeps only one version of each package, so a pinned one would soon be unavailable.
        yield "# hadolint ignore=DL3008"
        yield "RUN apt-get update \\"
        yield f" && apt-get install -y --no-install-recommends {' '.join(names)} \\"
        yield " && rm -rf /var/lib/apt/lists/*"


def _writable(paths: Sequence[str]) -> Iterator[str]:
    """Directories that belong to the user, with their content, so that their volumes do too."""
    if paths:
        names = " ".join(map(shlex.quote, paths))
        yield f"RUN mkdir -p {names} && chown -R {_USER}:{_USER} {names}"


def _copied(files: Sequence[str]) -> str:
    """Files with their folders: one COPY of several would put them all into one folder."""
    if all("/" not in name for name in files):
        return f"{' '.join(files)} ./"
    return "\nCOPY ".join(f"{name} {name}" for name in files)
