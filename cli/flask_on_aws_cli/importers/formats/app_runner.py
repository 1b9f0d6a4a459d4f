"""App Runner: `apprunner.yaml`. What a service has besides, such as its size, is not in this file.

https://docs.aws.amazon.com/apprunner/latest/dg/config-file-ref.html
"""

import re
from dataclasses import replace
from pathlib import Path

from ..drafts.builds import put_build, put_python_version
from ..drafts.draft import DEFAULT_STACK, Draft, Format
from ..drafts.services import without_services
from ..drafts.shell_scripts import one_command
from ..drafts.variables import put_reference
from ..reading.source import InputError, Value, items, read_yaml

_FILE = "apprunner.yaml"
_PHASES = ("pre-build", "build", "post-build")
_SERVICE = "is not a key of this file; `aws apprunner describe-service` shows the settings of the service."


def _is_in(folder: Path) -> bool:
    return (folder / _FILE).is_file()


def _read(folder: Path, service: str) -> list[Draft]:
    if service:
        raise InputError(f"{folder}: --service has no effect on {_FILE}, which describes one app; leave it out.")
    root = read_yaml(folder / _FILE)
    runtime, run = root["runtime"], root["run"]
    if runtime is None:
        raise InputError(f"{root.place}: runtime is missing; set it, such as python311.")
    match = re.fullmatch(r"python(3)(\d*)", runtime.text())
    if not match:
        raise InputError(f"{runtime.place}: the runtime {runtime.text()!r} is not Python; choose another folder.")
    draft = Draft(DEFAULT_STACK, folder, root.place, sources=[root])
    version = root.get("run", "runtime-version")
    if version and "." in version.text():
        put_python_version(draft, version.text(), version.place)
    elif match[2]:
        put_python_version(draft, f"{match[1]}.{match[2]}", runtime.place)
    _read_build(draft, root["build"])
    if run is None or run["command"] is None:
        text = "there is no command; set the start command."
        draft.need((run or root).place, "startCommand", text, draft.command("startCommand", "'COMMAND'"))
    if run:
        _read_run(draft, run)
    without_services(draft, root.place, "the file names none")
    draft.lose_others(root, {"version", "runtime", "build", "run"}, dict.fromkeys(root.mapping(), _SERVICE))
    return [draft]


def _read_build(draft: Draft, build: Value | None) -> None:
    commands = build["commands"] if build else None
    lines = [line.text() for phase in _PHASES for line in items(commands[phase] if commands else None)]
    if commands and lines:
        put_build(draft, replace(commands, data="\n".join(lines), kind="str"))
    draft.lose_others(commands, set(_PHASES), {})
    for variable in items(build["env"] if build else None):
        name, value = variable["name"], variable["value"]
        if name is None:
            raise variable.error("must have a name")
        draft.put(f"buildEnv.{name.text()}", value.text() if value else "", variable.place)
    draft.lose_others(build, {"commands", "env"}, {})


def _read_run(draft: Draft, run: Value) -> None:
    command, port, variable = run["command"], run.get("network", "port"), run.get("network", "env")
    if command and one_command(command.text()):
        draft.put("startCommand", one_command(command.text()), command.place)
    if port:
        draft.put("port", port.integer(), port.place)
    if variable and variable.text() != "PORT":
        number = port.text() if port else "8080"
        draft.set_variable(variable.text(), replace(variable, data=number))
    for item in (*items(run["env"]), *items(run["secrets"])):
        name, value, reference = item["name"], item["value"], item["value-from"]
        if name is None:
            raise item.error("must have a name")
        if reference:
            put_reference(draft, name.text(), reference, is_secret=False)
        else:
            draft.set_variable(name.text(), replace(value, place=item.place) if value else replace(item, data=None))
    reasons = {
        "pre-run": "packages of the system belong in systemPackages, and migrations in releaseCommand.",
    }
    draft.lose_others(run, {"command", "runtime-version", "network", "env", "secrets"}, reasons)


FORMAT = Format("app-runner", "App Runner", _FILE, _is_in, _read)
