"""The steps in which a Flask app creates its components, and what they give as its outputs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from ..alarms.alarms import Alarms
from ..aurora.aurora_cluster import AuroraCluster
from ..cache.cache import PORT as CACHE_PORT
from ..cache.cache import Cache
from ..component import Component
from ..database.database import Database
from ..database.engines import ALL_ENGINES, CLUSTER_ENGINES, DOCUMENT_ENGINES
from ..documentdb.documentdb_cluster import DocumentDbCluster
from ..ecs.autoscaling import Autoscaling
from ..ecs.cluster import Cluster
from ..ecs.service import Service
from ..ecs.service_args import ServiceArgs
from ..ecs.task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs
from ..ecs.tunnel_task import TunnelTask
from ..image.ecr_repository import dual_stack_reference
from ..image.image import Image
from ..ingress.load_balancer_guard import PUBLIC
from ..jobs.scheduled_jobs import ScheduledJobs, overlap_policy
from ..logical_database.logical_database import LogicalDatabase
from ..logical_database.setup_container import setup_container
from ..logical_database.sqlserver_setup_container import sqlserver_setup_container
from ..network.network import Network
from ..runtime_contract.contract import (
    CA_PATH,
    PRIVATE_KEY,
    SECRET_KEY_FALLBACKS,
    CacheFacts,
    DatabaseFacts,
    Facts,
    MediaFacts,
    plain_environment,
    secret_names,
    secret_values,
    url_names,
)
from ..runtime_contract.rds_ca import region_certificates
from ..secrets.app_secret import AppSecret, AppSecretArgs
from ..secrets.secret_key import SECRET_KEY, create_keys, previous_key
from ..storage.access_logs import AccessLogBucket
from ..storage.media_bucket import MediaBucket
from ..storage.queue import Queue
from ..validation.setting_names import in_settings_names
from . import component_args
from .encryption_keys import create_key, database_key
from .entry_points import app_entry
from .exposure import Exposure
from .flask_app_args import FlaskAppArgs
from .media import SIGNED, create_media
from .topology import has_endpoints, has_guarded_jobs, has_setup, log_sources, needs

# Secrets Manager's least time in which a deleted secret can be restored; elsewhere than in production it is deleted at
# once, so that a stack of the same name can be made again.
_SECRET_RECOVERY_DAYS = 7
# In the app's secret, for the container that sets up its database on a shared server; no app container gets it.
_VERIFIER = "DATABASE_PASSWORD_VERIFIER"
_Server = Database | AuroraCluster | DocumentDbCluster
_DeferredText = tuple[pulumi.Output[str], Callable[[pulumi.Output[str]], None]]


class FlaskAppSteps(Component):
    """What `FlaskApp`'s constructor calls, in this order. Each step sets the component and the outputs that it is about."""

    _args: FlaskAppArgs

    def _warn_of_accepted_loss(self) -> None:
        """`accept_data_loss` that outlives its update would let a later mistake pass."""
        if self._args.get("allow_database_replacement"):
            pulumi.log.warn(
                f"allowDatabaseReplacement is deprecated: use acceptDataLoss with {self._name}-db instead.", self
            )
        if self._args["accept_data_loss"]:
            names = ", ".join(self._args["accept_data_loss"])
            pulumi.log.warn(f"acceptDataLoss: changes that lose the data of {names} pass; unset it afterwards.", self)

    def _create_key(self) -> None:
        self._key = create_key(self._name, self._args, self._child())
        self.kms_key_arn = nothing() if self._key is None else pulumi.Output.from_input(self._key)

    def _keys(self, *arguments: str) -> Any:
        """The app's key as these arguments of a component; none of them where there is no key."""
        return {} if self._key is None else dict.fromkeys(arguments, self._key)

    def _create_network(self) -> None:
        args = component_args.network_args(self._args)
        args |= self._keys("flow_log_kms_key_id")
        self.network = Network(f"{self._name}-network", args, self._child())
        self._show_network(self.network)

    def _create_image(self) -> None:
        args = component_args.image_args(self._args)
        args["force_delete"] = not self._args["deletion_protection"]
        if "image" not in args:
            args["preflight_settings"] = component_args.preflight_settings(self._name, self._args)
            args |= self._keys("kms_key_id")
        self.image = Image(f"{self._name}-image", args, self._child())
        self.image_uri = self.image.image_uri
        self.repository_url, self.repository_arn = self.image.repository_url, self.image.repository_arn
        if self._args["egress"] == "ipv6":
            self.image_uri = self.image_uri.apply(dual_stack_reference)

    def _create_log_bucket(self) -> None:
        self.log_bucket: AccessLogBucket | None = None
        if sources := log_sources(self._args):
            self.log_bucket = AccessLogBucket(
                f"{self._name}-access-logs",
                {
                    "days": self._args["log_retention_days"],
                    "retain": self._args["deletion_protection"],
                    "sources": sources,
                },
                self._child(),
            )

    def _create_exposure(self) -> None:
        log_bucket_arn = self.log_bucket.bucket_arn if self.log_bucket else None
        media = self._media = create_media(self._name, self._args, self._child())
        media_args = media.cdn_args if media else None
        exposure = self._exposure = Exposure(
            self._name, self._args, self.network, log_bucket_arn, self._key, media_args, self
        )
        self._served_media = media.serve(exposure.url, exposure.cdn, log_bucket_arn) if media else None
        self.media_access, self.media_cdn = (media.access, media.cdn) if media else (None, None)
        self.media_url = self._served_media.url if self._served_media else nothing()
        self.certificate, self.cdn = exposure.certificate, exposure.cdn
        self.route, self.web_acl = exposure.main.target, next(iter(exposure.web_acls.values()), None)
        self.load_balancer = exposure.public.load_balancer if exposure.public else None
        self.internal_load_balancer = exposure.internal.load_balancer if exposure.internal else None
        self._show_exposure(exposure)

    def _create_security_group(self) -> None:
        args: TaskSecurityGroupArgs = {
            "vpc_id": self.vpc_id,
            "port": self._args["port"],
        }
        if self._exposure.public:
            args["load_balancer_security_group_id"] = self._exposure.public.security_group_id
        if self._exposure.internal:
            args["internal_load_balancer_security_group_id"] = self._exposure.internal.security_group_id
        if "outbound_ports" in self._args:
            args["outbound_ports"] = self._args["outbound_ports"]
        if has_endpoints(self._args):
            args["endpoint_security_group_id"] = self.network.endpoint_security_group_id
        self.task_security_group = TaskSecurityGroup(f"{self._name}-web", args, self._child())
        self.security_group_id = self.task_security_group.security_group_id

    def _create_bucket(self) -> None:
        self._storage_dsn: pulumi.Output[str] | None = None
        self.bucket_name = self.bucket_arn = nothing()
        self.bucket: MediaBucket | None = None
        self._task_policies: dict[str, pulumi.Input[str]] = {}
        if self._args["bucket"] == "none":
            return
        args = component_args.media_bucket_args(self._args)
        args["allowed_origins"] = self._origins()
        args |= self._keys("kms_key_id")
        if self.log_bucket:
            args["access_log_bucket"] = self.log_bucket.bucket_name
        if self._served_media:
            args["distribution_arns"] = self._served_media.distribution_arns
            args["distribution_prefix"] = self._args["media_cdn_path"].removeprefix("/")
        bucket = self.bucket = MediaBucket(f"{self._name}-media", args, self._child())
        self.bucket_name, self.bucket_arn, self._storage_dsn = bucket.bucket_name, bucket.bucket_arn, bucket.storage_dsn
        self._task_policies["media"] = bucket.policy_json
        if self._media:
            self._media.set_bucket_domain_name(bucket.regional_domain_name)

    def _create_queue(self) -> None:
        self.queue: Queue | None = None
        self.queue_url = self.queue_arn = self.dead_letter_queue_url = nothing()
        if self._args["queue"] == "none":
            return
        queue = self.queue = Queue(f"{self._name}-queue", self._keys("kms_key_id"), self._child())
        self.queue_url, self.queue_arn = queue.queue_url, queue.queue_arn
        self.dead_letter_queue_url = queue.dead_letter_queue_url
        self._task_policies["queue"] = queue.policy_json

    def _create_cache(self) -> None:
        self.cache: Cache | None = None
        if self._args["cache"] != "none":
            args = component_args.cache_args(self._args, self.vpc_id, self.network.private_subnet_ids, self._key)
            args["client_security_group_ids"] = {"tasks": self.security_group_id}
            args |= self._keys("secret_kms_key_id")
            self.cache = Cache(f"{self._name}-cache", args, self._child())
            self.task_security_group.allow_group("cache", self.cache.security_group_id, CACHE_PORT)
        self._show_cache(self.cache)

    def _origins(self) -> pulumi.Output[Sequence[str]]:
        """All origins of the app's pages: the one that serves now, and the domain's, also while that is pending.

        The switch to the domain then finds a bucket that takes its pages.
        """
        names = [self._args.get("domain"), *self._args["domain_aliases"]]
        later = [f"https://{name}" for name in names if name]
        return self.url.apply(lambda url: list(dict.fromkeys([url, *later])))

    def _create_database(self) -> None:
        self.database: _Server | LogicalDatabase | None = None
        self.database_server: Database | None = None
        if self._args["database"] != "none":
            if "database_host" in self._args:
                self.database = self._join_server()
            elif has_setup(self._args):
                self.database_server = self._create_instance_server()
                self.database = self._create_database_on(self.database_server)
            else:
                self.database = self._create_server()
            self._task_policies["database"] = self.database.login.policy_json
        self._show_database(self.database, self._server())

    def _server(self) -> _Server | None:
        """The stack's own database server."""
        server = self.database_server or self.database
        return None if isinstance(server, LogicalDatabase) else server

    def _create_database_on(self, server: Database) -> LogicalDatabase:
        """A database and a login of the app's own on a SQL Server, of which RDS creates only the master user."""
        args = component_args.logical_database_args(self._args, component_args.DEFAULT_NAME, {})
        args["host"], args["port"] = server.host, server.port
        args["server_security_group_id"] = server.security_group_id
        args["client_security_group_ids"] = {"tasks": self.security_group_id}
        args |= self._keys("login_kms_key_id")
        self._allow_tasks_to(server)
        return LogicalDatabase(f"{self._name}-db-app", args, self._child())

    def _create_server(self) -> _Server:
        if self._args["database"] in CLUSTER_ENGINES:
            server = self._create_cluster_server()
        elif self._args["database"] in DOCUMENT_ENGINES:
            server = self._create_document_server()
        else:
            server = self._create_instance_server()
        self._allow_tasks_to(server)
        return server

    def _allow_tasks_to(self, server: _Server) -> None:
        port = ALL_ENGINES[self._args["database"]].port
        self.task_security_group.allow_group("database", server.security_group_id, port)

    def _create_instance_server(self) -> Database:
        key = database_key(self._args, self._key)
        args = component_args.database_args(self._args, self.vpc_id, self.network.private_subnet_ids, key)
        if not has_setup(self._args):  # the rule is the app's database's
            args["client_security_group_ids"] = {"tasks": self.security_group_id}
        args |= self._keys("login_kms_key_id", "log_kms_key_id")
        return Database(f"{self._name}-db", args, self._child())

    def _create_cluster_server(self) -> AuroraCluster:
        key = database_key(self._args, self._key)
        args = component_args.aurora_args(self._args, self.vpc_id, self.network.private_subnet_ids, key)
        args["client_security_group_ids"] = {"tasks": self.security_group_id}
        args |= self._keys("login_kms_key_id", "log_kms_key_id")
        return AuroraCluster(f"{self._name}-db", args, self._child())

    def _create_document_server(self) -> DocumentDbCluster:
        key = database_key(self._args, self._key)
        args = component_args.documentdb_args(self._args, self.vpc_id, self.network.private_subnet_ids, key)
        args["client_security_group_ids"] = {"tasks": self.security_group_id}
        args |= self._keys("login_kms_key_id", "log_kms_key_id")
        return DocumentDbCluster(f"{self._name}-db", args, self._child())

    def _join_server(self) -> LogicalDatabase:
        name = component_args.default_database_name(self._name)
        args = component_args.logical_database_args(self._args, name, {"tasks": self.security_group_id})
        args |= self._keys("login_kms_key_id")
        database = LogicalDatabase(f"{self._name}-db", args, self._child())
        self.task_security_group.allow_group("database", self._args["database_server_security_group_id"], database.port)
        return database

    def _facts(self, release: pulumi.Input[str]) -> pulumi.Output[Facts]:
        database = self.database
        known = pulumi.Output.all(
            external_url=self.url,
            region=aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region,
            release=release,
            host=database.host if database else None,
            port=database.port if database else None,
            database_name=database.database_name if database else None,
            user=database.username if database else None,
            database_secret_arn=database.secret_arn if database else None,
            bucket_name=self.bucket_name,
            queue_url=self.queue_url,
            cache_host=self.cache.host if self.cache else None,
            cache_port=self.cache.port if self.cache else None,
            storage_dsn=self._storage_dsn,
            media_url=self.media_url,
            key_pair_id=self._served_media.key_pair_id if self._served_media else None,
        )
        args, depth = self._args, self._exposure.proxy_depth
        return known.apply(lambda values: _facts(args, depth, values))

    def _create_secret(self) -> None:
        # What the secret held before decides on what it holds, and is known once the secret itself is.
        previous, resolve_previous = cast(_DeferredText, pulumi.deferred_output())
        keys = create_keys(self._name, self._args["previous_secret_key"], previous, self._child())
        database = self.database
        values = pulumi.Output.all(
            facts=self._facts(release=""),  # no secret depends on the release, so a new one leaves the secret alone
            password=database.password if database else "",
            keys=keys,
            cache_token=self.cache.auth_token if self.cache else "",
            setup={_VERIFIER: verifier} if (verifier := _verifier(database, self._args)) is not None else {},
            own=dict(self._args["secret_values"]),
        ).apply(
            lambda v: {
                **secret_values(v["facts"], v["password"], *v["keys"], cache_token=v["cache_token"]),
                **v["own"],
                **v["setup"],
            }
        )
        args: AppSecretArgs = {
            "values": pulumi.Output.secret(values),
            "recovery_days": _SECRET_RECOVERY_DAYS if self._args["deletion_protection"] else 0,
        }
        args |= self._keys("kms_key_id")
        secret = self.secret = AppSecret(f"{self._name}-secret", args, self._child())
        resolve_previous(previous_key(self._name, secret.secret_arn, self))
        self.secret_arn, self._secrets_version = secret.secret_arn, secret.version_id
        self._has_fallback_key = pulumi.Output.unsecret(keys.fallback.apply(bool))
        facts = self._facts(self.image.digest)
        self._environment = pulumi.Output.all(facts=facts, own=dict(self._args["env"])).apply(
            lambda v: {**plain_environment(v["facts"]), **v["own"]}
        )

    def _secret_references(self) -> dict[str, pulumi.Input[str]]:
        own, args = self._args["secret_values"], self._args
        others = {*args["env"], *args["secrets"]}
        names = {*secret_names(needs(args), args["compat"], args["database"]), *own} - others
        kept: dict[str, pulumi.Input[str]] = {name: self._reference(name) for name in sorted(names)}
        if "database_url_secret_arn" in args:
            urls = {*url_names(args["compat"])} - others - {*own}
            kept |= dict.fromkeys(sorted(urls), args["database_url_secret_arn"])
        if args["media_cdn"] == SIGNED and PRIVATE_KEY not in {*own, *others}:
            kept[PRIVATE_KEY] = args["media_cdn_private_key_secret_arn"]
        if {SECRET_KEY, SECRET_KEY_FALLBACKS}.isdisjoint({*own, *others}):
            kept[SECRET_KEY_FALLBACKS] = pulumi.Output.all(
                self._has_fallback_key, self._reference(SECRET_KEY_FALLBACKS)
            ).apply(lambda both: str(both[1]) if both[0] else "")
        return {**kept, **args["secrets"]}

    def _reference(self, name: str) -> pulumi.Output[str]:
        return pulumi.Output.format("{arn}:{name}::", arn=self.secret_arn, name=name)

    def _create_cluster(self) -> None:
        self.cluster: Cluster | None = None
        if "cluster_arn" in self._args:
            self.cluster_arn = pulumi.Output.from_input(self._args["cluster_arn"])
            self.cluster_name = pulumi.Output.from_input(self._args["cluster_name"])
            return
        insights = self._args.get("container_insights", False)
        self.cluster = Cluster(f"{self._name}-cluster", {"container_insights": insights}, self._child())
        self.cluster_arn, self.cluster_name = self.cluster.cluster_arn, self.cluster.cluster_name

    def _create_services(self) -> None:
        self._entry, unseen = app_entry(self._args)
        if unseen:
            sentence = in_settings_names(unseen, ["entry_point"])
            pulumi.log.warn(f"ENTRYPOINT of {self._args['dockerfile']}: {sentence}.", self)
        web = self.web = self._service("web", self._web_args())
        self.workers = {
            worker: self._service(worker, self._worker_args(worker, command))
            for worker, command in sorted(self._args["workers"].items())
        }
        self._exposure.create_records(web.recorded)
        self._show_services(web, self.workers)

    def _create_tunnel_task(self) -> None:
        args = component_args.tunnel_task_args(self._args, self.image_uri, self.execution_role_arn, self.log_group_name)
        self.tunnel_task = TunnelTask(f"{self._name}-tunnel", args, self._child())

    def _service(self, role: str, args: ServiceArgs) -> Service:
        args |= self._task_args()
        args["repository_url"] = self.image.repository_url  # a new release leaves the execution role alone
        if "database_url_kms_key_id" in self._args:
            args["secret_kms_key_ids"] = [self._args["database_url_kms_key_id"]]
        return Service(f"{self._name}-{role}", args, self._child())

    def _task_args(self) -> Any:
        """What the tasks of services and jobs have in common, under the names of the components' arguments."""
        args: dict[str, Any] = {
            "security_group_id": self.task_security_group.security_group_id,
            "assign_public_ip": self.network.assign_public_ip,
            "environment": self._environment,
            "secrets": self._secret_references(),
            "secrets_version": self._secrets_version,
            **self._keys("kms_key_id"),
        }
        if self._mounts_certificates():
            args |= {"ca_path": CA_PATH, "ca_certificates": self._region_certificates()}
            if self._args["database"] == "sqlserver":
                args["trusts_sqlserver"] = True
        if isinstance(self.database, LogicalDatabase):
            args["init_containers"] = [self._setup_container(self.database)]
        return args

    def _service_args(self) -> ServiceArgs:
        args = component_args.service_args(
            self._args, self.cluster_arn, self.vpc_id, self.network.task_subnet_ids, self.image_uri
        )
        if self._entry.entry_point:
            args["entry_point"] = self._entry.entry_point
            args["command"] = args.get("command") or self._entry.process
        return args

    def _setup_container(self, database: LogicalDatabase) -> Mapping[str, Any]:
        server = self.database_server
        if self._args["database"] == "sqlserver":
            return sqlserver_setup_container(
                database,
                server_secret_arn=server.secret_arn if server else self._args["database_server_secret_arn"],
                certificates=self._region_certificates(),
                image=self._args["database_setup_image"] or self.image_uri,
                scheme=self._args["database_url_scheme"],
                is_shared=server is None,
            )
        return setup_container(
            database,
            verifier_reference=self._reference(_VERIFIER),
            server_secret_arn=self._args["database_server_secret_arn"],
            certificates=self._region_certificates(),
            image=self._args["database_setup_image"],
        )

    def _region_certificates(self) -> pulumi.Output[str]:
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
        return region.apply(region_certificates)

    def _web_args(self) -> ServiceArgs:
        args = self._service_args()
        args["target_group_arn"] = self._exposure.target_group_arn
        args["more_target_group_arns"] = self._exposure.other_target_group_arns
        args["load_balancers"] = self._exposure.load_balancers or [PUBLIC]
        args["task_policies"] = {**self._task_policies, **self._job_policies()}
        args["task_policy_arns"] = self._args["policy_arns"]
        return args

    def _worker_args(self, worker: str, command: str) -> ServiceArgs:
        args = self._service_args()
        args.pop("sidecars", None)
        return {
            **args,
            "container_name": worker,
            "command": command,
            "desired_count": 1,
            "execution_role_arn": self.web.execution_role_arn,
            "task_role_arn": self.web.task_role_arn,
            "log_group_name": self.web.log_group_name,
            "release_command": "",  # once for all of them
            "after": self.web.prepared,
            # A worker that does not start fails the update once the web service's release is recorded.
            "recorded_after": self.web.recorded,
        }

    def _job_policies(self) -> dict[str, pulumi.Input[str]]:
        """With it, the runs of a job see each other."""
        if not has_guarded_jobs(self._args):
            return {}
        return {"jobs": self.cluster_arn.apply(overlap_policy)}

    def _mounts_certificates(self) -> bool:
        choice = self._args["ca_certificates"]
        if choice == "auto" and self._args["database"] == "sqlserver":
            return True  # its drivers need more than the certificates
        has_database = self._args["database"] != "none" or "database_url_secret_arn" in self._args
        if choice != "auto" or not has_database:
            return choice == "init"
        dockerfile = Path(self._args["app"], self._args["dockerfile"])
        if "image" in self._args or dockerfile.is_file():
            return "image" in self._args or CA_PATH not in dockerfile.read_text(encoding="utf-8")
        return False  # a build plan puts them into the image

    def _create_scaling(self) -> None:
        args = component_args.autoscaling_args(self._args, self.cluster_name, self.service_name)
        if self._args["scale_requests_per_minute"]:
            args["request_label"] = pulumi.Output.format(
                "{balancer}/{target}",
                balancer=self._exposure.main.load_balancer_arn_suffix,
                target=self._exposure.main.target.target_group_arn_suffix,
            )
        self.scaling = Autoscaling(f"{self._name}-scaling", args, self._child())

    def _create_alarms(self) -> None:
        self.alarms: Alarms | None = None
        self.alarm_topic_arn = nothing()
        if not self._args["alarms"] and not self._args["monthly_budget_usd"]:
            return
        args = component_args.alarms_args(self._args)
        args |= self._keys("kms_key_id")
        if self._args["alarms"]:
            args |= {
                "watch_load_balancer": True,
                "load_balancer_arn_suffix": self._exposure.main.load_balancer_arn_suffix,
                "target_group_arn_suffix": self._exposure.main.target.target_group_arn_suffix,
                "watch_service": True,
                "cluster_name": self.cluster_name,
                "service_name": self.service_name,
            }
        server = self._server()
        if self._args["alarms"] and isinstance(server, Database):
            args |= {
                "watch_database": True,
                "database_identifier": server.instance_identifier,
                "database_engine": cast(Any, self._args["database"]),
                "database_instance_class": self._args["database_instance_class"],
                "database_storage_gib": server.allocated_storage_gib,
                "database_max_storage_gib": self._args["database_max_storage_gib"],
            }
        if self._args["alarms"] and isinstance(server, AuroraCluster):
            args |= {
                "watch_database_cluster": True,
                "database_cluster_identifier": server.cluster_identifier,
                "database_cluster_engine": cast(Any, self._args["database"]),
                "database_min_capacity": self._args["database_min_capacity"],
                "database_max_capacity": self._args["database_max_capacity"],
            }
        if self._args["alarms"] and isinstance(server, DocumentDbCluster):
            args |= {"watch_documentdb": True, "documentdb_cluster_identifier": server.cluster_identifier}
        if self._args["alarms"] and self.queue:
            args |= {
                "watch_queue": True,
                "queue_name": self.queue.queue_name,
                "dead_letter_queue_name": self.queue.dead_letter_queue_name,
            }
        if self._args["alarms"] and self.cache:
            args |= {
                "watch_cache": True,
                "cache_replication_group_id": self.cache.replication_group_id,
                "cache_nodes": self._args["cache_replicas"] + 1,
                "cache_use": self._args["cache_use"],
            }
        if self._args["alarms"] and self._args["jobs"]:
            args["event_rules"] = True
        self.alarms = Alarms(f"{self._name}-alarms", args, self._child())
        self.alarm_topic_arn = self.alarms.topic_arn

    def _create_jobs(self) -> None:
        self.jobs: ScheduledJobs | None = None
        self.schedule_group_name = self.schedule_group_arn = self.job_dead_letter_queue_url = nothing()
        if not self._args["jobs"]:
            return
        args = component_args.scheduled_jobs_args(
            self._args, self.cluster_arn, self.network.task_subnet_ids, self.image_uri
        )
        args |= self._task_args()
        args["execution_role_arn"], args["task_role_arn"] = self.web.execution_role_arn, self.web.task_role_arn
        args["log_group_name"] = self.web.log_group_name
        # A release that does not run reaches no job: what was scheduled before goes on.
        args["after"] = pulumi.Output.all(self.web.prepared, self.web.recorded)
        if self._entry.entry_point:
            args["entry_point"] = self._entry.entry_point
        if self._args["alarms"]:
            args["watch"], args["alarm_topic_arn"] = True, self.alarm_topic_arn
        jobs = self.jobs = ScheduledJobs(f"{self._name}-jobs", args, self._child())
        self.schedule_group_name, self.schedule_group_arn = jobs.schedule_group_name, jobs.schedule_group_arn
        self.job_dead_letter_queue_url = jobs.dead_letter_queue_url

    def _show_network(self, network: Network) -> None:
        self.vpc_id = network.vpc_id
        self.public_subnet_ids = network.public_subnet_ids
        self.private_subnet_ids = network.private_subnet_ids
        self.task_subnet_ids = network.task_subnet_ids
        self.assign_public_ip = network.assign_public_ip
        self.endpoint_security_group_id = network.endpoint_security_group_id

    def _show_exposure(self, exposure: Exposure) -> None:
        main, cdn = exposure.main, exposure.cdn
        self.url, self.hostname, self.dns_records = exposure.url, exposure.hostname, exposure.dns_records
        self.certificate_arn = exposure.certificate_arn
        self.web_acl_arn = self.web_acl.web_acl_arn if self.web_acl else nothing()
        self.basic_auth = exposure.basic_auth
        self.basic_auth_password = self.basic_auth.password if self.basic_auth else nothing()
        self.distribution_id = cdn.distribution_id if cdn else nothing()
        self.distribution_arn = cdn.distribution_arn if cdn else nothing()
        self.load_balancer_arn = main.load_balancer_arn
        self.load_balancer_arn_suffix = main.load_balancer_arn_suffix
        self.load_balancer_dns_name = main.load_balancer_dns_name
        self.load_balancer_zone_id = main.load_balancer_zone_id
        self.load_balancer_security_group_id = main.security_group_id
        self.listener_arn = main.listener_arn
        self.target_group_arn = exposure.target_group_arn

    def _show_database(self, database: _Server | LogicalDatabase | None, server: _Server | None) -> None:
        instance = server if isinstance(server, Database) else None
        cluster = server if isinstance(server, AuroraCluster | DocumentDbCluster) else None
        self.database_host = database.host if database else nothing()
        self.database_port = database.port if database else pulumi.Output.from_input(0)
        self.database_name = database.database_name if database else nothing()
        self.database_username = database.username if database else nothing()
        self.database_secret_arn = database.secret_arn if database else nothing()
        self.database_security_group_id = database.security_group_id if database else nothing()
        self.database_instance_identifier = instance.instance_identifier if instance else nothing()
        self.database_instance_arn = instance.instance_arn if instance else nothing()
        self.database_cluster_identifier = cluster.cluster_identifier if cluster else nothing()
        self.database_cluster_arn = cluster.cluster_arn if cluster else nothing()

    def _show_cache(self, cache: Cache | None) -> None:
        self.cache_host = cache.host if cache else nothing()
        self.cache_port = cache.port if cache else pulumi.Output.from_input(0)
        self.cache_secret_arn = cache.secret_arn if cache else nothing()
        self.cache_security_group_id = cache.security_group_id if cache else nothing()
        self.cache_replication_group_id = cache.replication_group_id if cache else nothing()

    def _show_services(self, web: Service, workers: Mapping[str, Service]) -> None:
        self.service_name, self.service_arn = web.service_name, web.service_arn
        self.task_definition_arn = web.task_definition_arn
        self.execution_role_arn, self.execution_role_name = web.execution_role_arn, web.execution_role_name
        self.task_role_arn, self.task_role_name = web.task_role_arn, web.task_role_name
        self.log_group_name, self.log_group_arn = web.log_group_name, web.log_group_arn
        names = {worker: service.service_name for worker, service in workers.items()}
        self.worker_service_names = pulumi.Output.from_input(names)  # Output.all() of none would be a list


def _verifier(database: Component | None, args: FlaskAppArgs) -> pulumi.Output[str] | None:
    """The password verifier that a shared PostgreSQL server stores."""
    if isinstance(database, LogicalDatabase) and args["database"] == "postgres":
        return database.password_verifier
    return None


def nothing() -> pulumi.Output[str]:
    """The output for what an app does not have."""
    return pulumi.Output.from_input("")


def _facts(args: FlaskAppArgs, proxy_depth: int, known: Mapping[str, Any]) -> Facts:
    database = cache = None
    if args["cache"] != "none":
        cache = CacheFacts(known["cache_host"], int(known["cache_port"]), args["cache_use"])
    if args["database"] != "none":
        database = DatabaseFacts(
            host=known["host"],
            port=int(known["port"]),
            name=known["database_name"],
            user=known["user"],
            scheme=args["database_url_scheme"],
            query=args.get("database_url_query"),
            secret_arn=known["database_secret_arn"],
            engine=args["database"],
        )
    return Facts(
        port=args["port"],
        external_url=known["external_url"],
        proxy_depth=proxy_depth,
        environment=args["environment"],
        region=known["region"],
        release=known["release"],
        cpu=args["cpu"],
        memory=args["memory"],
        debug=args["debug"],
        database=database,
        bucket_name=known["bucket_name"] or None,
        queue_url=known["queue_url"] or None,
        cache=cache,
        media=_media_facts(args, known),
        storage_dsn=known["storage_dsn"],
        compat=tuple(args["compat"]),
        aliases=tuple(args["domain_aliases"]),
        git_branch=args["git_branch"],
        dual_stack=args["egress"] == "ipv6",
    )


def _media_facts(args: FlaskAppArgs, known: Mapping[str, Any]) -> MediaFacts | None:
    if args["media_cdn"] == "none":
        return None
    return MediaFacts(known["media_url"], args["media_cdn_path"].removeprefix("/"), known["key_pair_id"])
