"""Clients of AWS's API with the settings of the Pulumi provider in use, not with whatever boto3 finds first.

Hooks and operations call AWS directly: no resource reports how a task ended. boto3 is an extra (`flask-on-aws[releases]`)
and is imported when the first client is created.
"""

import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, cast

from .naming import camel_case

# Settings of the provider, as its documentation and its configuration `aws:…` name them:
# https://www.pulumi.com/registry/packages/aws/installation-configuration/
_TEXTS = ("region", "profile", "accessKey", "secretKey", "token", "customCaBundle", "stsRegion")
_LISTS = ("assumeRoles", "endpoints", "sharedConfigFiles", "sharedCredentialsFiles")
_OBJECTS = ("assumeRoleWithWebIdentity",)
_FLAGS = ("insecure", "useDualstackEndpoint", "useFipsEndpoint")
NAMES = (*_TEXTS, *_LISTS, *_OBJECTS, *_FLAGS)
# The provider has more than one name for some services.
_ENDPOINT_NAMES: Mapping[str, Sequence[str]] = {
    "elbv2": ("elbv2", "elasticloadbalancingv2", "elb", "elasticloadbalancing"),
    "logs": ("logs", "cloudwatchlogs", "cloudwatchlog"),
}
# Seconds and attempts for one call; a deployment polls every second for minutes and must not fail for one lost packet.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 20, 5


class IdentityError(Exception):
    """Clients would act under another identity than the provider."""


def available() -> bool:
    """Whether boto3 is installed."""
    return importlib.util.find_spec("boto3") is not None


@dataclass(frozen=True)
class ProviderSettings:
    """Settings of the AWS provider, under its names; those taken from the environment and AWS's files are absent."""

    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    identity: str = ""
    """ARN of the identity that the provider acts as; empty to trust the settings."""

    def client(self, service: str) -> Any:
        """A boto3 client of a service, by boto3's name for it.

        Raises:
            botocore.exceptions.BotoCoreError: if the profile or the region is missing.
            IdentityError: if the available credentials are not the provider's.
        """
        import boto3
        from botocore.config import Config

        session = boto3.Session(botocore_session=self._session, region_name=self.given.get("region"))
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
            use_dualstack_endpoint=bool(self.given.get("useDualstackEndpoint")) or None,
            use_fips_endpoint=bool(self.given.get("useFipsEndpoint")) or None,
        )
        return cast(Any, session).client(
            service, config=config, endpoint_url=self._endpoint(service), verify=self._verify()
        )

    @property
    def credentials(self) -> Any:
        """botocore's credentials of all clients."""
        return self._session.get_credentials()

    def _endpoint(self, service: str) -> str | None:
        endpoints: dict[str, str] = {}
        for entry in self._list("endpoints"):
            endpoints |= entry
        names = _ENDPOINT_NAMES.get(service, (service,))
        return next((endpoints[name] for name in names if endpoints.get(name)), None)

    def _list(self, name: str) -> Sequence[Mapping[str, Any]]:
        return self.given.get(name) or ()

    def _verify(self) -> str | bool | None:
        return False if self.given.get("insecure") else self.given.get("customCaBundle")

    @cached_property
    def _session(self) -> Any:
        """A session whose credentials are those of the provider: keys or profile, then each role that it assumes."""
        import botocore.session

        settings = self.given
        session = cast(Any, botocore.session.Session(profile=settings.get("profile")))
        for variable, key in (("config_file", "sharedConfigFiles"), ("credentials_file", "sharedCredentialsFiles")):
            if settings.get(key):
                session.set_config_variable(variable, settings[key][0])
        if settings.get("accessKey"):
            session.set_credentials(settings["accessKey"], settings["secretKey"], settings.get("token"))
        identity = settings.get("assumeRoleWithWebIdentity")
        for role in [*([identity] if identity else []), *self._list("assumeRoles")]:
            self._assume(session, role)
        if self.identity:
            self._become(session, self.identity)
        return session

    def _become(self, session: Any, wanted: str) -> None:
        """Act under the provider's identity.

        The SDK does not expose the roles that a provider resource assumes, only the identity that it acts as.
        """
        current = self._identity(session)
        if _who(current) == _who(wanted):
            return
        role = re.fullmatch(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.*", wanted)
        if role:
            self._assume(session, {"roleArn": f"arn:{role[1]}:iam::{role[2]}:role/{role[3]}"})
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            same = role is not None and _who(self._identity(session)) == _who(wanted)
        except (BotoCoreError, ClientError):
            same = False
        if not same:
            raise IdentityError(
                f"The AWS provider acts as {wanted}, but the calls about releases would act as {current}. Set the "
                "provider's credentials in the stack's configuration (aws:profile, aws:assumeRoles) or in the environment."
            )

    def _identity(self, session: Any) -> str:
        return str(self._create(session, "sts").get_caller_identity()["Arn"])

    def _assume(self, session: Any, role: Mapping[str, Any]) -> None:
        session._credentials = self._assumed(session, role)  # botocore has no public way to set refreshable ones

    def _create(self, session: Any, service: str, **options: Any) -> Any:
        region = self.given.get("stsRegion") or self.given.get("region") or session.get_config_variable("region")
        options = {"region_name": region, "endpoint_url": self._endpoint("sts"), **options}
        return session.create_client(service, verify=self._verify(), **options)

    def _assumed(self, session: Any, role: Mapping[str, Any]) -> Any:
        from botocore import credentials as botocore_credentials

        fetchers, create = cast(Any, botocore_credentials), partial(self._create, session)
        wanted = {"RoleSessionName": role.get("sessionName"), "ExternalId": role.get("externalId")}
        wanted |= {"Policy": role.get("policy"), "SourceIdentity": role.get("sourceIdentity")}
        extra = {key: value for key, value in wanted.items() if value}
        if role.get("webIdentityToken") or role.get("webIdentityTokenFile"):
            fetcher = fetchers.AssumeRoleWithWebIdentityCredentialFetcher(
                client_creator=create,
                web_identity_token_loader=lambda: _token(role),
                role_arn=role["roleArn"],
                extra_args=extra,
            )
        else:
            fetcher = fetchers.AssumeRoleCredentialFetcher(
                client_creator=create,
                source_credentials=session.get_credentials(),
                role_arn=role["roleArn"],
                extra_args=extra,
            )
        return fetchers.DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


def read_settings(texts: Mapping[str, Any], identity: str = "") -> ProviderSettings:
    """From the provider's strings, in which lists, objects and booleans are JSON; settings that no client needs are left out."""
    relevant = {name: value for name, value in texts.items() if name in NAMES and value not in (None, "")}
    parsed = {name: value if name in _TEXTS else _parsed(value) for name, value in relevant.items()}
    return ProviderSettings(parsed, identity)


def _who(arn: str) -> str:
    """The user or role of an ARN, whatever its session is called."""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _parsed(value: Any) -> Any:
    plain = json.loads(value) if isinstance(value, str) else value
    return _camel_cased(plain)


def _camel_cased(value: Any) -> Any:
    """The SDK writes keys as Python spells them, the configuration as the schema does."""
    if isinstance(value, list):
        return [_camel_cased(item) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {camel_case(key): _camel_cased(item) for key, item in cast(dict[str, Any], value).items()}
    return value


def _token(role: Mapping[str, Any]) -> str:
    if role.get("webIdentityToken"):
        return str(role["webIdentityToken"])
    with open(role["webIdentityTokenFile"], encoding="utf-8") as file:
        return file.read()
