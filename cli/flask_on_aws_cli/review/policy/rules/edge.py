"""Rules about CloudFront."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...model import Severity
from ..checks import described, is_set, must_be, when
from ..rule import Check, Rule, Violation
from ..stack import Node, Stack, is_known

_DISTRIBUTION = ("cloudfront/distribution:Distribution",)
_BEHAVIORS = ("defaultCacheBehavior", "orderedCacheBehaviors")
_HTTPS_POLICIES = ("redirect-to-https", "https-only")
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
_TLS_1_2 = ("TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


def _in_behaviors(key: str, *allowed: Any) -> Check:
    """Each behavior has one of these values; without any, it has some value."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for path, behavior in _behaviors(node):
            value = behavior.get(key)
            if is_known(value) and (value not in allowed if allowed else not value):
                yield Violation(f"{path}.{key}", described(value))

    return check


def _behaviors(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    default = node.inputs.get(_BEHAVIORS[0])
    if isinstance(default, Mapping):
        yield _BEHAVIORS[0], cast(Mapping[str, Any], default)
    for behavior in node.inputs.get(_BEHAVIORS[1]) or ():
        yield f"{_BEHAVIORS[1]}.{behavior.get('pathPattern')}", behavior


def _origins(node: Node) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for origin in node.inputs.get("origins") or ():
        yield f"origins.{origin.get('originId')}", origin


def _custom(origin: Mapping[str, Any]) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], origin.get("customOriginConfig") or {})


def _https_to_origin(node: Node, stack: Stack) -> Iterator[Violation]:
    for path, origin in _origins(node):
        policy = _custom(origin).get("originProtocolPolicy", "https-only")
        if is_known(policy) and policy != "https-only":
            yield Violation(f"{path}.customOriginConfig.originProtocolPolicy", described(policy))


def _tls_to_origin(node: Node, stack: Stack) -> Iterator[Violation]:
    for path, origin in _origins(node):
        for protocol in _custom(origin).get("originSslProtocols", ()):
            if is_known(protocol) and protocol != "TLSv1.2":
                yield Violation(f"{path}.customOriginConfig.originSslProtocols", f"has {protocol}")


def _bucket_by_origin_access(node: Node, stack: Stack) -> Iterator[Violation]:
    for path, origin in _origins(node):
        domain = origin.get("domainName")
        is_bucket = isinstance(domain, str) and (".s3." in domain or ".bucketRegionalDomainName}" in domain)
        if is_bucket and not origin.get("originAccessControlId"):
            yield Violation(f"{path}.originAccessControlId", "is not set")


def _logged(node: Node, stack: Stack) -> Iterator[Violation]:
    """Legacy logging, or standard logging (v2) with all three of its resources."""
    if node.get("loggingConfig.bucket"):
        return
    sources = stack.referring(node, "cloudwatch/logDeliverySource:LogDeliverySource", "resourceArn")
    kind = "cloudwatch/logDelivery:LogDelivery"
    deliveries = [delivery for source in sources for delivery in stack.referring(source, kind, "deliverySourceName")]
    if not deliveries:
        yield Violation("loggingConfig", "is not set")


def _has_own_domain(node: Node, stack: Stack) -> bool:
    return node.get("viewerCertificate.cloudfrontDefaultCertificate") is not True


RULES = (
    Rule(
        "cdn-https",
        Severity.HIGH,
        "CloudFront redirects to HTTPS",
        "Passwords and sessions that are sent without TLS can be read on the way.",
        "Set viewerProtocolPolicy to redirect-to-https.",
        _DISTRIBUTION,
        _in_behaviors("viewerProtocolPolicy", *_HTTPS_POLICIES),
        "CKV_AWS_34 AWS-0012 CloudFront.3",
    ),
    Rule(
        "cdn-tls-version",
        Severity.HIGH,
        "CloudFront accepts TLS 1.2 or newer",
        "Old versions of TLS have known attacks.",
        "Set minimumProtocolVersion to TLSv1.2_2021.",
        _DISTRIBUTION,
        when(_has_own_domain, must_be("viewerCertificate.minimumProtocolVersion", *_TLS_1_2)),
        "CKV_AWS_174 CKV2_AWS_54 AWS-0013 AwsSolutions-CFR4 CloudFront.15",
    ),
    Rule(
        "cdn-certificate",
        Severity.MEDIUM,
        "CloudFront has a certificate for a domain of your own",
        "CloudFront's default domain accepts old versions of TLS, and cannot be moved to another distribution.",
        "Set domain.",
        _DISTRIBUTION,
        is_set("viewerCertificate.acmCertificateArn", "viewerCertificate.iamCertificateId"),
        "CKV2_AWS_42 CKV_AWS_174 AWS-0013 AwsSolutions-CFR4 CloudFront.7",
        "domain",
    ),
    Rule(
        "cdn-sni",
        Severity.LOW,
        "CloudFront uses SNI",
        "Dedicated addresses cost 600 USD a month.",
        "Set sslSupportMethod to sni-only.",
        _DISTRIBUTION,
        when(_has_own_domain, must_be("viewerCertificate.sslSupportMethod", "sni-only")),
        "CloudFront.8",
    ),
    Rule(
        "cdn-origin-https",
        Severity.MEDIUM,
        "CloudFront uses TLS to its origins",
        "Requests can be read between CloudFront and the origin.",
        "Set cloudfrontOrigin to vpc, or use a certificate at the origin.",
        _DISTRIBUTION,
        _https_to_origin,
        "CKV2_AWS_72 AwsSolutions-CFR5 CloudFront.9",
        "cloudfrontOrigin",
    ),
    Rule(
        "cdn-origin-tls-version",
        Severity.MEDIUM,
        "CloudFront uses TLS 1.2 to its origins",
        "Old versions of TLS have known attacks.",
        "Set originSslProtocols to TLSv1.2 alone.",
        _DISTRIBUTION,
        _tls_to_origin,
        "AwsSolutions-CFR5 CloudFront.10",
    ),
    Rule(
        "cdn-bucket-origin",
        Severity.HIGH,
        "CloudFront reads buckets by an origin access control",
        "The bucket would have to be public.",
        "Set originAccessControlId.",
        _DISTRIBUTION,
        _bucket_by_origin_access,
        "CKV2_AWS_46 AwsSolutions-CFR7 CloudFront.13",
    ),
    Rule(
        "cdn-security-headers",
        Severity.MEDIUM,
        "CloudFront adds security headers",
        "Browsers would allow what these headers forbid, such as frames of other sites.",
        "Set responseHeadersPolicyId to AWS's Managed-SecurityHeadersPolicy.",
        _DISTRIBUTION,
        _in_behaviors("responseHeadersPolicyId"),
        "CKV2_AWS_32 CKV_AWS_259",
    ),
    Rule(
        "cdn-access-logs",
        Severity.MEDIUM,
        "CloudFront writes access logs",
        "After an incident nobody can see who requested what.",
        "Set accessLogs to true.",
        _DISTRIBUTION,
        _logged,
        "CKV_AWS_86 AWS-0010 AwsSolutions-CFR3 CloudFront.5",
        "accessLogs",
    ),
    Rule(
        "cdn-waf",
        Severity.LOW,
        "CloudFront has a web ACL of AWS WAF",
        "Requests of scanners and known attacks reach the app.",
        "Set waf to count first, and to block once its log has no requests of users.",
        _DISTRIBUTION,
        is_set("webAclId"),
        "CKV_AWS_68 AWS-0011 AwsSolutions-CFR2 CloudFront.6",
        "waf",
    ),
    Rule(
        "cdn-enabled",
        Severity.LOW,
        "Distributions are enabled",
        "A disabled distribution serves nothing, and still owns its domains.",
        "Set enabled to true, or remove it.",
        _DISTRIBUTION,
        must_be("enabled", True),
        "CKV_AWS_216",
    ),
    Rule(
        "cdn-default-root",
        Severity.LOW,
        "CloudFront has a default root object",
        "A request for / of a bucket would list its files.",
        "Set defaultRootObject, if the origin is a bucket.",
        _DISTRIBUTION,
        is_set("defaultRootObject"),
        "CKV_AWS_305 CloudFront.1",
    ),
    Rule(
        "cdn-origin-failover",
        Severity.LOW,
        "CloudFront has a second origin",
        "The app is down when its origin is.",
        "Set originGroups.",
        _DISTRIBUTION,
        is_set("originGroups"),
        "CKV_AWS_310 CloudFront.4",
    ),
    Rule(
        "cdn-geo-restriction",
        Severity.LOW,
        "CloudFront serves only the countries of its users",
        "Attacks come from everywhere.",
        "Set restrictions.geoRestriction.",
        _DISTRIBUTION,
        must_be("restrictions.geoRestriction.restrictionType", "whitelist", "blacklist"),
        "CKV_AWS_374 AwsSolutions-CFR1",
    ),
)
