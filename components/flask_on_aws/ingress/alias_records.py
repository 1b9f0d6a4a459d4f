"""Names in a Route 53 zone that point to a load balancer or a distribution."""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from .certificate import DISTRIBUTIONS
from .load_balancer_guard import records_guard


class AliasRecordsArgs(TypedDict, total=False):
    zone_id: Required[pulumi.Input[str]]
    """Id of the hosted zone. Required."""
    zone_ids: Mapping[str, pulumi.Input[str]]
    """Ids of the hosted zones of names that are in another zone than `zone_id`, by name. Default: none."""
    names: Required[Sequence[str]]
    """The host names that get records. Required."""
    target_dns_name: Required[pulumi.Input[str]]
    """DNS name of the load balancer or the distribution. Required."""
    target_zone_id: Required[pulumi.Input[str]]
    """Hosted zone id of the load balancer or the distribution. Required."""
    served_by: Sequence[str]
    """What can serve the names: `load-balancers`, `distributions`, or both while they move from one to the other. If only one is given, an update that would move the names to it is rejected. Default: none, no update is rejected."""


_DEFAULTS: Mapping[str, Any] = {"zone_ids": {}, "served_by": []}


class AliasRecords(Component):
    """An A and an AAAA alias for each name; both follow the target's addresses and cost nothing."""

    names: pulumi.Output[Sequence[str]]
    """The names, known once their records exist."""

    def __init__(self, name: str, args: AliasRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        args = with_defaults(args, _DEFAULTS)
        served_by = args["served_by"]
        guard = records_guard(name, to_distribution=DISTRIBUTIONS in served_by) if len(served_by) == 1 else None
        records = [
            aws.route53.Record(
                f"{name}-{host}-{kind.lower()}",
                zone_id=args["zone_ids"].get(host, args["zone_id"]),
                name=host,
                type=kind,
                aliases=[
                    {
                        "name": args["target_dns_name"],
                        "zone_id": args["target_zone_id"],
                        # Alarms watch the app's health; DNS has no other target to fall back to.
                        "evaluate_target_health": False,
                    }
                ],
                opts=self._child(hooks=guard),
            )
            for host in args["names"]
            for kind in ("A", "AAAA")
        ]
        self.names = pulumi.Output.all(*(record.fqdn for record in records)).apply(lambda _: list(args["names"]))
        self._register()
