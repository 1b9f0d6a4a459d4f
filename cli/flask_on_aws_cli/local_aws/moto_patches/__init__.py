"""Patches of moto where it differs from AWS in ways that clients notice: each has a reason and a contract test.

moto only keeps records; here, services and databases really run behind them. So most patches replace behavior that
moto simulates. The contract tests in `tests/moto_contracts.py` fail for a patch that a newer moto no longer needs.
"""

from .bundled_data import patch_bundled_data  # before any import of moto's EC2

# isort: split
from .access_logs import patch_access_logs
from .cloudfront import patch_cloudfront
from .deployments import patch_deployments
from .documentdb import patch_documentdb
from .ecs import patch_ecs
from .elasticache import patch_elasticache
from .images import patch_images
from .ipv6 import patch_ipv6
from .log_keys import patch_log_keys
from .monitoring import patch_monitoring
from .other_services import patch_other_services
from .provider import patch_for_provider
from .rds import patch_rds
from .rds_clusters import patch_rds_clusters
from .service_models import patch_service_models
from .sessions import patch_sessions


def apply_patches() -> None:
    """Apply all patches to this process; a second call changes nothing."""
    patch_bundled_data()
    patch_service_models()
    patch_ecs()
    patch_other_services()
    patch_ipv6()
    patch_log_keys()
    patch_rds()
    patch_rds_clusters()
    patch_documentdb()
    patch_elasticache()
    patch_for_provider()
    patch_monitoring()
    patch_deployments()
    patch_cloudfront()
    patch_access_logs()
    patch_images()
    patch_sessions()
