"""The contract's environment variables for an app under test. Pure functions."""

import secrets
from collections.abc import Mapping

from flask_on_aws.runtime_contract.contract import DatabaseFacts, Facts, plain_environment, secret_values

from .settings import AppSettings

# Placeholders: a preflight has no access to AWS.
_BUCKET = "preflight-media"
_QUEUE = "preflight-queue"
_HOST = "preflight.example.com"
# Any value is enough for an app to start; services that would check it cannot be reached.
_PLACEHOLDER = "preflight-{name}-has-no-value-here"


def external_host(settings: AppSettings) -> str:
    """The public name of the app."""
    return settings.domain or _HOST


def contract_environment(
    settings: AppSettings, port: int, database: DatabaseFacts | None, password: str
) -> dict[str, str]:
    """Every environment variable of the app; its own come last and override the contract's."""
    has_bucket, has_queue = "bucket" in settings.services, "queue" in settings.services
    storage = f"s3://{_BUCKET}.s3.{settings.region}.amazonaws.com/?auth=s3v4" if has_bucket else None
    facts = Facts(
        port=port,
        external_url=f"https://{external_host(settings)}",
        proxy_depth=1 if settings.domain else 2,
        environment=settings.environment,
        region=settings.region,
        release="preflight",
        cpu=settings.cpu,
        memory=settings.memory,
        debug=False,
        database=database,
        bucket_name=_BUCKET if has_bucket else None,
        storage_dsn=storage,
        queue_url=f"https://sqs.{settings.region}.amazonaws.com/123456789012/{_QUEUE}" if has_queue else None,
        compat=settings.compat,
    )
    placeholders: Mapping[str, str] = {name: _PLACEHOLDER.format(name=name) for name in settings.secret_names}
    return {
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_EC2_METADATA_DISABLED": "true",  # otherwise boto3 waits for an address that does not exist here
        **plain_environment(facts),
        **secret_values(facts, password, secrets.token_urlsafe(32)),
        **placeholders,
        **settings.env,
    }
