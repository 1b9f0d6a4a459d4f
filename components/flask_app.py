"""The façade: a Flask app with everything that it needs to run on AWS."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from . import flask_app_args as given
from .alarms import Alarms, AlarmsArgs
from .app_secret import AppSecret
from .autoscaling import Autoscaling, AutoscalingArgs
from .cdn import Cdn
from .certificate import Certificate, CertificateArgs
from .cluster import Cluster
from .contract import CA_PATH, DatabaseFacts, Facts, plain_environment, secret_names, secret_values
from .database import Database, DatabaseArgs
from .dns import AliasRecords
from .flask_app_args import FlaskAppArgs, part
from .image import Image, ImageArgs
from .load_balancer import LoadBalancer, LoadBalancerArgs
from .media import MediaBucket, MediaBucketArgs
from .network import Network, NetworkArgs
from .rds_ca import region_certificates
from .route import Route, RouteArgs
from .service import Service, ServiceArgs
from .task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs

from ._component import Component, refuse  # isort: skip

_SECRET_KEY_BYTES = 32  # the contract's; 256 bits cannot be guessed
_ORIGIN_SECRET_LENGTH = 40  # letters and digits: 238 bits
# Secrets Manager's least time in which a deleted secret can be restored; elsewhere than in production it is deleted at
# once, so that a stack of the same name can be made again.
_SECRET_RECOVERY_DAYS = 7


class FlaskApp(Component):
    """Image, network, database, bucket, load balancer or CloudFront, Fargate services, scaling and alarms of one app.

    Load balancer, database, certificate, bucket and image are created side by side; only the service waits for them.
    """

    url: pulumi.Output[str]
    """The app's address, always https."""
    hostname: pulumi.Output[str]
    """Host of `url`."""
    dns_records: pulumi.Output[Sequence[Mapping[str, str]]]
    """With `dns` external: the records to set, each name, type and value."""
    load_balancer_dns_name: pulumi.Output[str]
    """DNS name of the load balancer."""
    image_uri: pulumi.Output[str]
    """The running image, by digest."""
    cluster_name: pulumi.Output[str]
    """Name of the ECS cluster."""
    service_name: pulumi.Output[str]
    """Name of the web service."""
    task_definition_arn: pulumi.Output[str]
    """ARN of the web service's task definition, with its revision."""
    security_group_id: pulumi.Output[str]
    """Security group of the tasks."""
    log_group_name: pulumi.Output[str]
    """Log group of web and workers."""
    secret_arn: pulumi.Output[str]
    """ARN of the app's JSON secret."""
    database_host: pulumi.Output[str]
    """Host of the database; empty without one."""
    bucket_name: pulumi.Output[str]
    """Name of the media bucket; empty without one."""
    vpc_id: pulumi.Output[str]
    """The VPC."""

    def __init__(self, name: str, args: FlaskAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(given.problems(name, args))
        super().__init__(name, opts)
        self._args = given.with_profile(args)
        self._exposure = given.exposure(self._args)
        self._create_network()
        self._create_image()
        self._create_exposure()
        self._create_security_group()
        self._create_bucket()
        self._create_database()
        self._create_secret()
        self._create_cluster()
        self._create_services()
        self._create_scaling()
        self._create_alarms()
        self._register()

    def _create_network(self) -> None:
        self._network = Network(
            f"{self._name}-network", cast(NetworkArgs, part(self._args, given.NETWORK)), self._child()
        )
        self.vpc_id = self._network.vpc_id

    def _create_image(self) -> None:
        args = cast(ImageArgs, given.image_part(self._args))
        args["force_delete"] = not self._args["deletion_protection"]
        self._image = Image(f"{self._name}-image", args, self._child())
        self.image_uri = self._image.image_uri

    def _create_exposure(self) -> None:
        """Load balancer, certificate, names: everything between a visitor and the target group."""
        self.dns_records = pulumi.Output.from_input(cast(Sequence[Mapping[str, str]], []))
        self._route: RouteArgs = {"vpc_id": self.vpc_id, "port": self._args["port"]}
        if "health_check_path" in self._args:
            self._route["health_check_path"] = self._args["health_check_path"]
        certificate = self._create_certificate()
        if self._exposure == "shared":
            self._join_load_balancer(certificate)
        elif self._exposure == "https":
            self._create_load_balancer({"mode": "https", "certificate_arn": cast(pulumi.Input[str], certificate)})
        else:
            self._create_load_balancer({"mode": "cloudfront"})
            self._create_cdn()
        if self._exposure != "cloudfront":
            self.hostname = pulumi.Output.from_input(self._args["domain"])
            self._set_records()
        self._target = Route(f"{self._name}-web", self._route, self._child())
        self.url = pulumi.Output.format("https://{host}", host=self.hostname)

    def _create_certificate(self) -> pulumi.Input[str] | None:
        self._zone_id: pulumi.Input[str] | None = self._args.get("zone_id")
        if "certificate_arn" in self._args or not self._args.get("domain"):
            return self._args.get("certificate_arn")
        if self._exposure == "shared" and self._args["dns"] == "external":
            return None  # the shared listener's own certificate covers the name
        args = cast(CertificateArgs, part(self._args, given.CERTIFICATE))
        certificate = Certificate(f"{self._name}-certificate", args, self._child())
        self._zone_id = certificate.zone_id
        if self._args["dns"] == "external":
            self.dns_records = certificate.validation_records
        return certificate.certificate_arn

    def _create_load_balancer(self, mode: LoadBalancerArgs) -> None:
        args = cast(LoadBalancerArgs, {**part(self._args, given.LOAD_BALANCER), **mode})
        args["vpc_id"], args["subnet_ids"] = self.vpc_id, self._network.public_subnet_ids
        args["dual_stack"] = self._args["egress"] == "ipv6"
        args["retain_access_logs"] = self._args["deletion_protection"]
        balancer = LoadBalancer(f"{self._name}-alb", args, self._child())
        self._balancer_security_group = balancer.security_group_id
        self._balancer_zone_id, self._balancer_suffix = balancer.zone_id, balancer.arn_suffix
        self.load_balancer_dns_name = balancer.dns_name
        self._route["listener_arn"] = balancer.listener_arn

    def _join_load_balancer(self, certificate: pulumi.Input[str] | None) -> None:
        args = self._args
        self._balancer_security_group = pulumi.Output.from_input(args["load_balancer_security_group_id"])
        self._balancer_zone_id = pulumi.Output.from_input(args["load_balancer_zone_id"])
        self._balancer_suffix = pulumi.Output.from_input(args["load_balancer_arn_suffix"])
        self.load_balancer_dns_name = pulumi.Output.from_input(args["load_balancer_dns_name"])
        self._route["listener_arn"] = args["listener_arn"]
        self._route["hosts"] = [args["domain"], *args["domain_aliases"]]
        self._route["priority"] = args.get("listener_priority", 100)  # in the middle of a hundred apps' rules
        self._route["paths"] = args.get("listener_paths", ["/*"])
        if certificate is not None:
            aws.lb.ListenerCertificate(
                f"{self._name}-certificate",
                listener_arn=args["listener_arn"],
                certificate_arn=certificate,
                opts=self._child(),
            )

    def _create_cdn(self) -> None:
        secret = random.RandomPassword(
            f"{self._name}-origin", length=_ORIGIN_SECRET_LENGTH, special=False, opts=self._child()
        ).result
        cdn = Cdn(
            f"{self._name}-cdn",
            {"origin_domain_name": self.load_balancer_dns_name, "origin_secret": secret},
            self._child(),
        )
        self._route["origin_secret"], self._route["requires_origin_secret"] = secret, True
        self.hostname = cdn.domain_name

    def _set_records(self) -> None:
        names = [self._args["domain"], *self._args["domain_aliases"]]
        if self._args["dns"] == "route53" and self._zone_id is not None:
            AliasRecords(
                f"{self._name}-dns",
                {
                    "zone_id": self._zone_id,
                    "names": names,
                    "target_dns_name": self.load_balancer_dns_name,
                    "target_zone_id": self._balancer_zone_id,
                },
                self._child(),
            )
        else:
            records = pulumi.Output.all(self.dns_records, self.load_balancer_dns_name)
            self.dns_records = records.apply(lambda both: [*both[0], *_cnames(names, both[1])])

    def _create_security_group(self) -> None:
        args: TaskSecurityGroupArgs = {
            "vpc_id": self.vpc_id,
            "port": self._args["port"],
            "load_balancer_security_group_id": self._balancer_security_group,
        }
        if "outbound_ports" in self._args:
            args["outbound_ports"] = self._args["outbound_ports"]
        group = TaskSecurityGroup(f"{self._name}-web", args, self._child())
        self.security_group_id = group.security_group_id

    def _create_bucket(self) -> None:
        self._storage_dsn: pulumi.Output[str] | None = None
        self.bucket_name = pulumi.Output.from_input("")
        self._task_policies: dict[str, pulumi.Input[str]] = {}
        if self._args["bucket"] == "none":
            return
        args = cast(MediaBucketArgs, part(self._args, given.MEDIA))
        args["allowed_origins"] = [self.url]
        bucket = MediaBucket(f"{self._name}-media", args, self._child())
        self.bucket_name, self._storage_dsn = bucket.bucket_name, bucket.storage_dsn
        self._task_policies["media"] = bucket.policy_json

    def _create_database(self) -> None:
        self.database_host = pulumi.Output.from_input("")
        self._database: Database | None = None
        if self._args["database"] == "none":
            return
        args = cast(DatabaseArgs, part(self._args, given.DATABASE))
        args["vpc_id"], args["subnet_ids"] = self.vpc_id, self._network.private_subnet_ids
        args["client_security_group_ids"] = {"tasks": self.security_group_id}
        self._database = Database(f"{self._name}-db", args, self._child())
        self.database_host = self._database.host

    def _facts(self, release: pulumi.Input[str]) -> pulumi.Output[Facts]:
        database = self._database
        known = pulumi.Output.all(
            external_url=self.url,
            region=aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region,
            release=release,
            host=database.host if database else None,
            port=database.port if database else None,
            database_name=database.database_name if database else None,
            bucket_name=self.bucket_name,
            storage_dsn=self._storage_dsn,
        )
        args, depth = self._args, 2 if self._exposure == "cloudfront" else 1
        return known.apply(lambda values: _facts(args, depth, values))

    def _create_secret(self) -> None:
        key = random.RandomBytes(f"{self._name}-key", length=_SECRET_KEY_BYTES, opts=self._child()).base64
        values = pulumi.Output.all(
            facts=self._facts(release=""),  # no secret depends on the release, so a new one leaves the secret alone
            password=self._database.password if self._database else "",
            key=key,
            own=dict(self._args["secret_values"]),
        ).apply(lambda v: {**secret_values(v["facts"], v["password"], v["key"]), **v["own"]})
        secret = AppSecret(
            f"{self._name}-secret",
            {
                "values": pulumi.Output.secret(values),
                "recovery_days": _SECRET_RECOVERY_DAYS if self._args["deletion_protection"] else 0,
            },
            self._child(),
        )
        self.secret_arn, self._secrets_version = secret.secret_arn, secret.version_id
        facts = self._facts(self._image.digest)
        self._environment = pulumi.Output.all(facts=facts, own=dict(self._args["env"])).apply(
            lambda v: {**plain_environment(v["facts"]), **v["own"]}
        )

    def _secret_references(self) -> dict[str, pulumi.Input[str]]:
        own, args = self._args["secret_values"], self._args
        names = {*secret_names(args["database"] == "postgres", args["compat"]), *own} - {*args["env"], *args["secrets"]}
        kept = {name: pulumi.Output.format("{arn}:{name}::", arn=self.secret_arn, name=name) for name in sorted(names)}
        return {**kept, **args["secrets"]}

    def _create_cluster(self) -> None:
        if "cluster_arn" in self._args:
            self._cluster_arn = pulumi.Output.from_input(self._args["cluster_arn"])
            self.cluster_name = pulumi.Output.from_input(self._args["cluster_name"])
            return
        insights = self._args.get("container_insights", False)
        cluster = Cluster(f"{self._name}-cluster", {"container_insights": insights}, self._child())
        self._cluster_arn, self.cluster_name = cluster.cluster_arn, cluster.cluster_name

    def _create_services(self) -> None:
        web = self._service("web", self._web_args())
        self._web = web
        self.service_name, self.task_definition_arn = web.service_name, web.task_definition_arn
        self.log_group_name = web.log_group_name
        for worker, command in sorted(self._args["workers"].items()):
            self._service(worker, self._worker_args(worker, command))

    def _service(self, role: str, args: ServiceArgs) -> Service:
        everywhere: ServiceArgs = {
            "cluster_arn": self._cluster_arn,
            "vpc_id": self.vpc_id,
            "security_group_id": self.security_group_id,
            "subnet_ids": self._network.task_subnet_ids,
            "assign_public_ip": self._network.assign_public_ip,
            "image_uri": self.image_uri,
            # A new release leaves the execution role alone.
            "repository_url": self._image.repository_url,
            "environment": self._environment,
            "secrets": self._secret_references(),
            "secrets_version": self._secrets_version,
        }
        if self._mounts_certificates():
            region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
            everywhere |= {"ca_path": CA_PATH, "ca_certificates": region.apply(region_certificates)}
        return Service(f"{self._name}-{role}", {**everywhere, **args}, self._child())

    def _web_args(self) -> ServiceArgs:
        args = cast(ServiceArgs, part(self._args, given.SERVICE))
        # ECS refuses a service whose target group no listener uses, so the service waits for the rules.
        ready = pulumi.Output.all(self._target.target_group_arn, self._target.rule_arns)
        args["target_group_arn"] = ready.apply(lambda both: str(both[0]))
        args["task_policies"] = self._task_policies
        args["task_policy_arns"] = self._args["policy_arns"]
        return args

    def _worker_args(self, worker: str, command: str) -> ServiceArgs:
        args = cast(ServiceArgs, part(self._args, given.SERVICE))
        args.pop("sidecars", None)
        return {
            **args,
            "container_name": worker,
            "command": command,
            "desired_count": 1,
            "execution_role_arn": self._web.execution_role_arn,
            "task_role_arn": self._web.task_role_arn,
            "log_group_name": self._web.log_group_name,
        }

    def _mounts_certificates(self) -> bool:
        choice = self._args["ca_certificates"]
        if choice != "auto" or self._args["database"] == "none":
            return choice == "init"
        dockerfile = Path(self._args["app"], self._args["dockerfile"])
        if "image" in self._args or dockerfile.is_file():
            return "image" in self._args or CA_PATH not in dockerfile.read_text(encoding="utf-8")
        return False  # a build plan puts them into the image

    def _create_scaling(self) -> None:
        args = cast(AutoscalingArgs, part(self._args, given.SCALING))
        args["cluster_name"], args["service_name"] = self.cluster_name, self.service_name
        if self._args["scale_requests_per_minute"]:
            args["request_label"] = pulumi.Output.format(
                "{balancer}/{target}", balancer=self._balancer_suffix, target=self._target.target_group_arn_suffix
            )
        Autoscaling(f"{self._name}-scaling", args, self._child())

    def _create_alarms(self) -> None:
        if not self._args["alarms"] and not self._args["monthly_budget_usd"]:
            return
        args = cast(AlarmsArgs, part(self._args, given.ALARMS))
        if self._args["alarms"]:
            args |= {
                "watch_load_balancer": True,
                "load_balancer_arn_suffix": self._balancer_suffix,
                "target_group_arn_suffix": self._target.target_group_arn_suffix,
                "watch_service": True,
                "cluster_name": self.cluster_name,
                "service_name": self.service_name,
            }
        if self._args["alarms"] and self._database:
            args |= {
                "watch_database": True,
                "database_identifier": self._database.instance_identifier,
                "database_instance_class": self._args["database_instance_class"],
                "database_storage_gib": self._args["database_storage_gib"],
            }
        Alarms(f"{self._name}-alarms", args, self._child())


def _facts(args: FlaskAppArgs, proxy_depth: int, known: Mapping[str, Any]) -> Facts:
    database = None
    if args["database"] == "postgres":
        database = DatabaseFacts(
            host=known["host"],
            port=int(known["port"]),
            name=known["database_name"],
            user=args["database_username"],
            scheme=args["database_url_scheme"],
            query=args.get("database_url_query"),
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
        storage_dsn=known["storage_dsn"],
        compat=tuple(args["compat"]),
        aliases=tuple(args["domain_aliases"]),
        git_branch=args["git_branch"],
    )


def _cnames(names: Sequence[str], target: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "CNAME", "value": target} for name in names]
