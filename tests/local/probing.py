"""Target groups with real health checks, for tests of the services behind them."""

import http.client
import threading
import time

from flask_on_aws_cli.local_aws.parts import TargetHealth
from flask_on_aws_cli.local_project.location import Target

INTERVAL = 0.25  # seconds between probes, so that tests are short
UNHEALTHY_THRESHOLD = 2  # consecutive failed probes


class ProbingTargets:
    """Probes targets with HTTP on /up; one 200 makes a target healthy, two failures in a row make it unhealthy."""

    def __init__(self) -> None:
        self._health: dict[tuple[str, Target], TargetHealth] = {}
        self._calls: list[tuple[str, str, Target]] = []

    def register(self, target_group_arn: str, target: Target) -> None:
        self._calls.append((target_group_arn, "register", target))
        self._health[target_group_arn, target] = TargetHealth("initial", "Elb.RegistrationInProgress")
        threading.Thread(target=self._probe, args=((target_group_arn, target),), daemon=True).start()

    def deregister(self, target_group_arn: str, target: Target) -> None:
        self._calls.append((target_group_arn, "deregister", target))
        self._health.pop((target_group_arn, target), None)

    def calls(self, target_group_arn: str) -> list[tuple[str, Target]]:
        """The registrations and deregistrations in a group, in order."""
        return [(call, target) for group, call, target in self._calls if group == target_group_arn]

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        return self._health.get((target_group_arn, target), TargetHealth("unused", "Target.NotRegistered"))

    def _probe(self, key: tuple[str, Target]) -> None:
        failures = 0
        while key in self._health:
            status = probe(key[1])
            failures = 0 if status == 200 else failures + 1
            if status == 200:
                health = TargetHealth("healthy")
            elif failures >= UNHEALTHY_THRESHOLD:
                description = f"Health checks failed with these codes: [{status}]" if status else "Health checks failed"
                health = TargetHealth(
                    "unhealthy", "Target.ResponseCodeMismatch" if status else "Target.Timeout", description
                )
            else:
                health = self._health.get(key, TargetHealth("initial"))
            if key in self._health:
                self._health[key] = health
            time.sleep(INTERVAL)


def probe(target: Target, path: str = "/up") -> int | None:
    """The status of the response; None without a response."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
