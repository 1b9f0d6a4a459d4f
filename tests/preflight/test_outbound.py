"""A stack whose tasks could not connect what they need is reported without an AWS account."""

import json
from pathlib import Path

import pytest
from flask_on_aws_cli.preflight.app_checks.outbound import outbound_check
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.settings import AppSettings, from_config

CLOSED = "lacks 443, over which tasks pull their image, read secrets and send logs"


def settings(**given):
    return from_config({f"shop:{key}": value for key, value in given.items()}, "shop", Path())


@pytest.mark.parametrize(
    ("ports", "more", "status"),
    [
        ([443], {}, Status.PASSED),
        ([443, 587], {"egress": "nat"}, Status.PASSED),
        ([587], {"egress": "endpoints"}, Status.PASSED),
        ([587], {}, Status.FAILED),
        ([5432], {"egress": "nat"}, Status.FAILED),
        ([587], {"egress": "endpoints", "vpcId": "vpc-1"}, Status.FAILED),
        ([], {}, Status.PASSED),
    ],
)
def test_ports_that_tasks_cannot_do_without(ports, more, status):
    found = outbound_check(settings(outboundPorts=json.dumps(ports), **more))
    assert found.status is status
    if status is Status.FAILED:
        assert found.cause is Cause.OUTBOUND_PORT
        assert f"{ports!r} {CLOSED}" in found.message


def test_without_the_setting_every_port_is_open():
    assert outbound_check(AppSettings(Path())).message == "tasks may connect to every port"
