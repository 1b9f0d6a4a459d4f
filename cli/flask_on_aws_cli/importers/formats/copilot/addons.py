"""Addons of AWS Copilot: CloudFormation templates, of which the databases, caches, buckets and queues are settings.

https://aws.github.io/copilot-cli/docs/developing/addons/workload/
"""

import re
from collections.abc import Iterator
from pathlib import Path

from flask_on_aws.database.engines import CLUSTER_ENGINES

from ...drafts.draft import Draft
from ...drafts.services import set_database, without_services
from ...reading.source import Place, Value, entries, read_yaml

_PARAMETERS = ("addons.parameters.yml", "addons.parameters.yaml")
_DATABASES = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
# Values of the setting, by a part of the engine's name on AWS; the longer ones first.
_ENGINES = {
    "aurora-postgres": "aurora-postgres",
    "aurora": "aurora-mysql",
    "postgres": "postgres",
    "mariadb": "mariadb",
    "mysql": "mysql",
}
_CAPACITIES = {"MinCapacity": "databaseMinCapacity", "MaxCapacity": "databaseMaxCapacity"}
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_CACHES = ("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ServerlessCache")
# Types that belong to another resource, or that the stack has itself.
_PARTS = (
    *("AWS::EC2::", "AWS::IAM::", "AWS::SecretsManager::", "AWS::SSM::", "AWS::KMS::", "AWS::Lambda::", "AWS::Logs::"),
    *("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"),
    *("AWS::RDS::DBSubnetGroup", "AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"),
    *("AWS::ElastiCache::SubnetGroup", "AWS::ElastiCache::ParameterGroup", "AWS::CloudFormation::", "Custom::"),
)


def read_addons(draft: Draft, copilot: Path, service: Path, place: Place) -> None:
    """Read the addons of a service and of the environments; without them the stack has neither database nor bucket."""
    for template in (*_templates(service / "addons"), *_templates(copilot / "environments" / "addons")):
        resources = template["Resources"]
        for name, resource in entries(resources).items():
            _read_resource(draft, name, resource, template)
    without_services(draft, place, "no addon has one")


def _templates(folder: Path) -> Iterator[Value]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in (".yml", ".yaml") and path.name not in _PARAMETERS and path.is_file():
            yield read_yaml(path)


def _read_resource(draft: Draft, name: str, resource: Value, template: Value) -> None:
    kind = resource["Type"]
    text = kind.text() if kind else ""
    if text in _DATABASES:
        _read_database(draft, name, resource, template)
    elif text == "AWS::S3::Bucket":
        if "bucket" in draft.values:
            draft.lose(resource, "is another bucket; create it in __main__.py.")
        else:
            draft.put("bucket", "s3", resource.place, "a new one; the app reads its name from MEDIA_BUCKET")
    elif text in _CACHES:
        draft.put("cache", "valkey", resource.place, "a new one; the app reads its address from REDIS_URL")
    elif text == "AWS::SQS::Queue":
        draft.put("queue", "sqs", resource.place, "a new one; the app reads its address from QUEUE_URL")
    elif text and not text.startswith(_PARTS):
        draft.lose(resource, f"{text} has no setting; create it in __main__.py (docs/library.md).")


def _read_database(draft: Draft, name: str, resource: Value, template: Value) -> None:
    engine, version = resource.get("Properties", "Engine"), resource.get("Properties", "EngineVersion")
    text = engine.text().lower() if engine and engine.is_scalar else ""
    if engine is None:  # an instance of a cluster has the cluster's engine
        return
    kind = next((setting for part, setting in _ENGINES.items() if part in text), "")
    if not kind:
        draft.lose(resource, "its engine has no setting; keep the database, and pass its address in secretValues.")
        return
    if "database" in draft.values:
        if draft.values["database"] != kind:
            draft.lose(resource, "is a second database; keep it, and pass its address in secretValues.")
        return
    # Versions of Aurora MySQL contain those of MySQL: 8.0.mysql_aurora.3.04.0
    set_database(draft, kind, version.text() if version and version.is_scalar else "", resource.place)
    draft.notes["database"] = f"a new one; the app reads DATABASE_URL, not {name.upper()}_SECRET. " + (
        "Move the data with a dump, or a snapshot" if kind in CLUSTER_ENGINES else "Move the data with a dump"
    )
    if kind in CLUSTER_ENGINES:
        for key, setting in _CAPACITIES.items():
            limit = resource.get("Properties", "ServerlessV2ScalingConfiguration", key)
            number = limit and _resolve(limit, template)
            if number and _NUMBER.fullmatch(number.text()):
                capacity = float(number.text())
                draft.put(setting, int(capacity) if capacity.is_integer() else capacity, number.place)
            elif limit:
                draft.need(limit.place, setting, "depends on a parameter; set the capacity")


def _resolve(value: Value, template: Value) -> Value | None:
    """A value, or that of `!FindInMap`, as in the addons that Copilot writes; None if it depends on a parameter."""
    if value.is_list and value.kind == "!FindInMap":
        keys = [key for key in value.items() if key.is_scalar]
        entry = template.get("Mappings", *(key.text() for key in keys)) if len(keys) == len(value.items()) else None
        return entry if entry and entry.is_scalar else None
    return value if value.is_scalar and not value.kind.startswith("!") else None
