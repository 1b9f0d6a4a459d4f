"""Patches of moto where it behaves otherwise than AWS and clients notice: each with its reason and a contract test.

moto keeps records; behind ours things really run. So most patches replace what moto only pretends. The scenarios in
`tests/moto_contracts.py` fail for a patch that a newer moto no longer needs.
"""

from .lists import patch_lists  # before what imports EC2

# isort: split
from .access_logs import patch_access_logs
from .accounts import patch_accounts
from .cloudfront import patch_cloudfront
from .deployments import patch_deployments
from .ecs import patch_ecs
from .images import patch_images
from .log_keys import patch_log_keys
from .models import patch_models
from .others import patch_others
from .provider import patch_for_provider
from .rds import patch_rds


def apply_patches() -> None:
    """Apply all patches, once for a process; a second call changes nothing."""
    patch_lists()
    patch_models()
    patch_ecs()
    patch_others()
    patch_log_keys()
    patch_rds()
    patch_for_provider()
    patch_accounts()
    patch_deployments()
    patch_cloudfront()
    patch_access_logs()
    patch_images()
