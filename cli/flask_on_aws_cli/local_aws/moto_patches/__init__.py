"""What moto does otherwise than AWS and its clients notice: one small replacement for each, with the reason.

moto keeps records; behind ours things really run. So most of what is mended here is moto's pretending.
"""

from .lists import mend_lists  # before what imports EC2

# isort: split
from .access_logs import mend_access_logs
from .accounts import mend_accounts
from .cloudfront import mend_cloudfront
from .deployments import mend_deployments
from .ecs import mend_ecs
from .images import mend_images
from .log_keys import mend_log_keys
from .models import mend_models
from .others import mend_others
from .provider import mend_for_provider
from .rds import mend_rds


def mend() -> None:
    """Put all replacements in place, once for a process; a second call changes nothing."""
    mend_lists()
    mend_models()
    mend_ecs()
    mend_others()
    mend_log_keys()
    mend_rds()
    mend_for_provider()
    mend_accounts()
    mend_deployments()
    mend_cloudfront()
    mend_access_logs()
    mend_images()
