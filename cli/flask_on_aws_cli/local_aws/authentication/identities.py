"""Whose access keys there are besides the place's own, and which objects are public, by the API's records."""

import json
import threading
from datetime import UTC
from typing import Any, cast

from moto.backends import get_backend
from moto.iam.access_control import IAMPolicy, PermissionResult

from ...local_project.location import ACCOUNT_ID
from .signing import Keys

_ANYBODY = ("*", {"AWS": "*"}, {"AWS": ["*"]})


class RecordedIdentities:
    """Sessions of roles, users' keys and public objects; `lock` is that of the records."""

    def __init__(self, lock: "threading.RLock") -> None:
        self._lock = lock

    def keys(self, key_id: str) -> Keys | None:
        """What belongs to a key of a role's session or of a user; None for an unknown or inactive one."""
        with self._lock:
            session = _backend("sts").get_assumed_role_from_access_key(key_id)
            if session is not None:
                expires = session.expiration.replace(tzinfo=UTC)  # moto leaves out which it is
                return Keys(session.secret_access_key, session.session_token, expires)
            user_key = _backend("iam").access_keys.get(key_id)
            # A temporary key without its session is nobody's.
            if user_key is None or user_key.user_name is None or user_key.status != "Active":
                return None
            return Keys(user_key.secret_access_key)

    def is_public(self, bucket: str, key: str) -> bool:
        """Whether an object's ACL or its bucket's policy has anybody read it, and no public access block is against."""
        with self._lock:
            found: Any = _backend("s3").buckets.get(bucket)
            if found is None:
                return False
            block = found.public_access_block
            acl = getattr(found.keys.get(key), "acl", None)
            if acl is not None and acl.public_read and not (block and block.ignore_public_acls):
                return True
            is_policy_ignored = bool(block and (block.block_public_policy or block.restrict_public_buckets))
            return not is_policy_ignored and found.policy is not None and _permits_anybody(found.policy, bucket, key)


def _backend(service: str) -> Any:
    return cast(Any, get_backend(cast(Any, service)))[ACCOUNT_ID]["aws"]


def _permits_anybody(policy: bytes, bucket: str, key: str) -> bool:
    """Whether a bucket's policy lets everybody read a key; what depends on a condition is taken for a no."""
    document = json.loads(policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    counted = [
        one
        for one in statements
        if one["Effect"] == "Deny" or (one.get("Principal") in _ANYBODY and not one.get("Condition"))
    ]
    told = IAMPolicy(json.dumps({**document, "Statement": counted}))
    permission = told.is_action_permitted("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    return permission == PermissionResult.PERMITTED
