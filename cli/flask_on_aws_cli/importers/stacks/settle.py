"""Combines a draft with a stack's file: what to write, what stays, and whether the program would accept the result."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_origin

from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.flask_app.flask_app_args import COMMON, FlaskAppArgs, with_profile
from flask_on_aws.flask_app.topology import needs as contract_needs
from flask_on_aws.naming import camel_case, snake_case
from flask_on_aws.runtime_contract.contract import reserved_names
from flask_on_aws.runtime_contract.task_sizes import fargate_size_problems, next_fargate_size
from flask_on_aws.validation.argument_types import head, plain_type
from flask_on_aws.validation.messages import as_settings
from flask_on_aws.validation.setting_texts import plain

from ...shared.app_plan import plan_app
from ..drafts.credentials import has_credential, has_known_credential, may_be_credential
from ..drafts.draft import Draft, Entry
from ..drafts.variables import VARIABLE_SETTINGS, is_resolved, settle_variables
from .arguments import stack_arguments
from .stack_file import StackFile

# Defaults that the components decide, and not FlaskApp; a test compares them with the reference of the settings.
COMPONENT_DEFAULTS: Mapping[str, Any] = {
    "cacheUse": "cache",
    "containerInsights": False,
    "enableExec": False,
    "entryPoint": "auto",
    "readOnlyRoot": True,
    "scaleCpuPercent": 60,
    "scaleMemoryPercent": 75,
    "spotShare": 0,
    "startupSeconds": 60,
    "vpcCidr": "10.0.0.0/16",
}
_COMMANDS = ("startCommand", "releaseCommand", "buildCommand", "workers")
_PORT = re.compile(r"(?:0\.0\.0\.0|\[::\]|[\s=]):([0-9]{2,5})\b|--port[= ]([0-9]{2,5})\b")
# Settings with values that the report shows: neither variables nor long objects.
_HIDDEN = ("env", "secrets", "buildEnv", "sidecars", "tags", "jobs")
_LONGEST_SHOWN = 100
# At the start of a file, and always written.
_FIRST = ("environment", "app")
_FREE = tuple(name for name, hint in FlaskAppArgs.__annotations__.items() if get_origin(plain_type(hint)) is Mapping)


@dataclass
class Outcome:
    """What an import does to one stack."""

    stack: str
    environment: str
    file: StackFile
    new: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings to add to the file."""
    carried: list[Entry] = field(default_factory=list[Entry])
    kept: list[Entry] = field(default_factory=list[Entry])
    """Settings of the file that differ from the source."""
    needs: list[Entry] = field(default_factory=list[Entry])
    lost: list[Entry] = field(default_factory=list[Entry])


def settle(draft: Draft, file: StackFile, project: Path) -> Outcome:
    """Combine a draft with a stack's file. Values of the file always win.

    Args:
        draft: the draft, which is changed.
        file: the stack's file.
        project: the folder of Pulumi.yaml.
    """
    environment = str(file.config.get("environment") or draft.environment)
    outcome = Outcome(draft.stack, environment, file)
    if environment != "development" and "environment" not in file.config:
        draft.put("environment", environment, draft.app_place, f"by the name {draft.stack!r}")
    _hide_credentials(draft)
    _settle_port(draft)
    _settle_size(draft)
    _settle_tasks(draft, environment)
    _settle_domain(draft, file)
    args = stack_arguments(draft, file, project)
    settled = with_profile(args)
    engine = str(settled["database"])
    reserved = reserved_names(contract_needs(settled), settled["compat"], engine if engine != "none" else "postgres")
    settle_variables(draft, reserved, environment)
    _keep_variables(draft, file, outcome)
    _check(draft, file, project, outcome)
    _divide(draft, file, with_profile(args), outcome)
    for need in draft.needs:
        if is_resolved(need.settings, file.config):
            set_in = next(path for path in need.settings if is_resolved((path,), file.config))
            outcome.carried.append(Entry(need.entry.place, set_in, f"is set in {file.path.name}"))
        else:
            outcome.needs.append(need.entry)
    outcome.carried += draft.carried
    outcome.lost += draft.lost
    return outcome


def _keep_variables(draft: Draft, file: StackFile, outcome: Outcome) -> None:
    """A variable that the file has in another way, such as a secret, is not set twice."""
    for path in [path for path in draft.values if path.partition(".")[0] in VARIABLE_SETTINGS]:
        setting, _, name = path.partition(".")
        others = [f"{other}.{name}" for other in VARIABLE_SETTINGS if other != setting]
        if is_resolved(tuple(others), file.config):
            set_in = next(other for other in others if is_resolved((other,), file.config))
            outcome.kept.append(Entry(draft.places[path], path, f"is {set_in} in {file.path.name}"))
            del draft.values[path]


def _hide_credentials(draft: Draft) -> None:
    """Commands and variables of the build that contain credentials are not copied."""
    for path, value in list(draft.values.items()):
        setting, _, name = path.partition(".")
        if setting in _COMMANDS and isinstance(value, str) and has_credential(value):
            text = "contains what may be a credential, so it is not copied; use a secret variable in it, like $TOKEN."
            draft.need(draft.places[path], path, text, draft.command(path, "'COMMAND'"))
            del draft.values[path]
        elif setting == "buildEnv" and may_be_credential(name, str(value)):
            text = "may be a credential, so its value is not copied; set it as a secret of the build."
            secret = f"buildSecrets.{name}"
            draft.need(draft.places[path], (secret, path), text, draft.secret_command(secret))
            del draft.values[path]
        elif isinstance(value, str) and has_known_credential(value):
            text = "contains what may be a credential, so it is not copied; set it without one."
            draft.need(draft.places[path], path, text)
            del draft.values[path]


def _settle_port(draft: Draft) -> None:
    """Without a port, use that of the variable PORT, or the one that the start command listens on."""
    if "port" in draft.values:
        return
    command, variable = str(draft.values.get("startCommand", "")), draft.variables.get("PORT")
    fixed = None if "PORT" in command else _PORT.search(command)
    if variable and re.fullmatch(r"[0-9]{2,5}", variable.value):
        draft.put("port", int(variable.value), variable.place)
    elif fixed:
        draft.put("port", int(fixed[1] or fixed[2]), draft.places["startCommand"], "the start command listens on it")


def _settle_size(draft: Draft) -> None:
    """Raise cpu and memory to the next size that Fargate has."""
    if not {"cpu", "memory"} & draft.values.keys():
        return
    cpu, memory = draft.values.get("cpu", 256), draft.values.get("memory", 512)
    if not any(fargate_size_problems(cpu, memory)):
        return
    size = next_fargate_size(cpu, memory)
    place = draft.places.get("cpu") or draft.places["memory"]
    if size is None:
        text = f"cpu {cpu} with memory {memory} is more than Fargate's largest task; choose a smaller size."
        draft.need(place, ("cpu", "memory"), text)
        draft.values.pop("cpu", None)
        draft.values.pop("memory", None)
        return
    note = f"the next larger size of Fargate; the source has cpu {cpu} and memory {memory}"
    for setting, old, new in (("cpu", cpu, size[0]), ("memory", memory, size[1])):
        if old != new:
            draft.put(setting, new, draft.places.get(setting, place), note)


def _settle_tasks(draft: Draft, environment: str) -> None:
    """Raise or lower the other limit, if the default of the environment contradicts the source."""
    defaults = with_profile({"environment": cast(Any, environment)})
    least, most = draft.values.get("minTasks"), draft.values.get("maxTasks")
    if isinstance(least, int) and most is None and least > defaults["max_tasks"]:
        draft.put("maxTasks", least, draft.places["minTasks"], "so that it is not below minTasks")
    if isinstance(most, int) and least is None and most < defaults["min_tasks"]:
        draft.put("minTasks", most, draft.places["maxTasks"], "so that it is not above maxTasks")


def _settle_domain(draft: Draft, file: StackFile) -> None:
    """Leave the domain where it is: with Route 53, the first update would create its records, or fail if they exist.

    With an external DNS provider, the app is served on CloudFront's default domain until the user moves the domain.
    """
    if "domain" in draft.values and not {"domain", "dns"} & file.config.keys():
        note = "so that the domain stays with the old platform until you move it: docs/domains.md"
        draft.put("dns", "external", draft.places["domain"], note)
    is_own = "certificateArn" in {**draft.values, **file.config} or "dnsReady" in file.config
    if "allowedCidrs" in draft.values and "allowedCidrs" not in file.config and not is_own:
        ranges, place = draft.values.pop("allowedCidrs"), draft.places["allowedCidrs"]
        text = "restricts an app on its own domain only; until the domain is moved, everybody can connect"
        first = shlex.quote(ranges[0]) if ranges else "CIDR"
        draft.need(place, "allowedCidrs", text, draft.command("allowedCidrs[0]", first))


def _check(draft: Draft, file: StackFile, project: Path, outcome: Outcome) -> None:
    """Report what the program would reject; the draft's settings that it would reject are not written."""
    args = stack_arguments(draft, file, project)
    for problem in problems(str(file.config.get("name") or "app"), args):
        sentence = as_settings(problem, FlaskAppArgs.__annotations__, _FREE)
        path = sentence.partition(": ")[0]
        setting = camel_case(head(problem.argument))
        place = draft.places.get(path) or draft.places.get(setting) or file.place(setting)
        # Without these, the stack would deploy the template, or another Dockerfile.
        kept = ("app", "dockerfile")
        dropped = [own for own in draft.values if own in (path, setting) and own not in kept]
        for own in dropped:
            del draft.values[own]
        text = f"was not accepted: {sentence.partition(': ')[2]}"
        command = "" if setting in file.config else draft.command(path, "VALUE")
        outcome.needs.append(Entry(place, path, text, command))
    if not outcome.needs:
        outcome.needs += _plan_problems(args, file, draft)


def _plan_problems(args: FlaskAppArgs, file: StackFile, draft: Draft) -> Iterator[Entry]:
    """Why the app could not be built."""
    if "image" in args or any(is_open(need.settings, file) and "startCommand" in need.settings for need in draft.needs):
        return
    values = with_profile(args)
    settings = PlanSettings(
        values.get("python_version", ""),
        tuple(values.get("system_packages", ())),
        values.get("start_command", ""),
        entry_point=values["entry_point"],
        dockerfile=values["dockerfile"],
        dockerfile_target=values.get("dockerfile_target", ""),
        build_command=values.get("build_command", ""),
        assets_folder=values.get("assets_folder", ""),
        other_commands=tuple(filter(None, (values.get("release_command", ""), *values["workers"].values()))),
    )
    try:
        plan_app(Path(values["app"]), settings)
    except BuildPlanError as error:
        for sentence in error.problems:
            yield Entry(draft.places.get("app", file.place("app")), "app", f"cannot be built yet: {sentence}")


def is_open(settings: tuple[str, ...], file: StackFile) -> bool:
    """Whether the stack's file has none of these settings."""
    return not is_resolved(settings, file.config)


def _divide(draft: Draft, file: StackFile, defaults: FlaskAppArgs, outcome: Outcome) -> None:
    """Divide the draft's settings into those to write and those that the file has or that are defaults."""
    # The engine of the database decides some defaults, but not the default of `database` itself.
    profile = with_profile({"environment": cast(Any, outcome.environment), "database": defaults["database"]})
    base = {**profile, "database": COMMON["database"]}
    for path, value in sorted(draft.values.items(), key=lambda item: _FIRST.index(item[0]) if item[0] in _FIRST else 2):
        setting, dot, name = path.partition(".")
        place, shown = draft.places[path], _shown(setting, value)
        existing = cast(Any, file.config.get(setting))
        if dot and existing is not None and (not isinstance(existing, dict) or "secure" in existing):
            text = f"is not added, because {file.place(setting)} is encrypted as a whole, or is not an object"
            outcome.kept.append(Entry(place, path, text))
            continue
        current = cast(dict[str, Any], existing).get(name) if dot and existing is not None else cast(Any, existing)
        if current is not None:
            if _same(current, value):
                outcome.carried.append(Entry(place, path, f"{shown}is already set"))
            else:
                outcome.kept.append(Entry(place, path, f"keeps the value of {file.place(setting)}, which differs"))
            continue
        default = COMPONENT_DEFAULTS.get(setting, base.get(snake_case(setting)))
        note = f" ({draft.notes[path]})" if path in draft.notes else ""
        if not dot and default == value and setting not in _FIRST:
            outcome.carried.append(Entry(place, path, f"{shown}is the default{note}"))
            continue
        outcome.new[path] = value
        outcome.carried.append(Entry(place, path, f"{shown.rstrip()}{note}".strip()))


def _same(current: Any, value: Any) -> bool:
    if isinstance(current, str) and isinstance(value, list | dict):
        try:
            current = json.loads(current)
        except json.JSONDecodeError:
            return False
    if isinstance(current, list | dict) or isinstance(value, list | dict):
        return current == value
    return plain(current) == plain(value)


def _shown(setting: str, value: Any) -> str:
    """A value in the report, followed by a space; empty for those that it does not show."""
    if setting in _HIDDEN:
        return ""
    text = ", ".join(map(str, cast(list[Any], value))) if isinstance(value, list) else plain(value)
    text = " ".join(text.split())
    return f"{text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + '…'} "
