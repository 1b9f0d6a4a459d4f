"""The ECS cluster that services run in; several apps may share one."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults


class ClusterArgs(TypedDict, total=False):
    container_insights: bool
    """Whether CloudWatch collects metrics per task, which costs about 0.07 USD per metric and month. Default: false."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: ClusterArgs = {"container_insights": False}


class Cluster(Component):
    """An ECS cluster with Fargate and Fargate Spot."""

    cluster_arn: pulumi.Output[str]
    """ARN of the cluster."""
    cluster_name: pulumi.Output[str]
    """Name of the cluster."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        insights = "enabled" if with_defaults(args, _DEFAULTS)["container_insights"] else "disabled"
        cluster = aws.ecs.Cluster(name, settings=[{"name": "containerInsights", "value": insights}], opts=self._child())
        providers = aws.ecs.ClusterCapacityProviders(
            f"{name}-capacity",
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            opts=self._child(),
        )
        # A service may name a capacity provider only after the cluster has it.
        self.cluster_arn = pulumi.Output.all(cluster.arn, providers.id).apply(lambda values: str(values[0]))
        self.cluster_name = cluster.name
        self._register()
