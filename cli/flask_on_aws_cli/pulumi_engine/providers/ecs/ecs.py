"""Clusters and task definitions."""

import json
from collections.abc import Mapping
from typing import Any

from ..base import MARK, Call, Json, Provider, again, key_values, present, unless_gone

GONE = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
_NO_SUCH_DEFINITION = ("ClientException",)


def client(call: Call) -> Any:
    """The client of ECS."""
    return call.aws.client("ecs")


def tags(call: Call, **more: str) -> list[dict[str, str]]:
    """The tags, and more, as ECS writes them."""
    return key_values({**call.tags, **more}, "key", "value")


def retag(call: Call) -> None:
    """Bring the tags from the old ones to the new ones."""
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        client(call).untag_resource(resourceArn=call.id, tagKeys=gone)
    if call.tags:
        client(call).tag_resource(resourceArn=call.id, tags=tags(call))


def create_cluster(call: Call) -> str:
    settings = present(settings=call.inputs.get("settings"), configuration=call.inputs.get("configuration"))
    made = client(call).create_cluster(clusterName=call.name, tags=tags(call), **settings)
    return made["cluster"]["clusterArn"]


def read_cluster(call: Call) -> Json | None:
    clusters = client(call).describe_clusters(clusters=[call.id])["clusters"]
    active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
    return {"id": call.id, "arn": call.id, "name": active[0]["clusterName"]} if active else None


def update_cluster(call: Call) -> None:
    settings = present(settings=call.inputs.get("settings"), configuration=call.inputs.get("configuration"))
    if settings and call.changed("settings", "configuration"):
        client(call).update_cluster(cluster=call.id, **settings)
    retag(call)


def delete_cluster(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_cluster(cluster=call.id))


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
    unless_gone(GONE, lambda: client(call).put_cluster_capacity_providers(cluster=call.id, **empty))


def register(call: Call) -> str:
    given = call.inputs
    same = ("cpu", "memory", "networkMode", "taskRoleArn", "executionRoleArn", "runtimePlatform", "ephemeralStorage")
    made = client(call).register_task_definition(
        family=given["family"],
        containerDefinitions=json.loads(given["containerDefinitions"]),
        requiresCompatibilities=given.get("requiresCompatibilities", []),
        volumes=given.get("volumes", []),
        tags=tags(call, **{MARK: call.name}),
        **present(**{key: given.get(key) for key in same}),
    )
    return made["taskDefinition"]["taskDefinitionArn"]


def read_definition(call: Call) -> Json | None:
    found = unless_gone(_NO_SUCH_DEFINITION, lambda: client(call).describe_task_definition(taskDefinition=call.id))
    if found is None or found["taskDefinition"].get("status") == "INACTIVE":
        return None
    revision = found["taskDefinition"]["revision"]
    return {"id": call.id, "arn": call.id, "arnWithoutRevision": call.id.rpartition(":")[0], "revision": revision}


def deregister(call: Call) -> None:
    if not call.inputs.get("skipDestroy"):
        unless_gone(_NO_SUCH_DEFINITION, lambda: client(call).deregister_task_definition(taskDefinition=call.id))


def find_definition(call: Call) -> str | None:
    """The family's newest revision, if it was this creation that registered it."""
    family, include = call.inputs["family"], ["TAGS"]
    found = unless_gone(
        _NO_SUCH_DEFINITION, lambda: client(call).describe_task_definition(taskDefinition=family, include=include)
    )
    mark = {"key": MARK, "value": call.name}
    return found["taskDefinition"]["taskDefinitionArn"] if found and mark in found.get("tags", []) else None


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
        update=again(put_capacity),
        delete=delete_capacity,
        replace_on=frozenset({"clusterName"}),
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Provider(
        create=register,
        read=read_definition,
        update=retag,
        delete=deregister,
        find=find_definition,
        only_tags_change=True,  # in place: tags make no new revision
        tagged=True,
    ),
}
