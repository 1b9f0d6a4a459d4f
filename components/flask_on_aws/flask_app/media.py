"""The media files of a Flask app on CloudFront: on the app's own distribution, on another one, or on both during a move."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import pulumi

from ..ingress.cdn import Cdn, CdnArgs
from ..ingress.media_access import MediaAccess
from ..ingress.media_behavior import media_path_problems, shared_path_problems
from ..ingress.media_cdn import MediaCdn, MediaCdnArgs
from ..ingress.public_keys import public_key_problems
from ..validation.problems import Problem
from ..validation.references import secret_reference_problems
from .flask_app_args import FlaskAppArgs
from .topology import has_distribution, has_media_distribution

SIGNED = "signed"


class ServedMedia(NamedTuple):
    """What the rest of the app needs to know of its media files on CloudFront."""

    url: pulumi.Output[str]
    distribution_arns: list[pulumi.Output[str]]
    key_pair_id: pulumi.Output[str]


class Media:
    """Created before the app's distribution, which serves the bucket, and before the bucket, which names the distribution."""

    def __init__(self, name: str, args: FlaskAppArgs, opts: pulumi.ResourceOptions) -> None:
        self._name, self._args, self._opts = name, args, opts
        deferred = cast(Any, pulumi.deferred_output())
        self._domain_name: pulumi.Output[str] = deferred[0]
        self.set_bucket_domain_name = deferred[1]
        """Takes the bucket's regional domain name, once there is a bucket."""
        keys = args["media_cdn_public_keys"] if args["media_cdn"] == SIGNED else ()
        self.access = MediaAccess(f"{name}-media-access", {"public_keys": keys}, opts)
        self.cdn: MediaCdn | None = None

    @property
    def cdn_args(self) -> CdnArgs:
        """Those of the app's own distribution."""
        args: Mapping[str, Any] = {
            "media_path": self._args["media_cdn_path"],
            "media_bucket_domain_name": self._domain_name,
            "media_origin_access_control_id": self.access.origin_access_control_id,
            "media_response_headers_policy_id": self.access.response_headers_policy_id,
        }
        if self._args["media_cdn"] == SIGNED:
            args = {**args, "media_key_group_id": self.access.key_group_id}
        return cast(CdnArgs, args)

    def serve(
        self, url: pulumi.Output[str], app_cdn: Cdn | None, log_bucket_arn: pulumi.Output[str] | None
    ) -> ServedMedia:
        """Serve the files by the app's distribution, or by another one where visitors do not come through it."""
        arns = [app_cdn.distribution_arn] if app_cdn else []
        if has_media_distribution(self._args):
            self.cdn = self._create_cdn(log_bucket_arn)
            arns.append(self.cdn.distribution_arn)
            url = pulumi.Output.format("https://{host}", host=self.cdn.domain_name)
        path = self._args["media_cdn_path"]
        return ServedMedia(url.apply(lambda base: f"{base}{path}"), arns, self.access.key_pair_id)

    def _create_cdn(self, log_bucket_arn: pulumi.Output[str] | None) -> MediaCdn:
        args: MediaCdnArgs = {
            "bucket_domain_name": self._domain_name,
            "origin_access_control_id": self.access.origin_access_control_id,
            "response_headers_policy_id": self.access.response_headers_policy_id,
        }
        if self._args["media_cdn"] == SIGNED:
            args["key_group_id"] = self.access.key_group_id
        if log_bucket_arn is not None:
            args["access_log_bucket_arn"] = log_bucket_arn
        return MediaCdn(f"{self._name}-media-cdn", args, self._opts)


def create_media(name: str, args: FlaskAppArgs, opts: pulumi.ResourceOptions) -> Media | None:
    """None without `media_cdn`."""
    return None if args["media_cdn"] == "none" else Media(name, args, opts)


def media_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """What is wrong with the arguments of media files on CloudFront."""
    yield from media_path_problems("media_cdn_path", args["media_cdn_path"])
    yield from public_key_problems("media_cdn_public_keys", args["media_cdn_public_keys"])
    yield from _reference_problems("media_cdn_private_key_secret_arn", args.get("media_cdn_private_key_secret_arn"))
    mode = args["media_cdn"]
    if mode == "none":
        return
    if args["bucket"] == "none":
        yield Problem(
            "media_cdn", f"{mode!r} has no files to serve with bucket none; set bucket to s3, or leave it out."
        )
    if has_distribution(args):
        yield from shared_path_problems("cdn_cached_paths", args["cdn_cached_paths"], args["media_cdn_path"])
    if mode == SIGNED:
        yield from _key_problems(args)


def _reference_problems(argument: str, value: Any) -> Iterator[Problem]:
    if isinstance(value, str) and not value.startswith("arn:"):
        yield Problem(  # the value is not repeated: it may be the key itself
            argument,
            "must be the ARN of a secret or an SSM parameter; put the private key into a secret of Secrets Manager.",
        )
    else:
        yield from secret_reference_problems(argument, value)


def _key_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    for argument, content in (
        ("media_cdn_public_keys", "the public key, which the command `openssl rsa -in private.pem -pubout` writes"),
        ("media_cdn_private_key_secret_arn", "the ARN of a secret with the private key"),
    ):
        if not args.get(argument):
            yield Problem(argument, f"must be given with media_cdn signed: {content}.")
