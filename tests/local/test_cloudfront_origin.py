"""An app moves from a public load balancer to an internal one, and no request fails where CloudFront sends any."""

import time
from collections.abc import Callable

import httpx
import pytest
from flask_on_aws_cli.local_project import daemon_control

from .load import Load
from .project import Local, opened

# How often CloudFront tries to connect before it answers 502: its default.
# AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html#origin-connection-attempts
ATTEMPTS = 3


def answers(local: Local, kind: str) -> Callable[[], int]:
    """A request to the load balancer of a kind, `public` or `internal`, as CloudFront makes it."""
    name = {"public": "/app-alb-", "internal": "/app-ilb-"}[kind]

    def ask() -> int:
        for attempt in range(ATTEMPTS):
            told = daemon_control.status(local.place) or {}
            ports = [port for key, port in told["ports"].items() if name in key]
            try:
                return httpx.get(f"https://localhost:{ports[0]}/up", verify=local.trust, timeout=10).status_code
            except httpx.ConnectError:
                if attempt == ATTEMPTS - 1:
                    raise
                time.sleep(1)
        raise AssertionError

    return ask


@pytest.mark.slow
def test_no_request_fails_in_any_step_of_the_move(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("moving") / "program", cloudfrontOrigin="public") as local:
        local.up()
        steps = (("public-with-vpc", ["public"]), ("vpc-with-public", ["public", "internal"]), ("vpc", ["internal"]))
        for setting, used in steps:
            local.configure(cloudfrontOrigin=setting)
            # While the distribution is deployed, some of CloudFront's locations use the old origin, others the new.
            loads = [Load(answers(local, kind)) for kind in used]
            for load in loads:
                load.__enter__()
            local.up()
            for load in loads:
                load.__exit__()
                load.check(at_least=10)
        names = [lb["LoadBalancerName"] for lb in local.client("elbv2").describe_load_balancers()["LoadBalancers"]]
        assert [name[:8] for name in names] == ["app-ilb-"]
        assert local.get("/up") == (200, "up\n")  # the address stays


@pytest.mark.slow
def test_a_step_that_is_skipped_is_refused_before_anything_changes(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("skipping") / "program", cloudfrontOrigin="public") as local:
        local.up()
        local.configure()
        assert "'public' to keep it" in local.run("up", fails=True)
        assert local.get("/up") == (200, "up\n")
