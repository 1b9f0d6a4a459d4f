"""Signature Version 2 of S3 URLs and forms, boto3's default for presigning in the oldest regions.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
"""

from collections.abc import Mapping
from datetime import datetime
from email.message import Message
from typing import Any, cast
from urllib.parse import urlsplit

from botocore import auth as _botocore_auth
from botocore.credentials import Credentials as _BotocoreCredentials

from .origin_check import S3
from .signing import TIMESTAMP, Denied, FindKeys, Scope, SignedRequest, check_signature, find_keys

_signers = cast(Any, _botocore_auth)


def verify_version_2(request: SignedRequest, query: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    """The scope with which a URL was signed; raises `Denied`."""
    key_id, expires = query["AWSAccessKeyId"], query.get("Expires", "")
    if not expires.isdigit() or now.timestamp() > int(expires):
        raise Denied("AccessDenied", "Request has expired")
    fields = {**query, **request.headers}
    keys = find_keys(key_id, query.get("x-amz-security-token"), find, now)
    signer = _signers.HmacV1QueryAuth(_BotocoreCredentials(key_id, keys.secret, keys.token))
    signer._get_date = lambda: expires
    headers = Message()
    for name, value in fields.items():
        if name in ("content-md5", "content-type") or name.startswith("x-amz-"):
            headers[name] = value
    bucket, has_bucket, _ = request.headers.get("host", "").partition(".localhost")  # otherwise it is in the path
    path = f"/{bucket}{request.path}" if has_bucket else None
    expected = signer.get_signature(request.method, urlsplit(f"http://s3{request.target}"), headers, auth_path=path)
    check_signature(str(expected), query["Signature"])
    return Scope(key_id, now.strftime(TIMESTAMP)[:8], "", S3)


def verify_version_2_policy(fields: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    """The scope with which a form's policy was signed, from its fields by lower-case name; raises `Denied`."""
    key_id, token, policy = fields["awsaccesskeyid"], fields.get("x-amz-security-token"), fields["policy"]
    keys = find_keys(key_id, token, find, now)
    expected = _signers.HmacV1Auth(_BotocoreCredentials(key_id, keys.secret)).sign_string(policy)
    check_signature(str(expected), fields.get("signature", ""))
    return Scope(key_id, now.strftime(TIMESTAMP)[:8], "", S3)
