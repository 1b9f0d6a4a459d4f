"""Makes a review: evaluates the program, determines what it is compared with, and compares the two."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from ..pulumi_engine import EngineError
from ..pulumi_engine.program.evaluate import DEFAULT_REGION
from ..pulumi_engine.program.project import Project, read_project
from .compare import Comparison, compare, replaced, unknown_types
from .cost.compare_costs import CostOptions, compare_costs, total
from .cost.prices import regions
from .cost.settings import MOST, changed_settings, setting_costs
from .cost.usage import Usage, read_usage
from .cost_model import CostReport
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
from .policy.findings import compare as compare_policy
from .policy.locations import Locations
from .policy.waivers import read_waivers
from .terraform.export import as_terraform

_ACCEPT = "acceptDataLoss"
# Names of stacks that a review is about if none is named, in this order.
_PRODUCTION = ("prod", "production")


@dataclass(frozen=True)
class Options:
    """What is reviewed, and what it is compared with; at most one of base, state and plan is set."""

    project: Path
    """The folder of Pulumi.yaml."""
    stack: str = ""
    """Empty: production."""
    base: str = ""
    """A commit or branch. Empty: the merge base with the main branch."""
    state: Path | None = None
    plan: Path | None = None
    usage: Path | None = None
    """A file with assumptions about traffic and stored data."""
    budget: Decimal | None = None
    """The most that the stack may cost in a month, in USD."""


def review(options: Options) -> Report:
    """The review of a stack.

    Raises:
        ReviewError: if it cannot be made.
    """
    if sum(map(bool, (options.base, options.state, options.plan))) > 1:
        raise ReviewError("--base, --state, --plan: use one of them.")
    stack = options.stack or _production(options.project)
    project = _project(options.project, stack)
    costs = CostOptions(read_usage(options.usage) if options.usage else Usage(), options.budget)
    if options.state or options.plan:
        return _against_state(project, options, costs)
    return _against_commit(project, options.base, costs)


def export(options: Options) -> str:
    """The resources of a stack as Terraform JSON; nothing is compared.

    Raises:
        ReviewError: if the program cannot be evaluated.
    """
    project = _project(options.project, options.stack or _production(options.project))
    root = _root(project.root)
    evaluator = Evaluator(project, python_path(root, root))
    evaluated = evaluator.run()
    return as_terraform(
        evaluated.graph.resources, evaluated.outputs, project.config, evaluator.region, evaluator.account
    )


def _against_state(project: Project, options: Options, costs: CostOptions) -> Report:
    state = read_state(options.state) if options.state else read_plan(options.plan or Path())
    stacks = {urn.split("::")[0].rpartition(":")[2] for urn in state.resources}
    if stacks and project.stack not in stacks:
        raise ReviewError(f"--stack: {state.label} is of the stack {', '.join(stacks)} and not of {project.stack}.")
    root = _root(project.root)
    head = Evaluator(project, python_path(root, root), state, replaced)
    evaluated, base = evaluate_both(head, lambda: state)
    base = base.completed(evaluated.graph.resources)
    return _report(project, evaluated, base, root, _costs(project, evaluated, base, costs))


def _root(folder: Path) -> Path:
    """The folder of the repository; a state can be compared outside of a git repository too."""
    try:
        return Repository(folder).root
    except ReviewError:
        return folder


def _against_commit(project: Project, ref: str, costs: CostOptions) -> Report:
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
            resources = {resource.urn: resource for resource in graph.resources}
            return Snapshot(base.label, resources, config=program.config)

    path = python_path(repository.root, repository.root)
    evaluated, before = evaluate_both(Evaluator(project, path), snapshot)
    report = _costs(project, evaluated, before, costs)

    def cost_of(config: Mapping[str, str]) -> Decimal:
        graph = Evaluator(replace(project, config=config), path).run().graph
        return total(graph.resources, _region(config), costs.usage)

    return _report(project, evaluated, before, repository.root, _with_settings(project, before, report, cost_of))


def _costs(project: Project, evaluated: Evaluated, base: Snapshot, options: CostOptions) -> CostReport:
    resources = evaluated.graph.resources
    region = _region(project.config)
    return compare_costs(base.resources, resources, region, options, base.region or region)


def _with_settings(
    project: Project, base: Snapshot, report: CostReport, cost_of: Callable[[Mapping[str, str]], Decimal]
) -> CostReport:
    """The report with what each changed setting costs."""
    before, after = base.config, project.config
    if before is None or all(cost.before == cost.after for cost in report.resources):
        return report
    keys = changed_settings(before, after, project.secret_keys)
    if len(keys) > MOST:
        return replace(report, settings_left_out=len(keys))
    settings = setting_costs(keys, before, after, report.after.total, cost_of, project.name)
    return replace(report, settings=settings)


def _region(config: Mapping[str, str]) -> str:
    return config.get("aws:region", DEFAULT_REGION)


def _report(project: Project, evaluated: Evaluated, base: Snapshot, root: Path, costs: CostReport) -> Report:
    acceptance = Acceptance(_accepted(project), evaluated.rejections)
    resources = evaluated.graph.resources
    before = base.resources
    comparison = compare(before, resources, acceptance, base.secrets_known, base.is_of_state)
    waivers, locations = read_waivers(project.root, project.stack), Locations(project, root, resources)
    return Report(
        stack=project.stack,
        base=base.label,
        changes=comparison.changes,
        unchanged=comparison.unchanged,
        losses=[*comparison.losses, *hook_losses(acceptance)],
        notes=[*_notes(base, comparison, evaluated), *_cost_notes(costs)],
        provider=provider_version(),
        costs=costs,
        policy=compare_policy(before, resources, waivers, locations),
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


def _cost_notes(costs: CostReport) -> Iterator[str]:
    if costs.resources and costs.region not in regions():
        yield f"Prices of {costs.region} are not known; those of {', '.join(sorted(regions()))} are."
    if costs.unused:
        yield f"Nothing in the stack has these keys of --usage: {', '.join(costs.unused)}."
    if costs.settings_left_out:
        yield f"{costs.settings_left_out} settings change, so the cost of each is not determined."


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
