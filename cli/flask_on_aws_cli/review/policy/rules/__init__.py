"""All rules of the policy, a module for each group of services."""

from collections.abc import Mapping

from ..rule import Rule
from . import (
    cache,
    containers,
    database,
    edge,
    firewall,
    iam,
    keys_and_secrets,
    load_balancing,
    messaging,
    monitoring,
    network,
    registry,
    storage,
)

_GROUPS = {
    "Network": network.RULES,
    "Load balancing": load_balancing.RULES,
    "CloudFront": edge.RULES,
    "WAF": firewall.RULES,
    "Containers": containers.RULES,
    "Images": registry.RULES,
    "Database": database.RULES,
    "Cache": cache.RULES,
    "Files": storage.RULES,
    "Queues and topics": messaging.RULES,
    "Keys, secrets and certificates": keys_and_secrets.RULES,
    "Logs and alarms": monitoring.RULES,
    "IAM": iam.RULES,
}
GROUPS: Mapping[str, tuple[Rule, ...]] = _GROUPS
"""Title → rules."""
RULES: Mapping[str, Rule] = {rule.id: rule for group in _GROUPS.values() for rule in group}
"""All rules by id."""
