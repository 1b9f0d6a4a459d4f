"""The KMS key of a log group that is there already; moto takes one at its creation alone."""

from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from ._replace import replace


def _associate(_: Any, self: Any) -> str:
    return _set(self, self._get_param("kmsKeyId"))


def _disassociate(_: Any, self: Any) -> str:
    return _set(self, None)


def _set(response: Any, key: str | None) -> str:
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    if group is None:
        raise ResourceNotFoundException
    group.kms_key_id = key
    return ""


def mend_log_keys() -> None:
    """Put these replacements in place."""
    replace(LogsResponse, "associate_kms_key")(_associate)
    replace(LogsResponse, "disassociate_kms_key")(_disassociate)
