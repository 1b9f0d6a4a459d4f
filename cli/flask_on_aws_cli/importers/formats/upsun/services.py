"""Services and routes of Upsun and Platform.sh.

https://docs.upsun.com/add-services.html, https://docs.upsun.com/define-routes.html
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from ...drafts.draft import Draft
from ...drafts.services import set_cache_use, set_database, without_services
from ...reading.source import InputError, Value, entries

# Upsun's `mysql` is MariaDB.
_DATABASES = {
    **{"postgresql": "postgres", "mysql": "mariadb", "mariadb": "mariadb", "oracle-mysql": "mysql"},
    **dict.fromkeys(("mongodb", "mongodb-enterprise"), "documentdb"),
}
_CACHES = {"redis": "cache", "valkey": "cache", "redis-persistent": "queue", "valkey-persistent": "queue"}
# RDS's minimum, https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
_LEAST_STORAGE = 20
_REASONS = {
    "rabbitmq": "RabbitMQ is not supported; set `queue: sqs`, or use a broker elsewhere (secretValues).",
    "memcached": "Memcached is not supported; set `cache: valkey`, which needs a client for Redis.",
    "network-storage": "EFS is not supported; store files in the bucket (MEDIA_BUCKET).",
    "varnish": "has no counterpart; let the app send Cache-Control.",
}
_OTHER = "has no setting; use the service elsewhere with its address in secretValues."


def read_services(draft: Draft, app: Value, services: Value, applications: Mapping[str, Value]) -> None:
    """Read the services that the application has a relationship with; the stack has no others."""
    defined, used = services.mapping(), set[str]()
    relationships = app["relationships"]
    for name, relationship in entries(relationships).items():
        service = _service_of(name, relationship)
        if service in applications:
            place = Value("", relationship.place, relationship.path)
            draft.lose(place, f"{service!r} is another app; pass its address in env.")
            continue
        if service not in defined:
            raise InputError(
                f"{relationship.place}: the service {service!r} is not in services; correct one of the two."
            )
        if service not in used:
            _read_service(draft, service, defined[service])
        used.add(service)
    for name, service in defined.items():
        if name not in used:
            draft.lose(replace(service, path=f"services.{name}"), "the app has no relationship with it.")
    commands = [str(value) for path, value in draft.values.items() if path.startswith("workers.")]
    set_cache_use(draft, commands, relationships.place if relationships else app.place)
    without_services(draft, relationships.place if relationships else app.place, "the app has no such service")
    if draft.values.get("bucket") == "none" and app["mounts"]:
        del draft.values["bucket"]  # it replaces the mounts


def _service_of(name: str, relationship: Value) -> str:
    """The service of a relationship: `service:endpoint`, `{service: …}`, or nothing if both have the same name."""
    if relationship.data is None:
        return name
    if relationship.is_mapping:
        service = relationship["service"]
        if endpoint := relationship["endpoint"]:
            endpoint.mark_used()  # a service has one endpoint for an app
        return service.text() if service else name
    return relationship.text().partition(":")[0]


def _read_service(draft: Draft, name: str, service: Value) -> None:
    kind = service["type"]
    if kind is None:
        raise service.error("must have a type, such as postgresql:17")
    product, _, version = kind.text().partition(":")
    if product in _DATABASES and "database" not in draft.values:
        set_database(draft, _DATABASES[product], version, kind.place)
        disk = service["disk"]
        if disk and _DATABASES[product] == "documentdb":
            draft.carry(disk.place, "disk", "DocumentDB's storage grows by itself")
            disk.mark_used()
        elif disk:
            _read_disk(draft, disk)
    elif product in _CACHES:
        draft.put("cache", "valkey", kind.place, "the app reads REDIS_URL")
        if _CACHES[product] == "queue":
            draft.put("cacheUse", "queue", kind.place)
    elif product in _DATABASES:
        draft.lose(
            replace(service, path=name),
            "is a second database; keep it elsewhere with its address in secretValues.",
        )
    else:
        draft.lose(replace(service, path=name), f"{product}: {_REASONS.get(product, _OTHER)}")


def _read_disk(draft: Draft, disk: Value) -> None:
    """The size of a database's disk in MiB."""
    gibibytes = max(_LEAST_STORAGE, -(-disk.integer() // 1024))
    if gibibytes == _LEAST_STORAGE:
        draft.carry(disk.place, "databaseStorageGib", f"{gibibytes} is the default, the least that RDS offers")
    else:
        draft.put("databaseStorageGib", gibibytes, disk.place)


def read_routes(draft: Draft, app: str, routes: Value) -> None:
    """Read the domains of routes to the application. Most routes have a placeholder for them."""
    domains, redirects = list[tuple[str, Value]](), list[tuple[str, Value]]()
    for url, route in routes.mapping().items():
        upstream, kind = route["upstream"], route["type"]
        shown = replace(route, path=f"routes ({url})")
        if kind and kind.text() == "redirect":
            redirects.append((url, route))
            continue
        if upstream and upstream.text().partition(":")[0] != app:
            draft.lose(shown, "leads to another app or service.")
            continue
        if partial := route["redirects"]:
            draft.lose(partial, "redirects of paths have no setting; let the app redirect.")
        _read_route(draft, url, route, shown, domains)
    if domains:
        hosts = list(dict.fromkeys(host for host, _ in domains))
        draft.put("domain", hosts[0], domains[0][1].place)
        if hosts[1:]:
            draft.put("domainAliases", hosts[1:], domains[1][1].place)
    _read_redirects(draft, redirects, domains[0][0] if domains else "")


def _read_redirects(draft: Draft, redirects: list[tuple[str, Value]], domain: str) -> None:
    """Read the routes that redirect a whole host to the domain."""
    hosts = dict[str, Value]()
    for url, route in redirects:
        shown, target = replace(route, path=f"routes ({url})"), route["to"]
        if "{" in url:
            draft.lose(shown, "the project's domain is not in the file; set this host in domainRedirects.")
        elif domain and target and target.text().rstrip("/") in (f"https://{domain}", f"http://{domain}"):
            host = _host(url, route)
            if host and host != domain:
                hosts.setdefault(host, route)
        else:
            draft.lose(shown, "domainRedirects lead to domain alone; let the app redirect to other addresses.")
    if hosts:
        draft.put("domainRedirects", list(hosts), next(iter(hosts.values())).place)


def _host(url: str, route: Value) -> str | None:
    try:
        return urlsplit(f"//{_authority(url)}").hostname
    except ValueError:
        raise route.error("must be a URL, like https://www.example.com/") from None


def _authority(url: str) -> str:
    return re.sub(r"^\w+:/{1,2}", "", url).partition("/")[0]


def _read_route(draft: Draft, url: str, route: Value, shown: Value, domains: list[tuple[str, Value]]) -> None:
    host = _authority(url)
    if "{" in host:
        if host.startswith("{"):
            draft.lose(shown, "the project's domain is not in the file; set it as domain (docs/domains.md).")
        else:
            draft.lose(shown, "the project's domain is not in the file; set this host in domainAliases.")
        return
    if name := _host(url, route):
        domains.append((name, route))
