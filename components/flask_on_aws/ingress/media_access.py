"""What lets CloudFront, and nothing else, read a bucket's files, and decides who may read them there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from .media_headers import CONTENT_SECURITY_POLICY
from .public_keys import pem_of, public_key_problems, role_of


class MediaAccessArgs(TypedDict, total=False):
    public_keys: Sequence[str]
    """Public keys in PEM form, RSA with 2048 bits or ECDSA of the curve P-256, at most 5. Links must be signed with the private key of one of them. Default: none, the files are public."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"public_keys": []}
_ONE_YEAR = 31_536_000  # seconds, as in CloudFront's SecurityHeadersPolicy


@typed(MediaAccessArgs)
def problems(args: MediaAccessArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    yield from public_key_problems("public_keys", with_defaults(args, _DEFAULTS)["public_keys"])


class MediaAccess(Component):
    """CloudFront's access to the files of a bucket: an origin access control, the headers of responses and, for signed links, a key group."""

    origin_access_control_id: pulumi.Output[str]
    """Id of the origin access control."""
    response_headers_policy_id: pulumi.Output[str]
    """Id of the response headers policy: no scripts in uploaded pages, no guessing of content types, CORS for everybody."""
    key_group_id: pulumi.Output[str]
    """Id of the key group; empty without public keys."""
    key_pair_id: pulumi.Output[str]
    """Id of the first public key, which signed links contain as Key-Pair-Id; empty without public keys."""

    def __init__(self, name: str, args: MediaAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self.origin_access_control_id = aws.cloudfront.OriginAccessControl(
            name,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child(),
        ).id
        self.response_headers_policy_id = self._create_headers_policy().id
        self.key_group_id = self.key_pair_id = pulumi.Output.from_input("")
        if self._args["public_keys"]:
            self._create_key_group()
        self._register()

    def _create_headers_policy(self) -> aws.cloudfront.ResponseHeadersPolicy:
        return aws.cloudfront.ResponseHeadersPolicy(
            f"{self._name}-headers",
            comment="Media files",
            security_headers_config={
                "content_security_policy": {"content_security_policy": CONTENT_SECURITY_POLICY, "override": True},
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "SAMEORIGIN", "override": False},
                "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": False},
                "strict_transport_security": {"access_control_max_age_sec": _ONE_YEAR, "override": False},
            },
            # Fonts and canvases need it. Whoever has a link can read the file anyway, and no cookie is sent.
            cors_config={
                "access_control_allow_origins": {"items": ["*"]},
                "access_control_allow_methods": {"items": ["GET", "HEAD"]},
                "access_control_allow_headers": {"items": ["*"]},
                "access_control_allow_credentials": False,
                "origin_override": True,
            },
            opts=self._child(),
        )

    def _create_key_group(self) -> None:
        # Named by its content: a key keeps its id, and its links stay valid, when another is put before it.
        keys = [
            aws.cloudfront.PublicKey(f"{self._name}-{role_of(key)}", encoded_key=pem_of(key), opts=self._child())
            for key in self._args["public_keys"]
        ]
        group = aws.cloudfront.KeyGroup(f"{self._name}-keys", items=[key.id for key in keys], opts=self._child())
        self.key_group_id, self.key_pair_id = group.id, keys[0].id
