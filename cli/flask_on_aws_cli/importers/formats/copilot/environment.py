"""The manifest of an environment of AWS Copilot.

https://aws.github.io/copilot-cli/docs/manifest/environment/
"""

from ...drafts.draft import Draft
from ...reading.source import Value, items

_REASONS = {
    "cdn": "is not carried over; once domain is set, `pulumi config set cdn true` serves it by CloudFront.",
    "observability": "has no setting.",
}


def read_environment(draft: Draft, manifest: Value) -> None:
    """Read network, certificates and monitoring of an environment; an empty manifest has none."""
    _read_vpc(draft, manifest.get("network", "vpc"))
    if insights := manifest.get("observability", "container_insights"):
        draft.put("containerInsights", insights.flag(), insights.place)
    public = manifest.get("http", "public")
    if public:
        _read_public(draft, public)
    draft.lose_others(manifest["http"], {"public"}, {"private": "internal load balancers are not supported."})
    draft.lose_others(manifest, {"name", "type", "network", "observability", "http"}, _REASONS)


def _read_vpc(draft: Draft, vpc: Value | None) -> None:
    if vpc is None:
        return
    if cidr := vpc["cidr"]:
        draft.put("vpcCidr", cidr.text(), cidr.place)
    identifier, subnets = vpc["id"], vpc["subnets"]
    if identifier:
        draft.put("vpcId", identifier.text(), identifier.place)
        for key, setting in (("public", "publicSubnetIds"), ("private", "privateSubnetIds")):
            ids = [subnet.text() for item in _items(subnets, key) if (subnet := item["id"])]
            if ids and subnets:
                draft.put(setting, ids, subnets.place)
    elif subnets:
        draft.lose(subnets, "has no setting; the stack divides vpcCidr itself.")
    reasons = {
        "security_group": "has no setting; the stack's groups allow only what it needs.",
        "flow_logs": "has no setting for the days; flowLogs turns them on.",
    }
    read = {"cidr", "id", "subnets"}
    logs = vpc["flow_logs"]
    if logs and logs.is_scalar:
        draft.put("flowLogs", logs.flag(), logs.place)
        read.add("flow_logs")
    draft.lose_others(vpc, read, reasons)


def _items(subnets: Value | None, key: str) -> list[Value]:
    value = subnets[key] if subnets else None
    return list(value.items()) if value else []


def _read_public(draft: Draft, public: Value) -> None:
    certificates = public["certificates"]
    arns = items(certificates)
    if arns and "domain" in draft.values:
        draft.put("certificateArn", arns[0].text(), arns[0].place)
        for other in arns[1:]:
            draft.lose(other, "has no setting; the certificate must have the domain and all domainAliases.")
    elif arns and certificates:
        draft.lose(certificates, "the service has no alias; set domain, and then certificateArn.")
    logs = public["access_logs"]
    read = {"certificates"}
    if logs and logs.is_scalar:
        draft.put("accessLogs", logs.flag(), logs.place)
        read.add("access_logs")
    reasons = {
        "access_logs": "has no setting for the bucket; accessLogs turns them on.",
        "ingress": "has no setting; see allowedCidrs.",
        "security_groups": "has no setting; see allowedCidrs.",
        "ssl_policy": "has no setting; TLS 1.2 and 1.3 are accepted.",
    }
    draft.lose_others(public, read, reasons)
