"""Reusable Pulumi components that run a Flask app on AWS.

Each is imported on first use: together they load most of pulumi_aws, which costs a second and 60 MB of memory that a tool
that only needs a build plan should not pay.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alarms.alarms import Alarms, AlarmsArgs
    from .aurora.aurora_cluster import AuroraCluster, AuroraClusterArgs
    from .cache.cache import Cache
    from .cache.cache_args import CacheArgs
    from .database.database import Database, DatabaseArgs
    from .documentdb.documentdb_cluster import DocumentDbCluster, DocumentDbClusterArgs
    from .ecs.autoscaling import Autoscaling, AutoscalingArgs
    from .ecs.cluster import Cluster, ClusterArgs
    from .ecs.service import Service
    from .ecs.service_args import ServiceArgs
    from .ecs.task_roles import TaskRoles, TaskRolesArgs
    from .ecs.task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs
    from .ecs.tunnel_task import TunnelTask, TunnelTaskArgs
    from .flask_app.flask_app import FlaskApp
    from .flask_app.flask_app_args import FlaskAppArgs
    from .flask_app.transforms import FlaskAppTransform
    from .github.deploy_role import GitHubDeployRole, GitHubDeployRoleArgs
    from .image.image import Image, ImageArgs
    from .ingress.alias_records import AliasRecords, AliasRecordsArgs
    from .ingress.basic_auth import BasicAuth, BasicAuthArgs
    from .ingress.cdn import Cdn, CdnArgs
    from .ingress.certificate import Certificate, CertificateArgs
    from .ingress.edge_redirect import EdgeRedirect, EdgeRedirectArgs
    from .ingress.load_balancer import LoadBalancer, LoadBalancerArgs
    from .ingress.media_access import MediaAccess, MediaAccessArgs
    from .ingress.media_cdn import MediaCdn, MediaCdnArgs
    from .ingress.route import Route, RouteArgs
    from .ingress.vpc_origin import VpcOrigin, VpcOriginArgs
    from .jobs.scheduled_jobs import ScheduledJobs, ScheduledJobsArgs
    from .logical_database.logical_database import LogicalDatabase, LogicalDatabaseArgs
    from .network.network import Network, NetworkArgs
    from .secrets.app_secret import AppSecret, AppSecretArgs
    from .secrets.kms_key import KmsKey, KmsKeyArgs
    from .storage.media_bucket import MediaBucket, MediaBucketArgs
    from .storage.queue import Queue, QueueArgs
    from .waf.web_acl import WebAcl, WebAclArgs

__all__ = [
    "Alarms",
    "AlarmsArgs",
    "AliasRecords",
    "AliasRecordsArgs",
    "AppSecret",
    "AppSecretArgs",
    "AuroraCluster",
    "AuroraClusterArgs",
    "Autoscaling",
    "AutoscalingArgs",
    "BasicAuth",
    "BasicAuthArgs",
    "Cache",
    "CacheArgs",
    "Cdn",
    "CdnArgs",
    "Certificate",
    "CertificateArgs",
    "Cluster",
    "ClusterArgs",
    "Database",
    "DatabaseArgs",
    "DocumentDbCluster",
    "DocumentDbClusterArgs",
    "EdgeRedirect",
    "EdgeRedirectArgs",
    "FlaskApp",
    "FlaskAppArgs",
    "FlaskAppTransform",
    "GitHubDeployRole",
    "GitHubDeployRoleArgs",
    "Image",
    "ImageArgs",
    "KmsKey",
    "KmsKeyArgs",
    "LoadBalancer",
    "LoadBalancerArgs",
    "LogicalDatabase",
    "LogicalDatabaseArgs",
    "MediaAccess",
    "MediaAccessArgs",
    "MediaBucket",
    "MediaBucketArgs",
    "MediaCdn",
    "MediaCdnArgs",
    "Network",
    "NetworkArgs",
    "Queue",
    "QueueArgs",
    "Route",
    "RouteArgs",
    "ScheduledJobs",
    "ScheduledJobsArgs",
    "Service",
    "ServiceArgs",
    "TaskRoles",
    "TaskRolesArgs",
    "TaskSecurityGroup",
    "TaskSecurityGroupArgs",
    "TunnelTask",
    "TunnelTaskArgs",
    "VpcOrigin",
    "VpcOriginArgs",
    "WebAcl",
    "WebAclArgs",
]

COMPONENTS = tuple(name for name in __all__ if not name.endswith(("Args", "Transform")))
"""The names of the components, which other languages see."""

# Where each name is.
_MODULES = {
    "Alarms": ".alarms.alarms",
    "AlarmsArgs": ".alarms.alarms",
    "AliasRecords": ".ingress.alias_records",
    "AliasRecordsArgs": ".ingress.alias_records",
    "AppSecret": ".secrets.app_secret",
    "AppSecretArgs": ".secrets.app_secret",
    "AuroraCluster": ".aurora.aurora_cluster",
    "AuroraClusterArgs": ".aurora.aurora_cluster",
    "Autoscaling": ".ecs.autoscaling",
    "AutoscalingArgs": ".ecs.autoscaling",
    "BasicAuth": ".ingress.basic_auth",
    "BasicAuthArgs": ".ingress.basic_auth",
    "Cache": ".cache.cache",
    "CacheArgs": ".cache.cache_args",
    "Cdn": ".ingress.cdn",
    "CdnArgs": ".ingress.cdn",
    "Certificate": ".ingress.certificate",
    "CertificateArgs": ".ingress.certificate",
    "Cluster": ".ecs.cluster",
    "ClusterArgs": ".ecs.cluster",
    "Database": ".database.database",
    "DatabaseArgs": ".database.database",
    "DocumentDbCluster": ".documentdb.documentdb_cluster",
    "DocumentDbClusterArgs": ".documentdb.documentdb_cluster",
    "EdgeRedirect": ".ingress.edge_redirect",
    "EdgeRedirectArgs": ".ingress.edge_redirect",
    "FlaskApp": ".flask_app.flask_app",
    "FlaskAppArgs": ".flask_app.flask_app_args",
    "FlaskAppTransform": ".flask_app.transforms",
    "GitHubDeployRole": ".github.deploy_role",
    "GitHubDeployRoleArgs": ".github.deploy_role",
    "Image": ".image.image",
    "ImageArgs": ".image.image",
    "KmsKey": ".secrets.kms_key",
    "KmsKeyArgs": ".secrets.kms_key",
    "LoadBalancer": ".ingress.load_balancer",
    "LoadBalancerArgs": ".ingress.load_balancer",
    "LogicalDatabase": ".logical_database.logical_database",
    "LogicalDatabaseArgs": ".logical_database.logical_database",
    "MediaAccess": ".ingress.media_access",
    "MediaAccessArgs": ".ingress.media_access",
    "MediaBucket": ".storage.media_bucket",
    "MediaBucketArgs": ".storage.media_bucket",
    "MediaCdn": ".ingress.media_cdn",
    "MediaCdnArgs": ".ingress.media_cdn",
    "Network": ".network.network",
    "NetworkArgs": ".network.network",
    "Queue": ".storage.queue",
    "QueueArgs": ".storage.queue",
    "Route": ".ingress.route",
    "RouteArgs": ".ingress.route",
    "ScheduledJobs": ".jobs.scheduled_jobs",
    "ScheduledJobsArgs": ".jobs.scheduled_jobs",
    "Service": ".ecs.service",
    "ServiceArgs": ".ecs.service_args",
    "TaskRoles": ".ecs.task_roles",
    "TaskRolesArgs": ".ecs.task_roles",
    "TunnelTask": ".ecs.tunnel_task",
    "TunnelTaskArgs": ".ecs.tunnel_task",
    "TaskSecurityGroup": ".ecs.task_security_group",
    "TaskSecurityGroupArgs": ".ecs.task_security_group",
    "VpcOrigin": ".ingress.vpc_origin",
    "VpcOriginArgs": ".ingress.vpc_origin",
    "WebAcl": ".waf.web_acl",
    "WebAclArgs": ".waf.web_acl",
}


def __getattr__(name: str) -> Any:
    """A component, the arguments of one, or the type of a transform."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name], __name__), name)
