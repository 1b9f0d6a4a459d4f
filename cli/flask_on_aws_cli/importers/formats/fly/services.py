"""The HTTP service of Fly.io, with its health checks.

https://fly.io/docs/reference/configuration/#the-http_service-section
"""

from collections.abc import Iterator

from ...drafts.draft import Draft
from ...drafts.durations import put_startup
from ...reading.source import Value, entries, items

_FIXED = "has no setting; the stack checks every 5 seconds, and three failures replace a task."
_CHECK_REASONS = {
    **dict.fromkeys(("interval", "timeout", "restart_limit"), _FIXED),
    "method": "the load balancer checks with GET.",
    "protocol": "the load balancer checks over HTTP.",
    "port": "the load balancer checks the app's port.",
    "headers": "the load balancer sends no headers of its own in a health check.",
    "tls_skip_verify": "the load balancer checks over HTTP.",
    "tls_server_name": "the load balancer checks over HTTP.",
}
_REASONS = {
    "auto_start_machines": "has no setting; scheduled settings can set minTasks to 0 at night (schedules).",
    "concurrency": "counts requests at the same time; scaleRequestsPerMinute counts those of a minute for each task.",
    "machine_checks": "has no setting; use the preflight (docs/preflight.md).",
    "http_options": "has no setting; let the app send the headers.",
    "tls_options": "has no setting; TLS 1.2 and 1.3 are accepted.",
    "script_checks": "the load balancer asks for healthCheckPath.",
    "protocol": "the load balancer forwards HTTP to the app.",
}
_STOPS = "tasks do not stop while nobody visits; schedules can set minTasks to 0 at night."


def http_service(root: Value) -> Value | None:
    """The service that gets HTTP requests: `http_service`, or the first of `services` with such a port."""
    if http := root["http_service"]:
        http.mapping()
        return http
    services = items(root["services"])
    return next((service for service in services if _is_http(service)), services[0] if services else None)


def _is_http(service: Value) -> bool:
    handlers = [handler.text() for port in items(service["ports"]) for handler in items(port["handlers"])]
    return "http" in handlers


def read_http(draft: Draft, root: Value, http: Value) -> None:
    """Read port, limits and health check of the service, and report the others."""
    if port := http["internal_port"]:
        draft.put("port", int(port.text().replace("_", "")) if port.text().isdecimal() else port.integer(), port.place)
    for item in items(http["processes"]):
        item.mark_used()
    _read_limits(draft, http)
    _read_ports(draft, http)
    _read_checks(draft, root, http)
    if (force := http["force_https"]) and force.flag():
        draft.carry(force.place, force.path, "plain HTTP is always redirected to HTTPS")
    elif force:
        draft.lose(force, "plain HTTP is always redirected to HTTPS.")
    read = {"internal_port", "processes", "force_https", "ports", "checks", "http_checks", "tcp_checks"}
    read |= {"auto_stop_machines", "min_machines_running"}
    protocol = http["protocol"]
    read |= {"protocol"} if protocol and protocol.data == "tcp" else set()
    draft.lose_others(http, read, _REASONS)
    for service in items(root["services"]):
        if service.place != http.place:
            draft.lose(service, "is another service; the load balancer forwards HTTP to one port.")


def _read_limits(draft: Draft, http: Value) -> None:
    least, stop = http["min_machines_running"], http["auto_stop_machines"]
    number = least.integer() if least else 0
    if least and number < 0:
        raise least.error("must not be negative")
    if least and number:
        draft.put("minTasks", number, least.place)
    elif least:
        draft.lose(least, _STOPS)
    if stop and stop.text() in ("true", "stop", "suspend"):
        draft.lose(stop, _STOPS)
    elif stop and stop.text() in ("false", "off"):
        draft.carry(stop.place, stop.path, "tasks do not stop while nobody visits")
    elif stop:
        raise stop.error('must be "stop", "suspend" or "off"')


def _read_ports(draft: Draft, http: Value) -> None:
    for port in items(http["ports"]):
        number, handlers = port["port"], {handler.text() for handler in items(port["handlers"])}
        draft.skip(port, "force_https")
        if number and number.text() in ("80", "443") and "http" in handlers:
            draft.carry(number.place, port.path, "the load balancer listens on it")
        else:
            draft.lose(port, "the load balancer listens on 80 and 443 for HTTP.")


def _checks(root: Value, http: Value) -> Iterator[tuple[Value, bool]]:
    """The checks, each with whether it asks over HTTP."""
    for key in ("checks", "http_checks"):
        for check in items(http[key]):
            kind = check["type"]
            yield check, not kind or kind.text() == "http"
    for check in items(http["tcp_checks"]):
        yield check, False
    for check in entries(root["checks"]).values():
        kind = check["type"]
        yield check, bool(kind and kind.text() == "http")


def _read_checks(draft: Draft, root: Value, http: Value) -> None:
    for check, is_http in _checks(root, http):
        path = check["path"]
        if not is_http or path is None or "healthCheckPath" in draft.values:
            draft.lose(check, "the load balancer asks for one path, healthCheckPath.")
            continue
        draft.put_health_path(path.text(), path.place)
        if grace := check["grace_period"]:
            put_startup(draft, grace)
        draft.lose_others(check, {"path", "grace_period", "type", "processes"}, _CHECK_REASONS)
