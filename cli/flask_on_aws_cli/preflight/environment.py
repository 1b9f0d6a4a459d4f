"""The contract's environment for an app that is tried out: pure."""

import secrets
from collections.abc import Mapping

from flask_on_aws.runtime_contract.contract import DatabaseFacts, Facts, plain_environment, secret_values

from .settings import AppSettings

# Names that lead nowhere: a preflight reaches no AWS.
_BUCKET = "preflight-media"
_QUEUE = "preflight-queue"
_HOST = "preflight.example.com"
# Any value will do for an app to start with; a service that checks it is out of reach.
_MADE_UP = "preflight-{name}-has-no-value-here"


def external_host(settings: AppSettings) -> str:
    """The public name of the app."""
    return settings.domain or _HOST


def contract_environment(
    settings: AppSettings, port: int, database: DatabaseFacts | None, password: str
) -> dict[str, str]:
    """Every variable that the app would find, its own last."""
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
    made_up: Mapping[str, str] = {name: _MADE_UP.format(name=name) for name in settings.secret_names}
    return {
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "AWS_EC2_METADATA_DISABLED": "true",  # boto3 would wait for an address that is not there
        **plain_environment(facts),
        **secret_values(facts, password, secrets.token_urlsafe(32)),
        **made_up,
        **settings.env,
    }
