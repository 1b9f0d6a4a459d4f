"""Tests of the migration from a public load balancer to an internal one, without a failed request from CloudFront."""

import time
from collections.abc import Callable

import httpx
import pytest
from flask_on_aws_cli.local_project import daemon_control

from .load import Load
from .project import Local, opened

# The default number of attempts to connect after which CloudFront responds with 502:
# AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html#origin-connection-attempts
ATTEMPTS = 3


def cloudfront_request(local: Local, kind: str) -> Callable[[], int]:
    """A function that sends a request to the `public` or `internal` load balancer, as CloudFront does."""
    name = {"public": "/app-alb-", "internal": "/app-ilb-"}[kind]

    def request() -> int:
        for attempt in range(ATTEMPTS):
            status = daemon_control.status(local.local_aws) or {}
            ports = [port for key, port in status["ports"].items() if name in key]
            try:
                return httpx.get(f"https://localhost:{ports[0]}/up", verify=local.trust, timeout=10).status_code
            except httpx.ConnectError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(1)
        raise AssertionError

    return request


@pytest.mark.slow
def test_no_request_fails_in_any_step_of_the_migration(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("moving") / "program", cloudfrontOrigin="public") as local:
        local.up()
        steps = (("public-with-vpc", ["public"]), ("vpc-with-public", ["public", "internal"]), ("vpc", ["internal"]))
        for setting, origins in steps:
            local.configure(cloudfrontOrigin=setting)
            # While the distribution is deployed, some of CloudFront's locations use the old origin, others the new.
            loads = [Load(cloudfront_request(local, kind)) for kind in origins]
            for load in loads:
                load.__enter__()
            local.up()
            for load in loads:
                load.__exit__()
                load.check(at_least=10)
        names = [lb["LoadBalancerName"] for lb in local.client("elbv2").describe_load_balancers()["LoadBalancers"]]
        assert [name[:8] for name in names] == ["app-ilb-"]
        assert local.get("/up") == (200, "up\n")  # the URL stays the same


@pytest.mark.slow
def test_skipping_a_step_is_rejected_before_anything_changes(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("skipping") / "program", cloudfrontOrigin="public") as local:
        local.up()
        local.configure()
        assert "'public' to keep it" in local.run("up", fails=True)
        assert local.get("/up") == (200, "up\n")
