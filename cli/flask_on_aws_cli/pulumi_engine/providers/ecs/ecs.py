"""Clusters and task definitions."""

import json
from collections.abc import Mapping
from typing import Any

from ..base import MARK, Call, Json, Provider, key_values, none_if_missing, present, update_with

NOT_FOUND = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
_DEFINITION_NOT_FOUND = ("ClientException",)


def client(call: Call) -> Any:
    """The ECS client."""
    return call.aws.client("ecs")


def tags(call: Call, **extra: str) -> list[dict[str, str]]:
    """The resource's tags and `extra` ones in the form of the ECS API."""
    return key_values({**call.tags, **extra}, "key", "value")


def update_tags(call: Call) -> None:
    """Remove the tags that the resource no longer has, and set the others."""
    if call.removed_tags:
        client(call).untag_resource(resourceArn=call.id, tagKeys=call.removed_tags)
    if call.tags:
        client(call).tag_resource(resourceArn=call.id, tags=tags(call))


def create_cluster(call: Call) -> str:
    settings = present(settings=call.inputs.get("settings"), configuration=call.inputs.get("configuration"))
    response = client(call).create_cluster(clusterName=call.name, tags=tags(call), **settings)
    return response["cluster"]["clusterArn"]


def read_cluster(call: Call) -> Json | None:
    clusters = client(call).describe_clusters(clusters=[call.id])["clusters"]
    active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
    return {"id": call.id, "arn": call.id, "name": active[0]["clusterName"]} if active else None


def update_cluster(call: Call) -> None:
    settings = present(settings=call.inputs.get("settings"), configuration=call.inputs.get("configuration"))
    if settings and call.changed("settings", "configuration"):
        client(call).update_cluster(cluster=call.id, **settings)
    update_tags(call)


def delete_cluster(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_cluster(cluster=call.id))


def find_cluster(call: Call) -> str | None:
    clusters = client(call).describe_clusters(clusters=[call.name])["clusters"]
    return next((cluster["clusterArn"] for cluster in clusters if cluster["status"] == "ACTIVE"), None)


def put_capacity(call: Call) -> str:
    strategies = [{"base": 0, **entry} for entry in call.inputs.get("defaultCapacityProviderStrategies", [])]
    client(call).put_cluster_capacity_providers(
        cluster=call.inputs["clusterName"],
        capacityProviders=call.inputs.get("capacityProviders", []),
        defaultCapacityProviderStrategy=strategies,
    )
    return call.inputs["clusterName"]


def read_capacity(call: Call) -> Json | None:
    clusters = client(call).describe_clusters(clusters=[call.id])["clusters"]
    return {"id": call.id} if any(cluster["status"] == "ACTIVE" for cluster in clusters) else None


def delete_capacity(call: Call) -> None:
    empty: dict[str, Any] = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
    none_if_missing(NOT_FOUND, lambda: client(call).put_cluster_capacity_providers(cluster=call.id, **empty))


def register(call: Call) -> str:
    inputs = call.inputs
    optional = (
        "cpu",
        "memory",
        "networkMode",
        "taskRoleArn",
        "executionRoleArn",
        "runtimePlatform",
        "ephemeralStorage",
    )
    response = client(call).register_task_definition(
        family=inputs["family"],
        containerDefinitions=json.loads(inputs["containerDefinitions"]),
        requiresCompatibilities=inputs.get("requiresCompatibilities", []),
        volumes=inputs.get("volumes", []),
        tags=tags(call, **{MARK: call.name}),
        **present(**{key: inputs.get(key) for key in optional}),
    )
    return response["taskDefinition"]["taskDefinitionArn"]


def read_definition(call: Call) -> Json | None:
    response = none_if_missing(
        _DEFINITION_NOT_FOUND, lambda: client(call).describe_task_definition(taskDefinition=call.id)
    )
    if response is None or response["taskDefinition"].get("status") == "INACTIVE":
        return None
    revision = response["taskDefinition"]["revision"]
    return {"id": call.id, "arn": call.id, "arnWithoutRevision": call.id.rpartition(":")[0], "revision": revision}


def deregister(call: Call) -> None:
    if not call.inputs.get("skipDestroy"):
        none_if_missing(_DEFINITION_NOT_FOUND, lambda: client(call).deregister_task_definition(taskDefinition=call.id))


def find_definition(call: Call) -> str | None:
    """The family's latest revision, if the interrupted creation registered it."""
    family, include = call.inputs["family"], ["TAGS"]
    response = none_if_missing(
        _DEFINITION_NOT_FOUND, lambda: client(call).describe_task_definition(taskDefinition=family, include=include)
    )
    mark = {"key": MARK, "value": call.name}
    return response["taskDefinition"]["taskDefinitionArn"] if response and mark in response.get("tags", []) else None


PROVIDERS: Mapping[str, Provider] = {
    "aws:ecs/cluster:Cluster": Provider(
        create=create_cluster,
        read=read_cluster,
        update=update_cluster,
        delete=delete_cluster,
        find=find_cluster,
        replace_on=frozenset({"name"}),
        tagged=True,
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Provider(
        create=put_capacity,
        read=read_capacity,
        update=update_with(put_capacity),
        delete=delete_capacity,
        replace_on=frozenset({"clusterName"}),
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Provider(
        create=register,
        read=read_definition,
        update=update_tags,
        delete=deregister,
        find=find_definition,
        only_tags_change=True,  # tags do not need a new revision
        tagged=True,
    ),
}
