"""Rules about load balancers."""

from collections.abc import Iterator

from ...model import Severity
from ..checks import described, is_set, must_be, must_not_be, when
from ..rule import Rule, Violation
from ..stack import Node, Stack

_BALANCER = ("lb/loadBalancer:LoadBalancer",)
_LISTENER = ("lb/listener:Listener",)
_TARGETS = ("lb/targetGroup:TargetGroup",)
# All policies with TLS 1.2 or newer, forward secrecy alone, and no cipher that Security Hub's ELB.17 rejects:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_STRONG = (
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
)


def _application(node: Node, stack: Stack) -> bool:
    return node.get("loadBalancerType") in (None, "application")


def _public(node: Node, stack: Stack) -> bool:
    return node.get("internal") is not True and _application(node, stack)


def _uses_tls(node: Node, stack: Stack) -> bool:
    return node.get("protocol") in ("HTTPS", "TLS")


def _is_internal(node: Node, stack: Stack) -> bool:
    balancers = stack.targets(node, "loadBalancerArn")
    return bool(balancers) and all(balancer.get("internal") is True for balancer in balancers)


def _is_not_internal(node: Node, stack: Stack) -> bool:
    return not _is_internal(node, stack)


def _https_or_redirect(node: Node, stack: Stack) -> Iterator[Violation]:
    """A listener without TLS redirects to HTTPS; one that answers itself must not have rules that forward."""
    if node.get("protocol") not in ("HTTP", None, "TCP"):
        return
    kinds = node.at("defaultActions.type")
    protocols = node.at("defaultActions.redirect.protocol")
    if kinds == ["redirect"]:
        if protocols != ["HTTPS"]:  # by default it is the request's, which is HTTP
            yield Violation("defaultActions.redirect.protocol", described(protocols[0] if protocols else None))
    elif kinds != ["fixed-response"] or stack.referring(node, "lb/listenerRule:ListenerRule", "listenerArn"):
        yield Violation("protocol", described(node.get("protocol")))


def _has_web_acl(node: Node, stack: Stack) -> Iterator[Violation]:
    if not stack.referring(node, "wafv2/webAclAssociation:WebAclAssociation", "resourceArn"):
        yield Violation("webAclAssociation", "is missing")


def _two_zones(node: Node, stack: Stack) -> Iterator[Violation]:
    subnets = node.inputs.get("subnets")
    if isinstance(subnets, list) and len(node.at("subnets")) < 2:
        yield Violation("subnets", "has fewer than two")


RULES = (
    Rule(
        "lb-https",
        Severity.HIGH,
        "Listeners use TLS or redirect to HTTPS",
        "Passwords and sessions that are sent without TLS can be read on the way.",
        "Set domain, so that the listener redirects to HTTPS.",
        _LISTENER,
        when(_is_not_internal, _https_or_redirect),
        "CKV_AWS_2 CKV_AWS_103 CKV2_AWS_20 AWS-0054 ELB.1 ELB.18 albHttpToHttpsRedirection",
        "domain",
    ),
    Rule(
        "lb-internal-https",
        Severity.LOW,
        "Listeners of internal load balancers use TLS",
        "Who can read traffic inside of the VPC can read requests.",
        "Add a listener with a certificate.",
        _LISTENER,
        when(_is_internal, _https_or_redirect),
        "CKV_AWS_2 CKV_AWS_103 CKV2_AWS_20 AWS-0054 ELB.18",
    ),
    Rule(
        "lb-tls-policy",
        Severity.HIGH,
        "Listeners accept TLS 1.2 or newer, with strong ciphers",
        "Old versions of TLS have known attacks.",
        "Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-Res-2021-06.",
        _LISTENER,
        when(_uses_tls, must_be("sslPolicy", *_STRONG)),
        "CKV_AWS_103 CKV2_AWS_74 AWS-0047 ELB.17",
    ),
    Rule(
        "lb-certificate",
        Severity.HIGH,
        "Listeners with TLS have a certificate of ACM",
        "Browsers reject the connection, and nobody renews the certificate.",
        "Set certificateArn.",
        _LISTENER,
        when(_uses_tls, is_set("certificateArn")),
    ),
    Rule(
        "lb-drop-invalid-headers",
        Severity.MEDIUM,
        "Load balancers drop invalid headers",
        "Headers that the load balancer and the app read differently make request smuggling possible.",
        "Set dropInvalidHeaderFields to true.",
        _BALANCER,
        when(_application, must_be("dropInvalidHeaderFields", True)),
        "CKV_AWS_131 AWS-0052 ELB.4",
    ),
    Rule(
        "lb-desync",
        Severity.MEDIUM,
        "Load balancers reject requests that are made for request smuggling",
        "Somebody could put a request in front of another visitor's.",
        "Set desyncMitigation to defensive or strictest.",
        _BALANCER,
        when(_application, must_be("desyncMitigationMode", "defensive", "strictest", default="defensive")),
        "CKV_AWS_328 ELB.12",
        "desyncMitigation",
    ),
    Rule(
        "lb-deletion-protection",
        Severity.MEDIUM,
        "Load balancers are protected from deletion",
        "One mistake takes the app off the internet, and its DNS name does not come back.",
        "Set deletionProtection to true.",
        _BALANCER,
        must_be("enableDeletionProtection", True),
        "CKV_AWS_150 ELB.6 elbDeletionProtectionEnabled",
        "deletionProtection",
    ),
    Rule(
        "lb-access-logs",
        Severity.MEDIUM,
        "Load balancers write access logs",
        "After an incident nobody can see who requested what.",
        "Set accessLogs to true.",
        _BALANCER,
        must_be("accessLogs.enabled", True),
        "CKV_AWS_91 AwsSolutions-ELB2 ELB.5 elbAccessLoggingEnabled",
        "accessLogs",
    ),
    Rule(
        "lb-not-public",
        Severity.LOW,
        "Load balancers are internal",
        "Everybody can connect to it.",
        "Serve the app through CloudFront (cdn), or limit the addresses by allowedCidrs.",
        _BALANCER,
        must_be("internal", True),
        "AWS-0053",
        "cdn",
    ),
    Rule(
        "lb-waf",
        Severity.LOW,
        "Public load balancers have a web ACL of AWS WAF",
        "Requests of scanners and known attacks reach the app.",
        "Set waf to count first, and to block once its log has no requests of users.",
        _BALANCER,
        when(_public, _has_web_acl),
        "CKV2_AWS_28 ELB.16",
        "waf",
    ),
    Rule(
        "lb-two-zones",
        Severity.MEDIUM,
        "Load balancers are in two zones",
        "The app is down when the zone is.",
        "Name subnets of at least two zones.",
        _BALANCER,
        _two_zones,
        "ELB.13",
    ),
    Rule(
        "lb-targets-tls",
        Severity.LOW,
        "Load balancers use TLS to their targets",
        "Who can read traffic inside of the VPC can read requests.",
        "Set protocol to HTTPS, if the app serves it.",
        _TARGETS,
        must_not_be("protocol", "HTTP"),
        "CKV_AWS_378 ELB.22",
    ),
    Rule(
        "lb-health-check",
        Severity.MEDIUM,
        "Target groups check the health of their targets",
        "Requests are sent to tasks that do not answer.",
        "Set healthCheckPath.",
        _TARGETS,
        when(lambda node, stack: node.get("protocol") in ("HTTP", "HTTPS"), is_set("healthCheck.path")),
        "CKV_AWS_261",
        "healthCheckPath",
    ),
)
