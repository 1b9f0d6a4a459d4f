"""Reusable Pulumi components that run a Flask app on AWS.

Each is imported when it is first asked for: all of them load most of pulumi_aws, a second and 60 MB of memory that a
tool which wants a build plan alone is spared.
"""

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alarms import Alarms, AlarmsArgs
    from .app_secret import AppSecret, AppSecretArgs
    from .autoscaling import Autoscaling, AutoscalingArgs
    from .cdn import Cdn, CdnArgs
    from .certificate import Certificate, CertificateArgs
    from .cluster import Cluster, ClusterArgs
    from .database import Database, DatabaseArgs
    from .dns import AliasRecords, AliasRecordsArgs
    from .flask_app import FlaskApp
    from .flask_app_args import FlaskAppArgs
    from .github import GitHubDeployRole, GitHubDeployRoleArgs
    from .image import Image, ImageArgs
    from .kms_key import KmsKey, KmsKeyArgs
    from .load_balancer import LoadBalancer, LoadBalancerArgs
    from .logical_database import LogicalDatabase, LogicalDatabaseArgs
    from .media import MediaBucket, MediaBucketArgs
    from .network import Network, NetworkArgs
    from .route import Route, RouteArgs
    from .service import Service
    from .service_args import ServiceArgs
    from .task_roles import TaskRoles, TaskRolesArgs
    from .task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs
    from .transforms import FlaskAppTransform
    from .vpc_origin import VpcOrigin, VpcOriginArgs

__all__ = [
    "Alarms",
    "AlarmsArgs",
    "AliasRecords",
    "AliasRecordsArgs",
    "AppSecret",
    "AppSecretArgs",
    "Autoscaling",
    "AutoscalingArgs",
    "Cdn",
    "CdnArgs",
    "Certificate",
    "CertificateArgs",
    "Cluster",
    "ClusterArgs",
    "Database",
    "DatabaseArgs",
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
    "MediaBucket",
    "MediaBucketArgs",
    "Network",
    "NetworkArgs",
    "Route",
    "RouteArgs",
    "Service",
    "ServiceArgs",
    "TaskRoles",
    "TaskRolesArgs",
    "TaskSecurityGroup",
    "TaskSecurityGroupArgs",
    "VpcOrigin",
    "VpcOriginArgs",
]

COMPONENTS = tuple(name for name in __all__ if not name.endswith(("Args", "Transform")))
"""The names of the components, which other languages see."""

# Components whose file has another name than they have.
_FILES = {
    "AliasRecords": "dns",
    "FlaskAppTransform": "transforms",
    "GitHubDeployRole": "github",
    "MediaBucket": "media",
}


def __getattr__(name: str) -> Any:
    """A component, the arguments of one, or the type of a transform."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    component = name.removesuffix("Args")
    file = _FILES.get(component) or re.sub(r"(?<!^)([A-Z])", r"_\1", component).lower()
    return getattr(import_module(f".{file}", __name__), name)
