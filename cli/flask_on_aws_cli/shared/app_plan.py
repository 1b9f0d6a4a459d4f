"""An app's build plan in the names of settings, as users of the command write them: `startCommand`."""

from dataclasses import fields, replace
from pathlib import Path

from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, PlanSettings, plan_build
from flask_on_aws.validation.setting_names import in_settings_names

_ARGUMENTS = tuple(field.name for field in fields(PlanSettings))


def plan_app(folder: Path, settings: PlanSettings | None = None, dockerfile: str = "Dockerfile") -> BuildPlan:
    """Plan the build of the app in a folder, like `plan_build`.

    Raises:
        BuildPlanError: if there is no plan.
    """
    try:
        plan = plan_build(folder, settings, dockerfile)
    except BuildPlanError as error:
        sentences = [in_settings_names(sentence, _ARGUMENTS) for sentence in error.problems]
        raise BuildPlanError(sentences, error.proposal) from error
    decisions = [
        replace(decision, reason=in_settings_names(decision.reason, _ARGUMENTS)) for decision in plan.decisions
    ]
    return replace(plan, decisions=tuple(decisions))
