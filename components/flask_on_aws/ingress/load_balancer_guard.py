"""The guard against leaving a load balancer before the next one serves.

A load balancer's scheme cannot be changed, so another one is created beside it, tasks register with both, and the old
one is deleted later. If one update did all of that, it would delete the old one before the new one has a healthy task. A
program cannot see what a stack contains, but a hook can: one that runs before an update receives the old and the new
inputs, at preview too. So a tag on the service and the distribution records which load balancers the stack has, and an
update that skips a step is rejected before anything changes. Without the tag the stack has only the public one.

The records of a domain cannot have tags. Resolvers keep them for a minute or longer, so what they pointed at before must
serve until a later update.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import pulumi

from ..hooks import before_updates
from ..naming import PACKAGE

PUBLIC, INTERNAL = "public", "internal"
_TAG = f"{PACKAGE}:load-balancers"
# The same for every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
_DISTRIBUTIONS_ZONE = "Z2FDTNDATAQYW2"
_STEPS = (
    "a move to an internal load balancer takes three updates, with cloudfrontOrigin (cloudfront_origin) 'public-with-vpc', "
    "'vpc-with-public' and 'vpc'; a domain is added, or removed, with 'vpc-with-public' for one update; with cdn, a "
    "domain moves to CloudFront with 'vpc-with-public', and back with 'public-with-vpc', for one update. See UPGRADE.md."
)


def tags(load_balancers: Collection[str]) -> dict[str, str]:
    """Tags for the resources that use these load balancers; none for the public one alone."""
    return {} if set(load_balancers) == {PUBLIC} else {_TAG: "+".join(sorted(load_balancers))}


def _load_balancers(inputs: Mapping[str, Any] | None) -> set[str]:
    recorded: Any = (inputs or {}).get("tags")
    value: Any = cast(Mapping[str, Any], recorded).get(_TAG) if isinstance(recorded, Mapping) else None
    return set(value.split("+")) if isinstance(value, str) else {PUBLIC}


def reject_removal(args: pulumi.ResourceHookArgs) -> None:
    """Raise if an update would remove a service from every load balancer that it is registered with.

    Raises:
        ValueError: naming the setting and its values.
    """
    old, new = _load_balancers(args.old_inputs), _load_balancers(args.new_inputs)
    if old & new:
        return
    keep = "set cloudfrontOrigin (cloudfront_origin) to 'public' to keep it; " if old == {PUBLIC} else ""
    raise ValueError(
        f"cloudfront_origin: this update would take the tasks from the {_words(old)} load balancer that serves visitors "
        f"now before the {_words(new)} one has a healthy task: {keep}{_STEPS}"
    )


def reject_early_switch(args: pulumi.ResourceHookArgs) -> None:
    """Raise if a distribution would be pointed at another load balancer while tasks are not registered with both.

    Raises:
        ValueError: naming the setting and its values.
    """
    old, new = _origin(args.old_inputs), _origin(args.new_inputs)
    all_load_balancers = {PUBLIC, INTERNAL}
    if old == new or _load_balancers(args.old_inputs) == _load_balancers(args.new_inputs) == all_load_balancers:
        return
    keep = "set cloudfrontOrigin (cloudfront_origin) to 'public' to keep it; " if old == PUBLIC else ""
    raise ValueError(
        f"cloudfront_origin: this update would point CloudFront from the {old} load balancer that serves visitors now to "
        f"the {new} one while tasks are not registered with both: {keep}{_STEPS}"
    )


def reject_moved_records(args: pulumi.ResourceHookArgs, to_distribution: bool) -> None:
    """Raise if a domain's record would move to a distribution, or from one, in the update that deletes what it left.

    Raises:
        ValueError: naming the setting and its values.
    """
    if _points_at_distribution(args.old_inputs) == to_distribution:
        return
    old, new, step = "the distribution", "the load balancer", "public-with-vpc"
    if to_distribution:
        old, new, step = new, old, "vpc-with-public"
    raise ValueError(
        f"cdn: the domain would move from {old} to {new}, and {old} would be deleted although resolvers still return it; "
        f"keep cdn true, with cloudfrontOrigin (cloudfront_origin) '{step}' for one update. See UPGRADE.md."
    )


def _points_at_distribution(inputs: Mapping[str, Any] | None) -> bool:
    aliases: Sequence[Any] = (inputs or {}).get("aliases") or ()
    zones = [cast(Mapping[str, Any], alias).get("zoneId") for alias in aliases if isinstance(alias, Mapping)]
    return _DISTRIBUTIONS_ZONE in zones


def _origin(inputs: Mapping[str, Any] | None) -> str:
    origins: Any = (inputs or {}).get("origins")
    if isinstance(origins, Mapping):  # the secret header makes the whole list a secret, which arrives wrapped
        origins = cast(Mapping[str, Any], origins).get("value")
    listed = cast(Sequence[Any], origins) if isinstance(origins, list) else ()
    by_vpc = any(isinstance(origin, Mapping) and "vpcOriginConfig" in origin for origin in listed)
    return INTERNAL if by_vpc else PUBLIC


def _words(load_balancers: Collection[str]) -> str:
    return " and ".join(sorted(load_balancers))


def service_guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the ECS service of the app with this name, at preview and at update."""
    return before_updates(f"{name}-load-balancer-guard", reject_removal)


def distribution_guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the distribution with this name, at preview and at update."""
    return before_updates(f"{name}-origin-guard", reject_early_switch)


def records_guard(name: str, *, to_distribution: bool) -> pulumi.ResourceHookBinding:
    """The hook for the domain's records of the component with this name, at preview and at update."""

    def reject(args: pulumi.ResourceHookArgs) -> None:
        reject_moved_records(args, to_distribution)

    return before_updates(f"{name}-guard", reject)
