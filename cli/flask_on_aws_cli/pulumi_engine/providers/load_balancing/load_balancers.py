"""Load balancers."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, key_values, none_if_missing, present

NOT_FOUND = ("LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound", "RuleNotFound")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
_LOAD_BALANCER_ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "enableDeletionProtection": "deletion_protection.enabled",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}


def client(call: Call) -> Any:
    """The Elastic Load Balancing client."""
    return call.aws.client("elbv2")


def update_tags(call: Call) -> None:
    """Remove the tags that the resource no longer has, and set the others."""
    if call.removed_tags:
        client(call).remove_tags(ResourceArns=[call.id], TagKeys=call.removed_tags)
    if call.tags:
        client(call).add_tags(ResourceArns=[call.id], Tags=key_values(call.tags))


def tags(call: Call) -> dict[str, Any]:
    """The `Tags` argument; none without tags, since the API rejects an empty list."""
    return {"Tags": key_values(call.tags)} if call.tags else {}


def attributes(inputs: Json, names: Mapping[str, str]) -> list[dict[str, str]]:
    """The inputs as attributes of a load balancer or target group, whose names are the values of `names`."""
    values = {name: inputs[key] for key, name in names.items() if inputs.get(key) is not None}
    return [{"Key": name, "Value": _text(value)} for name, value in values.items()]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def create_balancer(call: Call) -> str:
    inputs = call.inputs
    response = client(call).create_load_balancer(
        Name=call.name,
        Scheme="internal" if inputs.get("internal") else "internet-facing",
        Type=inputs.get("loadBalancerType", "application"),
        **tags(call),
        **present(
            Subnets=inputs.get("subnets"),
            SecurityGroups=inputs.get("securityGroups"),
            IpAddressType=inputs.get("ipAddressType"),
        ),
    )
    arn = response["LoadBalancers"][0]["LoadBalancerArn"]
    _set_attributes(call, arn)
    return arn


def _set_attributes(call: Call, arn: str) -> None:
    changes = attributes(call.inputs, _LOAD_BALANCER_ATTRIBUTES)
    logs = call.inputs.get("accessLogs")
    if logs:
        names = {
            "enabled": "access_logs.s3.enabled",
            "bucket": "access_logs.s3.bucket",
            "prefix": "access_logs.s3.prefix",
        }
        changes += attributes(logs, names)
    if changes:
        client(call).modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=changes)


def read_balancer(call: Call) -> Json | None:
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_load_balancers(LoadBalancerArns=[call.id]))
    if not response or not response["LoadBalancers"]:
        return None
    balancer = response["LoadBalancers"][0]
    return {
        "id": call.id,
        "arn": call.id,
        "arnSuffix": call.id.partition(":loadbalancer/")[2],
        "name": balancer["LoadBalancerName"],
        "dnsName": balancer["DNSName"],
        "zoneId": balancer.get("CanonicalHostedZoneId", ""),
        "vpcId": balancer.get("VpcId", ""),
    }


def update_balancer(call: Call) -> None:
    _set_attributes(call, call.id)
    if call.changed("subnets"):
        client(call).set_subnets(LoadBalancerArn=call.id, Subnets=call.inputs["subnets"])
    if call.changed("securityGroups"):
        client(call).set_security_groups(LoadBalancerArn=call.id, SecurityGroups=call.inputs["securityGroups"])
    if call.changed("ipAddressType"):
        client(call).set_ip_address_type(LoadBalancerArn=call.id, IpAddressType=call.inputs["ipAddressType"])
    update_tags(call)


def delete_balancer(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_load_balancer(LoadBalancerArn=call.id))


def find_balancer(call: Call) -> str | None:
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_load_balancers(Names=[call.name]))
    return response["LoadBalancers"][0]["LoadBalancerArn"] if response and response["LoadBalancers"] else None


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
