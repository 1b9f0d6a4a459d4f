"""Access keys other than the local AWS's own, and public objects, as the API's records have them."""

import json
import threading
from datetime import UTC
from typing import Any, cast

from moto.backends import get_backend
from moto.iam.access_control import IAMPolicy, PermissionResult

from ...local_project.location import ACCOUNT_ID
from .signing import Keys

_ANYONE = ("*", {"AWS": "*"}, {"AWS": ["*"]})


class RecordedIdentities:
    """Role sessions, users' access keys and public objects; `lock` is the records' lock."""

    def __init__(self, lock: "threading.RLock") -> None:
        self._lock = lock

    def keys(self, key_id: str) -> Keys | None:
        """The keys of a role's session or of a user, by access key id; None for an unknown or inactive key."""
        with self._lock:
            session = _backend("sts").get_assumed_role_from_access_key(key_id)
            if session is not None:
                expires = session.expiration.replace(tzinfo=UTC)  # moto's time has no time zone
                return Keys(session.secret_access_key, session.session_token, expires)
            user_key = _backend("iam").access_keys.get(key_id)
            # A temporary key without its session belongs to nobody.
            if user_key is None or user_key.user_name is None or user_key.status != "Active":
                return None
            return Keys(user_key.secret_access_key)

    def is_public(self, bucket: str, key: str) -> bool:
        """Whether an object's ACL or its bucket's policy lets anyone read it, and no public access block applies."""
        with self._lock:
            bucket_record: Any = _backend("s3").buckets.get(bucket)
            if bucket_record is None:
                return False
            block = bucket_record.public_access_block
            acl = getattr(bucket_record.keys.get(key), "acl", None)
            if acl is not None and acl.public_read and not (block and block.ignore_public_acls):
                return True
            is_policy_ignored = bool(block and (block.block_public_policy or block.restrict_public_buckets))
            policy: bytes | None = bucket_record.policy
            return not is_policy_ignored and policy is not None and _permits_anyone(policy, bucket, key)


def _backend(service: str) -> Any:
    return cast(Any, get_backend(cast(Any, service)))[ACCOUNT_ID]["aws"]


def _permits_anyone(policy: bytes, bucket: str, key: str) -> bool:
    """Whether a bucket's policy lets anyone read a key; a permission with a condition does not count."""
    document = json.loads(policy)
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    applicable = [
        statement
        for statement in statements
        if statement["Effect"] == "Deny" or (statement.get("Principal") in _ANYONE and not statement.get("Condition"))
    ]
    applicable_policy = IAMPolicy(json.dumps({**document, "Statement": applicable}))
    permission = applicable_policy.is_action_permitted("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    return permission == PermissionResult.PERMITTED
