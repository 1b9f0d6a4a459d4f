"""Checks that tasks may connect to every port that the stack itself needs. Pure functions."""

from typing import Any, cast

from flask_on_aws.flask_app.checks.outbound_ports import outbound_problems
from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs

from ..check import Cause, Check, Finding, failed, passed
from ..settings import AppSettings

NAME = "outbound ports"


def outbound_check(settings: AppSettings) -> Check:
    """Fails for ports that the stack would reject; only a deployment shows whether the app needs others."""
    ports = settings.outbound_ports
    if ports is None:
        return passed(NAME, "tasks may connect to every port")
    args: dict[str, Any] = {"egress": settings.egress, "outbound_ports": list(ports)}
    if settings.existing_vpc:
        args["vpc_id"] = ""
    for problem in outbound_problems(cast(FlaskAppArgs, args)):
        return failed(NAME, Finding(Cause.OUTBOUND_PORT, problem.reason, "add it to the setting outboundPorts"))
    listed = ", ".join(map(str, ports))
    return passed(NAME, f"image, secrets, logs and the database are reachable; other hosts only on {listed}")
