"""Makes a review: evaluates the program, determines what it is compared with, and compares the two."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..pulumi_engine import EngineError
from ..pulumi_engine.program.project import Project, read_project
from .compare import Comparison, compare, replaced, unknown_types
from .effects.data_loss import Acceptance, hook_losses
from .effects.replacement import provider_version
from .inputs.errors import ReviewError
from .inputs.import_path import python_path
from .inputs.programs import Evaluated, Evaluator, evaluate_both
from .inputs.repository import Repository
from .inputs.snapshot import Snapshot
from .inputs.state import read_plan, read_state
from .model import Report
from .pictures import stack_diagram

_ACCEPT = "acceptDataLoss"
# Names of stacks that a review is about if none is named, in this order.
_PRODUCTION = ("prod", "production")


@dataclass(frozen=True)
class Options:
    """What is reviewed, and what it is compared with; at most one of the last three is set."""

    project: Path
    """The folder of Pulumi.yaml."""
    stack: str = ""
    """Empty: production."""
    base: str = ""
    """A commit or branch. Empty: the merge base with the main branch."""
    state: Path | None = None
    plan: Path | None = None


def review(options: Options) -> Report:
    """The review of a stack.

    Raises:
        ReviewError: if it cannot be made.
    """
    if sum(map(bool, (options.base, options.state, options.plan))) > 1:
        raise ReviewError("--base, --state, --plan: use one of them.")
    stack = options.stack or _production(options.project)
    project = _project(options.project, stack)
    if options.state or options.plan:
        return _against_state(project, options)
    return _against_commit(project, options.base)


def _against_state(project: Project, options: Options) -> Report:
    state = read_state(options.state) if options.state else read_plan(options.plan or Path())
    stacks = {urn.split("::")[0].rpartition(":")[2] for urn in state.resources}
    if stacks and project.stack not in stacks:
        raise ReviewError(f"--stack: {state.label} is of the stack {', '.join(stacks)} and not of {project.stack}.")
    head = Evaluator(project, _python_path(project.root), state, replaced)
    evaluated, base = evaluate_both(head, lambda: state)
    return _report(project, evaluated, base)


def _python_path(folder: Path) -> str:
    """PYTHONPATH of the working tree's program; a state can be compared outside of a git repository too."""
    try:
        root = Repository(folder).root
    except ReviewError:
        root = folder
    return python_path(root, root)


def _against_commit(project: Project, ref: str) -> Report:
    repository = Repository(project.root)
    base = repository.base(ref)

    def snapshot() -> Snapshot:
        with repository.worktree(base) as root:
            folder = root / project.root.relative_to(repository.root)
            if not (folder / "Pulumi.yaml").is_file() or not (folder / f"Pulumi.{project.stack}.yaml").is_file():
                return Snapshot(base.label)  # the stack is new
            try:
                program = _read(folder, project.stack)
                graph = Evaluator(program, python_path(repository.root, root)).run().graph
            except ReviewError as error:
                raise ReviewError(f"The program of {base.label} cannot be evaluated: {error}") from error
            return Snapshot(base.label, {resource.urn: resource for resource in graph.resources})

    head = Evaluator(project, python_path(repository.root, repository.root))
    evaluated, before = evaluate_both(head, snapshot)
    return _report(project, evaluated, before)


def _report(project: Project, evaluated: Evaluated, base: Snapshot) -> Report:
    acceptance = Acceptance(_accepted(project), evaluated.rejections)
    resources = evaluated.graph.resources
    base = base.completed(resources)
    before = base.resources
    comparison = compare(before, resources, acceptance, base.secrets_known, base.is_of_state)
    return Report(
        stack=project.stack,
        base=base.label,
        changes=comparison.changes,
        unchanged=comparison.unchanged,
        losses=[*comparison.losses, *hook_losses(acceptance)],
        notes=list(_notes(base, comparison, evaluated)),
        provider=provider_version(),
        diagram=stack_diagram(f"{project.name} {project.stack}", resources, base, comparison.changes),
    )


def _notes(base: Snapshot, comparison: Comparison, evaluated: Evaluated) -> Iterator[str]:
    if not base.resources:
        yield f"The stack is new: it does not exist in {base.label}."
    if not base.secrets_known:
        yield "Secrets in the state are encrypted, so changed values of secrets are not in this review."
    if comparison.unknown:
        yield f"Known only to AWS, so changes of them are not in this review: {', '.join(comparison.unknown)}."
    changed = {change.type for change in comparison.changes}
    for kind in unknown_types(evaluated.graph.resources):
        if kind in changed:
            yield f"Which changes replace a resource of the type {kind} is not known."


def _accepted(project: Project) -> list[str]:
    """The setting acceptDataLoss of the stack; a wrong value is reported by the program."""
    text = project.config.get(f"{project.name}:{_ACCEPT}", "[]")
    try:
        names: Any = json.loads(text)
    except ValueError:
        return []
    return list(map(str, cast(list[Any], names))) if isinstance(names, list) else []


def _production(folder: Path) -> str:
    """The stack that is production, or the only one.

    Raises:
        ReviewError: if it is not clear.
    """
    files = folder.glob("Pulumi.*.yaml")
    stacks = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
    for name in (*_PRODUCTION, *(stacks if len(stacks) == 1 else ())):
        if name in stacks:
            return name
    if not stacks:
        raise ReviewError(f"There is no Pulumi.STACK.yaml in {folder.resolve()}; name a folder by --project.")
    raise ReviewError(f"--stack: name one of {', '.join(stacks)}; none of them is named {' or '.join(_PRODUCTION)}.")


def _project(folder: Path, stack: str) -> Project:
    project = _read(folder, stack)
    if not (folder / f"Pulumi.{stack}.yaml").is_file():
        raise ReviewError(f"--stack: there is no stack {stack!r}: {folder / f'Pulumi.{stack}.yaml'} is missing.")
    return project


def _read(folder: Path, stack: str) -> Project:
    try:
        # Secrets stay encrypted: a review has no key, and a changed secret has another ciphertext.
        return read_project(folder, stack, decrypts=False, as_ciphertext=True)
    except EngineError as error:
        raise ReviewError(str(error)) from error
