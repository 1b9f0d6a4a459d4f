"""Measures how long an update takes after its release is healthy, as a ratio to the AWS SDK's waiter.

    python benchmarks/release_time.py [releases]

Needs the environment of ./test. Each release is a real one on a local AWS: `up` replaces the task of a small app. One
thread polls the health of the new task five times per second, and another runs boto3's waiter for stable services,
which polls every 15 seconds
(https://docs.aws.amazon.com/boto3/latest/reference/services/ecs/waiter/ServicesStable.html).
"""

import platform
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.local.test_releases import Local, deployed  # noqa: E402

RELEASES = 9  # odd, so that the median is one of them
POLL_SECONDS = 0.2


class Times(NamedTuple):
    """Seconds after the new task was healthy."""

    up: float
    waiter: float


class Watch:
    """Records when a new deployment is healthy, and when the waiter reports it as stable."""

    def __init__(self, local: Local) -> None:
        self._ecs, self._elb = local.client("ecs"), local.client("elbv2")
        service = local.service()
        self._names = {"cluster": service["clusterArn"], "services": [service["serviceName"]]}
        self._group = service["loadBalancers"][0]["targetGroupArn"]
        self._old = service["deployments"][0]["id"]
        self._targets = self._healthy()
        self.healthy_at = self.stable_at = 0.0
        self._threads = [threading.Thread(target=target) for target in (self._poll, self._wait)]
        self._began = threading.Event()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _healthy(self) -> set[tuple[str, int]]:
        descriptions = self._elb.describe_target_health(TargetGroupArn=self._group)["TargetHealthDescriptions"]
        healthy = [item["Target"] for item in descriptions if item["TargetHealth"]["State"] == "healthy"]
        return {(target["Id"], target["Port"]) for target in healthy}

    def _poll(self) -> None:
        while self._primary()["id"] == self._old:
            time.sleep(POLL_SECONDS)
        self._began.set()
        while not self._healthy() - self._targets:
            time.sleep(POLL_SECONDS)
        self.healthy_at = time.monotonic()

    def _wait(self) -> None:
        self._began.wait()
        self._ecs.get_waiter("services_stable").wait(**self._names)
        self.stable_at = time.monotonic()

    def _primary(self) -> dict[str, Any]:
        return self._ecs.describe_services(**self._names)["services"][0]["deployments"][0]


def release(local: Local, number: int) -> Times:
    """Deploy one release and return its times."""
    watch = Watch(local)
    local.configure(env={"SHOWN": str(number)})
    local.up()
    ended = time.monotonic()
    watch.join()
    return Times(ended - watch.healthy_at, watch.stable_at - watch.healthy_at)


def main() -> None:
    """Print the medians and their ratio."""
    releases = int(sys.argv[1]) if len(sys.argv) > 1 else RELEASES
    with tempfile.TemporaryDirectory() as folder, deployed(Path(folder) / "project") as local:
        times = [release(local, number) for number in range(releases)]
    print(f"{platform.platform()}, Python {platform.python_version()}, {releases} releases")
    for name in Times._fields:
        seconds = sorted(getattr(release_times, name) for release_times in times)
        median = statistics.median(seconds)
        print(f"{name:<6} {median:.1f} s after the task was healthy ({seconds[0]:.1f} to {seconds[-1]:.1f})")
    print(f"ratio {statistics.median(item.up / item.waiter for item in times):.2f} (goal: `up` at most 10 s)")


if __name__ == "__main__":
    main()
