"""The contract's environment variables for an app under test. Pure functions."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask_on_aws.runtime_contract.contract import (
    PRIVATE_KEY,
    SERVICES,
    DatabaseFacts,
    Facts,
    MediaFacts,
    plain_environment,
    secret_names,
    secret_values,
)

from ..shared.trusted_certificates import VARIABLE
from .processes.cache import AppCache
from .settings import AppSettings

# A placeholder: a preflight has no access to AWS.
_HOST = "preflight.example.com"
# Any value is enough for an app to start; services that would check it cannot be reached.
_PLACEHOLDER = "preflight-{name}-has-no-value-here"
_KEY_PAIR_ID = "K0PREFLIGHT000"  # as long as CloudFront's


def external_host(settings: AppSettings) -> str:
    """The public name of the app."""
    return settings.domain or _HOST


def contract_environment(
    settings: AppSettings, port: int, database: DatabaseFacts | None, password: str, cache: AppCache | None = None
) -> dict[str, str]:
    """Every environment variable of the app; its own come last and override the contract's."""
    used = _service_placeholders(settings)
    bucket = used.get("bucket_name")
    facts = Facts(
        port=port,
        external_url=f"https://{external_host(settings)}",
        proxy_depth=2 if settings.behind_cloudfront else 1,
        environment=settings.environment,
        region=settings.region,
        release="preflight",
        cpu=settings.cpu,
        memory=settings.memory,
        debug=False,
        database=database,
        bucket_name=bucket,
        storage_dsn=f"s3://{bucket}.s3.{settings.region}.amazonaws.com/?auth=s3v4" if bucket else None,
        cache=cache.facts if cache else None,
        media=_media(settings),
        compat=settings.compat,
    )
    placeholders: Mapping[str, str] = {name: _PLACEHOLDER.format(name=name) for name in settings.secret_names}
    return {
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_EC2_METADATA_DISABLED": "true",  # otherwise boto3 waits for an address that does not exist here
        **plain_environment(replace(facts, **used)),
        **({VARIABLE: cache.trusted} if cache and cache.trusted else {}),
        **secret_values(
            facts,
            password,
            secrets.token_urlsafe(32),
            cache_token=cache.token if cache else "",
            media_private_key=media_private_key() if settings.media_cdn == "signed" else "",
        ),
        **placeholders,
        **settings.env,
    }


def secret_environment(settings: AppSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """The secret variables of the app, with their values in the preflight."""
    own = secret_names(settings.services, settings.compat, settings.database_engine)
    names = (*own, PRIVATE_KEY, *settings.secret_names)
    return {name: environment[name] for name in names if name in environment}


def _media(settings: AppSettings) -> MediaFacts | None:
    """Files on CloudFront, which does not exist here; an app can build links to them."""
    if settings.media_cdn == "none":
        return None
    key_pair_id = _KEY_PAIR_ID if settings.media_cdn == "signed" else None
    url = f"https://{external_host(settings)}{settings.media_path}"
    return MediaFacts(url, settings.media_path.removeprefix("/"), key_pair_id)


@lru_cache(maxsize=1)
def media_private_key() -> str:
    """A key with which an app can sign links: a placeholder is none."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _service_placeholders(settings: AppSettings) -> dict[str, str]:
    """By the field of `Facts`: what stands for each service that the app uses."""
    used = [service for name, service in SERVICES.items() if name in settings.services]
    return {service.fact: service.placeholder.format(region=settings.region) for service in used if service.placeholder}
