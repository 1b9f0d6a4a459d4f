"""An app's build plan in the names of settings, as users of the command write them: `startCommand`."""

from dataclasses import fields, replace
from pathlib import Path

from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, PlanSettings, plan_build
from flask_on_aws.validation.setting_names import in_settings_names

# Those of a plan, and those of FlaskApp that a plan mentions; its own list of them imports pulumi.
_ARGUMENTS = (
    *(field.name for field in fields(PlanSettings)),
    *("secret_values", "min_tasks", "health_check_path", "release_command", "domain_aliases", "build_env"),
)


def plan_app(folder: Path, settings: PlanSettings | None = None, as_processes: bool = False) -> BuildPlan:
    """Plan the build of the app in a folder, like `plan_build`.

    Raises:
        BuildPlanError: if there is no plan.
    """
    try:
        plan = plan_build(folder, settings, as_processes)
    except BuildPlanError as error:
        sentences = [in_settings_names(sentence, _ARGUMENTS) for sentence in error.problems]
        raise BuildPlanError(sentences, error.proposal) from error
    decisions = [
        replace(decision, reason=in_settings_names(decision.reason, _ARGUMENTS)) for decision in plan.decisions
    ]
    return replace(plan, decisions=tuple(decisions))
