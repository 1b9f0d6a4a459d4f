"""The section `http` of a web service of AWS Copilot."""

import re

from ...drafts.draft import Draft
from ...drafts.durations import put_startup
from ...reading.source import Value

# https://aws.github.io/copilot-cli/docs/include/http-healthcheck/
_DEFAULT_HEALTH_PATH = "/"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_STICKY_SECONDS = 86_400
_ZONE = "set it as zoneId when you move the domain (docs/domains.md)."
_REASONS = {
    "target_container": "requests always go to the app; let it serve them itself, or make the proxy part of its image.",
    "deregistration_delay": "has no setting; the app gets a minute to finish its requests.",
    "additional_rules": "has no setting; further hosts are domainAliases.",
    "version": "the load balancer sends HTTP/1.1 to the app.",
    "redirect_to_https": "plain HTTP is always redirected to HTTPS.",
    "private": "the app is always public; restrict it with allowedCidrs.",
    "hosted_zone": _ZONE,
}


def read_http(draft: Draft, manifest: Value, kind: str) -> None:
    """Read domain, health check and sources of requests.

    Args:
        draft: the draft.
        manifest: the manifest of the service.
        kind: its type.
    """
    http = manifest["http"]
    if http and http.is_scalar:
        if http.flag():
            raise http.error("must be a mapping or false")
        draft.lose(http, "the app is always served by an application load balancer.")
        return
    _read_health_check(draft, http["healthcheck"] if http else None, manifest)
    if http is None:
        return
    _read_alias(draft, http)
    if sources := http["allowed_source_ips"]:
        draft.put("allowedCidrs", [item.text() for item in sources.items()], sources.place)
    path = http["path"]
    if path and path.text().strip("/"):
        draft.lose(path, "the app gets every path; listenerPaths of a shared load balancer restricts it.")
    read = {"alias", "allowed_source_ips", "healthcheck", "path", "stickiness"}
    stickiness = http["stickiness"]
    if stickiness and stickiness.flag():
        draft.put("stickySessions", _STICKY_SECONDS, stickiness.place, "AWS's default duration")
    redirect = http["redirect_to_https"]
    read |= {"redirect_to_https"} if redirect and redirect.data == "true" else set()
    draft.lose_others(http, read, _REASONS)


def _read_health_check(draft: Draft, check: Value | None, manifest: Value) -> None:
    path = check if check and check.is_scalar else check["path"] if check else None
    place = path.place if path else check.place if check else manifest.place
    codes = check["success_codes"] if check and check.is_mapping else None
    if codes and not _includes_200(codes):
        text = "the load balancer expects the status 200; set a path that answers it."
        draft.need(codes.place, "healthCheckPath", text, draft.command("healthCheckPath", "PATH"))
    else:
        note = "" if path else "Copilot's default"
        draft.put_health_path(path.text() if path else _DEFAULT_HEALTH_PATH, place, note)
    if check is None or not check.is_mapping:
        return
    if grace := check["grace_period"]:
        put_startup(draft, grace)
    fixed = "has no setting; the stack checks every 5 seconds, and three failures replace a task."
    reasons = dict.fromkeys(("healthy_threshold", "unhealthy_threshold", "interval", "timeout"), fixed)
    reasons |= {"port": "the load balancer checks the app's port.", "protocol": "the load balancer checks over HTTP."}
    draft.lose_others(check, {"path", "success_codes", "grace_period"}, reasons)


def _includes_200(codes: Value) -> bool:
    for part in codes.text().split(","):
        match = re.fullmatch(r"\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*", part)
        if not match:
            raise codes.error("must be status codes, like 200,301 or 200-299")
        if int(match[1]) <= 200 <= int(match[2] or match[1]):
            return True
    return False


def _read_alias(draft: Draft, http: Value) -> None:
    alias = http["alias"]
    if alias is None:
        return
    items = [alias] if alias.is_scalar else list(alias.items())
    names = list[str]()
    for item in items:
        name = item["name"] if item.is_mapping else item
        if name is None:
            raise item.error("must have a name")
        names += [part.strip() for part in name.text().split(",") if part.strip()]
        if item.is_mapping and (zone := item["hosted_zone"]):
            draft.lose(zone, _ZONE)
    if not names:
        return
    draft.put("domain", names[0], alias.place)
    if names[1:]:
        draft.put("domainAliases", names[1:], alias.place)
