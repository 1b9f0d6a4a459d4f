"""Load balancers."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, key_values, present, unless_gone

GONE = ("LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "RuleNotFound")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
_BALANCER_ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "enableDeletionProtection": "deletion_protection.enabled",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}


def client(call: Call) -> Any:
    """The client of load balancing."""
    return call.aws.client("elbv2")


def retag(call: Call) -> None:
    """Bring the tags from the old ones to the new ones."""
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        client(call).remove_tags(ResourceArns=[call.id], TagKeys=gone)
    if call.tags:
        client(call).add_tags(ResourceArns=[call.id], Tags=key_values(call.tags))


def tags(call: Call) -> dict[str, Any]:
    """The argument for tags; the API refuses an empty list."""
    return {"Tags": key_values(call.tags)} if call.tags else {}


def attributes(given: Json, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Inputs as the attributes of a load balancer or a target group."""
    values = {name: given[key] for key, name in names.items() if given.get(key) is not None}
    return [{"Key": name, "Value": _text(value)} for name, value in values.items()]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def create_balancer(call: Call) -> str:
    given = call.inputs
    made = client(call).create_load_balancer(
        Name=call.name,
        Scheme="internal" if given.get("internal") else "internet-facing",
        Type=given.get("loadBalancerType", "application"),
        **tags(call),
        **present(
            Subnets=given.get("subnets"),
            SecurityGroups=given.get("securityGroups"),
            IpAddressType=given.get("ipAddressType"),
        ),
    )
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    _set_balancer(call, arn)
    return arn


def _set_balancer(call: Call, arn: str) -> None:
    wanted = attributes(call.inputs, _BALANCER_ATTRIBUTES)
    logs = call.inputs.get("accessLogs")
    if logs:
        names = {
            "enabled": "access_logs.s3.enabled",
            "bucket": "access_logs.s3.bucket",
            "prefix": "access_logs.s3.prefix",
        }
        wanted += attributes(logs, names)
    if wanted:
        client(call).modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)


def read_balancer(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_load_balancers(LoadBalancerArns=[call.id])["LoadBalancers"])
    if not found:
        return None
    return {
        "id": call.id,
        "arn": call.id,
        "arnSuffix": call.id.partition(":loadbalancer/")[2],
        "name": found[0]["LoadBalancerName"],
        "dnsName": found[0]["DNSName"],
        "zoneId": found[0].get("CanonicalHostedZoneId", ""),
        "vpcId": found[0].get("VpcId", ""),
    }


def update_balancer(call: Call) -> None:
    _set_balancer(call, call.id)
    if call.changed("subnets"):
        client(call).set_subnets(LoadBalancerArn=call.id, Subnets=call.inputs["subnets"])
    if call.changed("securityGroups"):
        client(call).set_security_groups(LoadBalancerArn=call.id, SecurityGroups=call.inputs["securityGroups"])
    if call.changed("ipAddressType"):
        client(call).set_ip_address_type(LoadBalancerArn=call.id, IpAddressType=call.inputs["ipAddressType"])
    retag(call)


def delete_balancer(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_load_balancer(LoadBalancerArn=call.id))


def find_balancer(call: Call) -> str | None:
    found = unless_gone(GONE, lambda: client(call).describe_load_balancers(Names=[call.name])["LoadBalancers"])
    return found[0]["LoadBalancerArn"] if found else None


PROVIDERS: Mapping[str, Provider] = {
    "aws:lb/loadBalancer:LoadBalancer": Provider(
        create=create_balancer,
        read=read_balancer,
        update=update_balancer,
        delete=delete_balancer,
        find=find_balancer,
        replace_on=frozenset({"name", "internal", "loadBalancerType"}),
        tagged=True,
    ),
}
