"""The KMS key of an existing log group; moto accepts one only when the group is created."""

from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from ._patch import patch


def _associate(_: Any, self: Any) -> str:
    """moto lacks AssociateKmsKey, which changes the KMS key of an existing log group."""
    return _set_key(self, self._get_param("kmsKeyId"))


def _disassociate(_: Any, self: Any) -> str:
    """moto lacks DisassociateKmsKey, which removes the KMS key of a log group."""
    return _set_key(self, None)


def _set_key(response: Any, key: str | None) -> str:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException
    group.kms_key_id = key
    return ""


def patch_log_keys() -> None:
    """Apply these patches."""
    patch(LogsResponse, "associate_kms_key")(_associate)
    patch(LogsResponse, "disassociate_kms_key")(_disassociate)
