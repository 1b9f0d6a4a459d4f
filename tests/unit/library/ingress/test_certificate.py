import pulumi
import pytest
from flask_on_aws.ingress.certificate import Certificate, domain_problems, problems, record_of, zone_candidates


@pytest.fixture
def acm(mocks):
    """ACM's answer: the record of each name, in no particular order; a wildcard has its parent's."""

    def options(args):
        names = [args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", [])]
        hosts = {name: name.removeprefix("*.") for name in names}
        return {
            "domainValidationOptions": [
                {
                    "domainName": name,
                    "resourceRecordName": f"_x.{hosts[name]}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": f"_y.{hosts[name]}.acm-validations.aws.",
                }
                for name in reversed(names)
            ]
        }

    mocks.computed["Certificate"] = options
    mocks.computed["Record"] = lambda args: {"fqdn": args.inputs["name"]}
    mocks.computed["CertificateValidation"] = lambda args: {"certificateArn": args.inputs["certificateArn"] + "/issued"}
    return mocks


@pytest.fixture
def zones(mocks):
    """Route 53 with some zones; every name that is asked for is remembered."""
    state = {"zones": {}, "asked": []}

    def get_zone(args):
        state["asked"].append(args["name"])
        if args["name"] not in state["zones"]:
            return {}, [("name", "no matching Route 53 Hosted Zone found")]  # the provider's own words
        return {"zoneId": state["zones"][args["name"]], "id": state["zones"][args["name"]]}

    mocks.answers["aws:route53/getZone:getZone"] = get_zone
    return state


def test_the_certificate_is_known_when_it_is_issued_by_the_record_in_the_parent_zone(deploy, acm, zones):
    zones["zones"] = {"example.com": "ZPARENT"}
    seen = {}

    def watch(args):
        seen[args.name] = args.opts
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    deployed = deploy(
        lambda: Certificate(
            "certificate", {"domain": "a.b.example.com"}, pulumi.ResourceOptions(transformations=[watch])
        )
    )
    assert zones["asked"] == ["a.b.example.com", "b.example.com", "example.com"]
    assert deployed.named("certificate") == {"domainName": "a.b.example.com", "validationMethod": "DNS"}
    assert deployed.named("certificate-a.b.example.com") == {
        "zoneId": "ZPARENT",
        "name": "_x.a.b.example.com.",
        "type": "CNAME",
        "records": ["_y.a.b.example.com.acm-validations.aws."],
        "ttl": 60,
        "allowOverwrite": True,
    }
    validation = deployed.named("certificate-validation")
    assert validation["validationRecordFqdns"] == ["_x.a.b.example.com."]
    assert seen["certificate-validation"].custom_timeouts.create == "15m"
    assert not seen["certificate"].delete_before_replace
    assert deployed.outputs == {
        "certificate_arn": validation["certificateArn"] + "/issued",
        "distribution_certificate_arn": "",
        "zone_id": "ZPARENT",
        "validation_records": [
            {"name": "_x.a.b.example.com.", "type": "CNAME", "value": "_y.a.b.example.com.acm-validations.aws."}
        ],
    }


def test_each_name_is_validated_in_its_own_zone_and_a_wildcard_by_its_parents_record(deploy, acm, zones):
    zones["zones"] = {"example.com": "ZCOM", "example.org": "ZORG"}
    aliases = ["www.example.org", "*.example.com"]
    deployed = deploy(lambda: Certificate("certificate", {"domain": "example.com", "aliases": aliases}))
    assert deployed.named("certificate")["subjectAlternativeNames"] == aliases
    assert {(r["name"], r["zoneId"]) for r in deployed.of_type(":Record").values()} == {
        ("_x.example.com.", "ZCOM"),
        ("_x.www.example.org.", "ZORG"),
    }
    assert set(deployed.of_type(":Record")) == {"certificate-example.com", "certificate-www.example.org"}
    assert deployed.outputs["zone_id"] == "ZCOM"
    assert len(deployed.outputs["validation_records"]) == 2


def test_a_zone_of_the_same_program_is_not_looked_for(deploy, acm, zones):
    args = {"domain": "example.com", "zone_id": pulumi.Output.from_input("ZNEW")}
    deployed = deploy(lambda: Certificate("certificate", args))
    assert zones["asked"] == []
    assert deployed.outputs["zone_id"] == "ZNEW"
    assert deployed.named("certificate-example.com")["zoneId"] == "ZNEW"


def test_a_named_zone_is_the_only_one_looked_for(deploy, acm, zones):
    zones["zones"] = {"example.com": "ZCOM", "app.example.com": "ZAPP"}
    args = {"domain": "app.example.com", "aliases": ["www.example.com"], "zone_name": "example.com"}
    deployed = deploy(lambda: Certificate("certificate", args))
    assert zones["asked"] == ["example.com"]
    assert {r["zoneId"] for r in deployed.of_type(":Record").values()} == {"ZCOM"}


def test_a_missing_zone_is_a_sentence_with_ways_out(deploy, acm, zones):
    with pytest.raises(pulumi.InputPropertiesError) as caught:
        deploy(lambda: Certificate("certificate", {"domain": "app.example.com"}))
    assert str(caught.value) == (
        "domain: "
        "No public hosted zone in Route 53 is called app.example.com or example.com, so 'app.example.com' cannot be "
        "validated. Create one and delegate the domain to it; set zone_id if this program creates it; set dns to "
        "external if another provider answers for the domain; or use the ARN of an existing certificate."
    )
    assert not any(resource.typ.startswith("aws:") for resource in acm.resources)


def test_another_failure_of_the_lookup_is_not_taken_for_a_missing_zone(deploy, acm):
    denied = ({}, [("name", "AccessDenied: not authorized to perform: route53:ListHostedZones")])
    acm.answers["aws:route53/getZone:getZone"] = denied
    with pytest.raises(Exception, match="AccessDenied"):
        deploy(lambda: Certificate("certificate", {"domain": "app.example.com"}))


def test_with_external_dns_the_records_are_output_and_nothing_waits(deploy, acm, zones):
    deployed = deploy(lambda: Certificate("certificate", {"domain": "example.com", "dns": "external"}))
    assert zones["asked"] == []
    assert not deployed.of_type(":Record")
    assert not deployed.of_type(":CertificateValidation")
    assert deployed.outputs["certificate_arn"] == "arn:aws:mock:us-east-1:123456789012:certificate"
    assert deployed.outputs["zone_id"] == ""
    assert deployed.outputs["validation_records"] == [
        {"name": "_x.example.com.", "type": "CNAME", "value": "_y.example.com.acm-validations.aws."}
    ]


def test_with_external_dns_the_deployment_waits_when_the_records_are_set(deploy, acm):
    args = {"domain": "example.com", "dns": "external", "validated": True}
    deployed = deploy(lambda: Certificate("certificate", args))
    assert not deployed.of_type(":Record")
    assert set(deployed.named("certificate-validation")) == {"certificateArn"}
    assert deployed.outputs["certificate_arn"].endswith("/issued")


@pytest.mark.parametrize("name", ["example.com", "a-b.example.co.uk", "xn--mnchen-3ya.de", "1.example.com"])
def test_a_host_name_is_a_domain(name):
    assert list(domain_problems("domain", name)) == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("localhost", "'localhost' is not a domain name: "),
        ("Example.com", "'Example.com' is not a domain name: "),
        ("https://example.com", "'https://example.com' is not a domain name: "),
        ("example.com.", "'example.com.' is not a domain name: "),
        ("-a.example.com", "'-a.example.com' is not a domain name: "),
        ("a..example.com", "'a..example.com' is not a domain name: "),
        ("a" * 64 + ".com", "is not a domain name: "),
        ("a.*.com", "'a.*.com' is not a domain name: "),
        ("*.example.com", "'*.example.com' is a wildcard; use the host that people visit"),
        ("münchen.de", "'münchen.de' has letters outside ASCII; write 'xn--mnchen-3ya.de'."),
        (".".join(["a" * 50] * 5), "has 254 characters; use at most 253."),
    ],
)
def test_what_is_no_domain_is_rejected_with_its_value(name, sentence):
    (problem,) = domain_problems("domain", name)
    assert problem.argument == "domain"
    assert sentence in problem.reason


def test_wildcards_are_allowed_in_aliases_alone():
    assert list(problems({"domain": "example.com", "aliases": ["*.example.com"]})) == []
    assert [p.argument for p in problems({"domain": "example.com", "aliases": ["*.*.com"]})] == ["aliases"]
    assert [p.argument for p in problems({"domain": "*.example.com"})] == ["domain"]


def test_the_main_domain_must_fit_a_common_name():
    name = "a" * 53 + ".example.com"
    (problem,) = problems({"domain": name})
    assert problem.reason == f"{name!r} has 65 characters; use at most 64."
    assert list(problems({"domain": name[1:], "aliases": [name]})) == []


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({}, "domain", "A certificate needs a domain"),
        ({"domain": "app.example.com", "used_by": []}, "used_by", "An empty list requests no certificate"),
        ({"domain": "app.example.com", "used_by": ["cdn"]}, "used_by", "'cdn' is not one of load-balancers, distrib"),
        ({"domain": "e.com", "aliases": ["e.com"]}, "aliases", "'e.com' is named more than once"),
        ({"domain": "e.com", "dns": "cloudflare"}, "dns", "'cloudflare' is not one of route53, external."),
        ({"domain": "e.com", "dns": "external", "zone_id": "Z"}, "zone_id", "no use with external DNS"),
        ({"domain": "e.com", "dns": "external", "zone_name": "e.com"}, "zone_name", "no use with external DNS"),
        ({"domain": "e.com", "validated": True}, "validated", "for external DNS alone"),
        ({"domain": "e.com", "zone_id": "Z", "zone_name": "e.com"}, "zone_name", "leave one of them out"),
        ({"domain": "e.com", "zone_name": "f.com"}, "zone_name", "The zone 'f.com' does not hold 'e.com'"),
        ({"domain": "e.com", "aliases": ["g.net"], "zone_name": "e.com"}, "zone_name", "does not hold 'g.net'"),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


def test_zones_are_tried_from_the_longest_name_and_never_a_top_level_domain():
    assert zone_candidates("*.a.example.com") == ["a.example.com", "example.com"]
    assert zone_candidates("example.com") == ["example.com"]


def test_the_record_of_a_host_is_found_by_its_name_and_not_by_its_place():
    class Option:
        def __init__(self, name):
            self.domain_name = name
            self.resource_record_name = f"_{name}."
            self.resource_record_type, self.resource_record_value = "CNAME", "v"

    options = [Option("b.com"), Option("*.a.com")]
    assert record_of("a.com", options)["name"] == "_*.a.com."
    assert record_of("b.com", options)["name"] == "_b.com."
