"""Certificates on a shared listener: no app takes from another app what both need."""

import pulumi
import pytest
from flask_on_aws import FlaskApp

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, SHARED

DOMAIN = {"dns": "route53", "domain": "shop.example.com"}
GIVEN = "arn:aws:acm:us-east-1:123456789012:certificate/wildcard"
ATTACHED = "aws:lb/listenerCertificate:ListenerCertificate"


@pytest.fixture
def joined(deploy, mocks):
    """An app on the shared listener: what was registered, and what of it stays on AWS when it is deleted."""
    mocks.computed |= COMPUTED

    def run(**args):
        kept = set()

        def look(one: pulumi.ResourceTransformationArgs) -> None:
            if one.opts.retain_on_delete and one.type_ == ATTACHED:
                kept.add(one.name)

        opts = pulumi.ResourceOptions(transformations=[look])
        return deploy(lambda: FlaskApp("shop", {"app": APP, **SHARED, **DOMAIN, **args}, opts)), kept

    return run


def test_an_app_whose_certificate_the_listener_has_attaches_none(joined, mocks):
    mocks.answers["aws:route53/getZone:getZone"] = {"zoneId": "Z9", "id": "Z9"}
    deployed, _ = joined(listener_has_certificate=True)
    assert not deployed.of_type("acm/certificate:Certificate")
    assert not deployed.of_type("lb/listenerCertificate:ListenerCertificate")
    records = deployed.of_type("route53/record:Record")
    assert {(record["name"], record["zoneId"]) for record in records.values()} == {("shop.example.com", "Z9")}
    assert deployed.outputs["certificate_arn"] == ""


def test_a_given_certificate_stays_attached_for_the_other_apps_that_use_it(joined):
    deployed, kept = joined(certificate_arn=GIVEN, zone_id="Z9")
    [attached] = deployed.of_type("lb/listenerCertificate:ListenerCertificate").values()
    assert (attached["listenerArn"], attached["certificateArn"]) == (SHARED["listener_arn"], GIVEN)
    assert kept == {"shop-certificate"}


def test_a_certificate_of_the_app_s_own_goes_with_it(joined):
    deployed, kept = joined(zone_id="Z9")
    assert deployed.of_type("lb/listenerCertificate:ListenerCertificate")
    assert kept == set()


def test_a_certificate_that_would_not_be_attached_is_rejected(joined):
    with pytest.raises(pulumi.InputPropertiesError, match="own certificate is used"):
        joined(listener_has_certificate=True, certificate_arn=GIVEN)


def test_a_listener_that_is_not_shared_has_no_certificate(deploy):
    with pytest.raises(pulumi.InputPropertiesError, match="has no effect without listener_arn"):
        FlaskApp("shop", {"app": APP, **DOMAIN, "listener_has_certificate": True})
