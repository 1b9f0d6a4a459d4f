"""Domains that are redirected: listener rules, the certificate's names, and a record in the zone of each."""

import pytest
from flask_on_aws.ingress.redirect import Redirect, problems

from tests.unit.library.flask_app.test_flask_app import DOMAIN, SHARED, app  # noqa: F401 the fixture

RULE = "lb/listenerRule:ListenerRule"
ARGS = {"listener_arn": "arn:listener", "hosts": ["www.example.com"], "target_host": "app.example.com"}
HOSTS = [f"h{number}.example.com" for number in range(12)]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
EXTERNAL = {"domain": "app.example.com", "dns": "external", "domain_redirects": ["example.com"]}


def hosts_by_priority(deployed):
    """The hosts of each redirect rule, and the paths of the others."""
    conditions = {rule["priority"]: rule["conditions"] for rule in deployed.of_type(RULE).values()}
    return {priority: next(iter(rule[0].values()))["values"] for priority, rule in sorted(conditions.items())}


def test_a_rule_redirects_permanently_to_https_and_keeps_path_and_query(deploy):
    deployed = deploy(lambda: Redirect("web", ARGS))
    assert deployed.of_type(RULE) == {
        "web-rule-1": {
            "listenerArn": "arn:listener",
            "priority": 99,
            "conditions": [{"hostHeader": {"values": ["www.example.com"]}}],
            "actions": [
                {
                    "type": "redirect",
                    "redirect": {
                        "protocol": "HTTPS",
                        "host": "app.example.com",
                        "port": "443",
                        "statusCode": "HTTP_301",
                    },
                }
            ],
        }
    }
    assert deployed.outputs["rule_arns"] == ["arn:aws:mock:us-east-1:123456789012:web-rule-1"]


def test_five_hosts_are_one_rule_and_priorities_count_down(deploy):
    deployed = deploy(lambda: Redirect("web", {**ARGS, "hosts": HOSTS, "before_priority": 7}))
    assert hosts_by_priority(deployed) == {6: HOSTS[:5], 5: HOSTS[5:10], 4: HOSTS[10:]}


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({"hosts": ["https://a.example.com"]}, "hosts", "is not a domain name"),
        ({"hosts": ["example.com:8443"]}, "hosts", "is not a domain name"),
        ({"hosts": ["example.com/shop"]}, "hosts", "is not a domain name"),
        ({"hosts": ["example.com."]}, "hosts", "is not a domain name"),
        ({"hosts": ["192.0.2.1"]}, "hosts", "'192.0.2.1' is an IP address; give a domain name"),
        ({"hosts": ["www.*.example.com"]}, "hosts", "is not a domain name"),
        ({"hosts": ["WWW.example.com"]}, "hosts", "is not a domain name"),
        ({"hosts": ["bücher.example"]}, "hosts", "write 'xn--bcher-kva.example'."),
        ({"hosts": ["a.example.com", "a.example.com"]}, "hosts", "is named more than once"),
        ({"hosts": ["app.example.com"]}, "hosts", "is the domain that requests are redirected to; leave it out."),
        ({"hosts": ["*.example.com"]}, "hosts", "includes 'app.example.com', which would be redirected to itself"),
        # A load balancer's `*` matches several labels.
        ({"hosts": ["*.com.example"], "target_host": "a.b.com.example"}, "hosts", "includes 'a.b.com.example'"),
        ({"hosts": [f"{'a' * 63}.{'b' * 63}.com"]}, "hosts", "has 131 characters; use at most 128."),
        ({"hosts": [f"h{n}.example.com" for n in range(496)]}, "hosts", "name at most 495."),
        (
            {"hosts": HOSTS, "before_priority": 3},
            "before_priority",
            "3 leaves no numbers before it",
        ),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems({**ARGS, **args})
    assert problem.argument == argument
    assert sentence in problem.reason


@pytest.mark.parametrize("hosts", [["*.example.net"], ["www.app.example.com"], ["example.com"], [f"{'a' * 63}.com"]])
def test_other_domains_are_accepted(hosts):
    assert list(problems({**ARGS, "hosts": hosts})) == []


def test_the_app_s_rule_comes_after_the_redirects_and_stays_where_it_is(app):  # noqa: F811
    assert hosts_by_priority(app(**DOMAIN, domain_redirects=HOSTS)) == {
        97: HOSTS[10:],
        98: HOSTS[5:10],
        99: HOSTS[:5],
        100: ["/*"],
    }


def test_the_certificate_covers_the_domains_and_each_has_records_in_its_own_zone(app, mocks):  # noqa: F811
    zones = {"example.com": "ZCOM", "example.org": "ZORG"}

    def zone(args):
        if args["name"] not in zones:
            return {}, [("name", "no matching Route 53 Hosted Zone found")]
        return {"zoneId": zones[args["name"]], "id": zones[args["name"]]}

    mocks.answers["aws:route53/getZone:getZone"] = zone
    redirects = ["www.example.com", "example.org"]
    deployed = app(domain="app.example.com", domain_aliases=["shop.example.org"], domain_redirects=redirects)
    certificate = deployed.named("app-certificate")
    assert certificate["subjectAlternativeNames"] == ["shop.example.org", *redirects]
    records = deployed.of_type("route53/record:Record").values()
    assert {(record["name"], record["type"], record["zoneId"]) for record in records if "aliases" in record} == {
        (name, kind, zone)
        for name, zone in (
            ("app.example.com", "ZCOM"),
            ("shop.example.org", "ZORG"),
            ("www.example.com", "ZCOM"),
            ("example.org", "ZORG"),
        )
        for kind in ("A", "AAAA")
    }
    assert deployed.outputs["dns_records"] == []


def test_with_external_dns_the_domains_are_among_the_records_and_redirected_once_the_domain_is_served(app):  # noqa: F811
    pending = app(**EXTERNAL)
    assert {record["name"] for record in pending.outputs["dns_records"]} == {"_v.app.example.com", "_v.example.com"}
    assert not any("hostHeader" in rule["conditions"][0] for rule in pending.of_type(RULE).values())


def test_with_external_dns_a_served_domain_lists_where_each_name_must_point(app):  # noqa: F811
    deployed = app(**EXTERNAL, dns_ready=True)
    records = {(record["name"], record["type"], record["value"]) for record in deployed.outputs["dns_records"]}
    assert {("app.example.com", "CNAME", "alb.amazonaws.com"), ("example.com", "CNAME", "alb.amazonaws.com")} < records
    assert hosts_by_priority(deployed) == {99: ["example.com"], 100: ["/*"]}


def test_on_a_shared_listener_the_redirects_have_the_numbers_before_the_app_s(app):  # noqa: F811
    deployed = app(
        **SHARED, domain="app.example.com", domain_redirects=HOSTS, listener_priority=300, certificate_arn=CERTIFICATE
    )
    assert hosts_by_priority(deployed) == {
        297: HOSTS[10:],
        298: HOSTS[5:10],
        299: HOSTS[:5],
        300: ["app.example.com"],
    }
    assert {rule["listenerArn"] for rule in deployed.of_type(RULE).values()} == {SHARED["listener_arn"]}


def test_with_the_listener_s_certificate_each_domain_has_a_record_in_its_own_zone(app, mocks):  # noqa: F811
    mocks.answers["aws:route53/getZone:getZone"] = lambda args: {"zoneId": f"Z-{args['name']}", "id": "Z"}
    deployed = app(
        **{**SHARED, "dns": "route53"},
        domain="app.example.com",
        domain_redirects=["example.org"],
        listener_has_certificate=True,
    )
    assert not deployed.of_type("acm/certificate:Certificate")
    records = deployed.of_type("route53/record:Record").values()
    assert {(record["name"], record["zoneId"]) for record in records} == {
        ("app.example.com", "Z-app.example.com"),
        ("example.org", "Z-example.org"),
    }
