"""The settings of an app under test: those of its stack, or options and the contract's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_on_aws.build_plan.commands.direct_command import direct_command
from flask_on_aws.build_plan.plan import BuildPlan, PlanSettings
from flask_on_aws.build_plan.project_files import ProjectFiles
from flask_on_aws.database.engines import ALL_ENGINES
from flask_on_aws.ingress.health_path import AUTO_HEALTH_PATH
from flask_on_aws.runtime_contract.contract import SERVICES, TIMERS, URLS, product_of
from flask_on_aws.validation.setting_texts import plain

from ..shared.stack_options import json_setting, plan_settings, setting


@dataclass(frozen=True)
class AppSettings:
    """All settings that affect how an app runs."""

    folder: Path
    """The app's folder."""
    plan: PlanSettings = field(default_factory=PlanSettings)
    """The settings of its build plan."""
    port: int = 8080
    health_path: str = AUTO_HEALTH_PATH
    """The path of the health check; `auto`: /up, or the app's own path if /up answers a redirect or 4xx."""
    startup_seconds: int = 60
    stop_seconds: int = TIMERS.stop_timeout
    watch_seconds: int = 5
    """How long an app must keep answering after its first answer."""
    name: str = "app"
    """Prefix of the names of the stack's resources on AWS."""
    environment: str = "development"
    region: str = "us-east-1"
    architecture: str = "x86_64"
    cpu: int = 256
    memory: int = 512
    read_only_root: bool = True
    writable_paths: tuple[str, ...] = ("/tmp",)  # noqa: S108 the container's own scratch volume
    services: frozenset[str] = frozenset(name for name, service in SERVICES.items() if service.is_default)
    """Those of the contract's services that the app uses."""
    database_engine: str = "postgres"
    """The engine of the database, if the app uses one."""
    database_version: str = "17"
    database_scheme: str = "postgresql"
    database_query: str | None = None
    database_is_existing: bool = False
    """Whether the app only gets the URL of an existing database, in whose place the preflight provides another one."""
    cache_use: str = "cache"
    cache_major: int = 8
    domain: str = ""
    cdn: bool = False
    """Whether CloudFront serves the domain."""
    cached_paths: tuple[str, ...] = ()
    """Path patterns of static files that CloudFront caches."""
    media_cdn: str = "none"
    """Whether CloudFront serves media files: `none`, `public` or `signed`."""
    media_path: str = "/media/"
    compat: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """The app's own variables."""
    secret_names: tuple[str, ...] = ()
    """Names of the app's own secret variables, which get placeholder values."""
    release_command: str = ""
    """The release command; empty for the Procfile's, `none` for no release command."""
    release_seconds: int = 900
    build_env: Mapping[str, str] = field(default_factory=dict[str, str])
    build_secrets: tuple[str, ...] = ()
    """Names of environment variables of this machine that the build receives as secrets."""
    builder: str = "docker-build"
    egress: str = "public"
    existing_vpc: bool = False
    """Whether the stack uses an existing VPC instead of creating one."""
    outbound_ports: tuple[int, ...] | None = None
    """TCP ports on which tasks may connect to any host; None for all."""
    of_stack: bool = False
    """Whether they are a stack's settings, so that AWS checks /up where the health path is `auto`."""
    before_push: bool = False
    """Whether an update runs the preflight before it pushes the image; the update itself checks domain and account."""

    @property
    def behind_cloudfront(self) -> bool:
        """Whether requests reach the load balancer from CloudFront, over HTTP."""
        return self.cdn or not self.domain


def from_config(config: Mapping[str, str], project: str, root: Path) -> AppSettings:
    """The settings of a stack's configuration, `namespace:key` → text.

    Raises:
        ValueError: for a value that must be a number and is not one, and for an unknown database.
    """

    def text(key: str, default: str = "") -> str:
        return setting(config, project, key, default)

    def number(key: str, default: int) -> int:
        value = text(key, str(default))
        if not value.isdecimal():
            raise ValueError(f"{key}: {value!r} must be a whole number.")
        return int(value)

    def texts(key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        return tuple(str(item) for item in json_setting(config, project, key, list)) if text(key) else default

    def names(key: str) -> Mapping[str, Any]:
        return json_setting(config, project, key, dict)

    defaults = AppSettings(root)
    database = text("database", defaults.database_engine)
    if database not in (*ALL_ENGINES, "none"):
        raise ValueError(f"database: {database!r} is not one of {', '.join(ALL_ENGINES)}, none.")
    engine = defaults.database_engine if database == "none" else database
    is_existing = bool(text("databaseUrlSecretArn"))
    if is_existing:
        engine = product_of(text("databaseUrlScheme", defaults.database_scheme))
    secret_names = [name for key in ("secrets", "secretValues") for name in names(key)]
    return AppSettings(
        folder=root / text("app", "app_template"),
        plan=plan_settings(config, project),
        port=number("port", defaults.port),
        health_path=text("healthCheckPath", defaults.health_path),
        startup_seconds=number("startupSeconds", defaults.startup_seconds),
        name=text("name", defaults.name),
        environment=text("environment", defaults.environment),
        region=config.get("aws:region", defaults.region),
        architecture=text("architecture", defaults.architecture),
        cpu=number("cpu", defaults.cpu),
        memory=number("memory", defaults.memory),
        read_only_root=text("readOnlyRoot", "true") == "true",
        writable_paths=texts("writablePaths", defaults.writable_paths),
        services=frozenset(
            name
            for name, service in SERVICES.items()
            if text(name, "" if service.is_default else "none") != "none" or (name == "database" and is_existing)
        ),
        database_is_existing=is_existing,
        database_engine=engine,
        database_version=text("databaseVersion", ALL_ENGINES[engine].default_version),
        database_scheme=text("databaseUrlScheme", URLS[engine].scheme),
        database_query=setting(config, project, "databaseUrlQuery", None),
        cache_use=text("cacheUse", defaults.cache_use),
        cache_major=int(text("cacheVersion", str(defaults.cache_major)).partition(".")[0]),
        domain=text("domain"),
        cdn=text("cdn", "false") == "true",
        cached_paths=texts("cdnCachedPaths"),
        media_cdn=text("mediaCdn", defaults.media_cdn),
        media_path=text("mediaCdnPath", defaults.media_path),
        compat=texts("compat"),
        release_command=text("releaseCommand"),
        release_seconds=number("releaseSeconds", defaults.release_seconds),
        env={name: plain(value) for name, value in names("env").items()},
        build_secrets=tuple(names("buildSecrets")),
        secret_names=tuple(secret_names),
        build_env={name: plain(value) for name, value in names("buildEnv").items()},
        builder=text("builder", defaults.builder),
        egress=text("egress", defaults.egress),
        existing_vpc=bool(text("vpcId")),
        outbound_ports=tuple(int(port) for port in texts("outboundPorts")) or None,
    )


def release_command(settings: AppSettings, build_plan: BuildPlan) -> str:
    """The release command that applies; empty if there is none."""
    command = {"": build_plan.release_command, "none": ""}.get(settings.release_command, settings.release_command)
    if build_plan.dockerfile:
        return command
    return direct_command(ProjectFiles(settings.folder), command, "", build_plan.installs_project).line
