"""Servers and roles of Kamal: the number of hosts becomes that of tasks, and other roles become workers.

https://kamal-deploy.org/docs/configuration/roles/
"""

from collections.abc import Sequence

from flask_on_aws.build_plan.commands.process_types import service_name

from ...drafts.draft import Draft
from ...reading.source import InputError, Value, entries, items

_WEB = "web"
_REASONS = {
    "options": "has no setting; options of Docker are memory and cpu, or settings like readOnlyRoot.",
    "labels": "has no setting; use tags.",
    "logging": "has no setting; logs go to CloudWatch.",
    "asset_path": "has no setting; let the app serve its static files (WhiteNoise).",
    "stop_wait_time": "has no setting; the app gets a minute to finish its requests.",
    "proxy": "only the web service gets requests.",
}


def primary_role(root: Value) -> str:
    """The role that gets the requests."""
    role = root["primary_role"]
    return role.text() if role else _WEB


def roles(root: Value) -> dict[str, Value]:
    """The roles; a list of servers is that of the web role."""
    servers, web = root["servers"], primary_role(root)
    if servers is None:
        raise InputError(f"{root.place}: servers is missing; add the servers of the web role.")
    if servers.is_list:
        return {web: servers}
    if web not in servers.mapping():
        raise InputError(f"{servers.place}: the role {web!r} is not in servers; correct primary_role.")
    return dict(servers.mapping())


def read_servers(draft: Draft, root: Value) -> None:
    """Read the number of tasks and the commands of the roles."""
    web = primary_role(root)
    for name, role in roles(root).items():
        hosts = _hosts(role)
        command = role["cmd"] if role.is_mapping else None
        if name == web:
            _read_web(draft, role, hosts, command)
        else:
            _read_worker(draft, name, role, hosts, command)
        if role.is_mapping:
            proxy = role["proxy"]
            is_on = bool(proxy and proxy.is_scalar and proxy.data == "true" and name == web)
            draft.lose_others(role, {"hosts", "cmd", "env", *(("proxy",) if is_on else ())}, _REASONS)


def _hosts(role: Value) -> Sequence[Value]:
    """The hosts of a role, each of which may have tags."""
    hosts = items(role["hosts"]) if role.is_mapping else role.items()
    for host in hosts:
        host.mark_used()
        if host.is_mapping and len(host.mapping()) != 1:
            raise host.error("must be a host, or a host with its tags")
    return hosts


def _read_web(draft: Draft, role: Value, hosts: Sequence[Value], command: Value | None) -> None:
    if hosts:
        place, note = hosts[0].place, f"the number of servers, which is {len(hosts)}"
        draft.put("minTasks", len(hosts), place, note)
    if command:
        draft.put("startCommand", command.text(), command.place)
    for name, value in entries(role["env"] if role.is_mapping else None).items():
        if name not in ("clear", "secret"):
            draft.set_variable(name, value)


def _read_worker(draft: Draft, name: str, role: Value, hosts: Sequence[Value], command: Value | None) -> None:
    setting = f"workers.{service_name(name)}"
    if command:
        draft.put(setting, command.text(), command.place, "one task with cpu and memory of the web service")
    else:
        text = "runs the image's own command; set the command that it runs."
        draft.need(role.place, setting, text, draft.command(setting, "'COMMAND'"))
    if len(hosts) > 1:
        draft.lose(hosts[1], "a worker is one task; give it more threads or processes.")
