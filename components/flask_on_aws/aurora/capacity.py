"""The capacity of an Aurora cluster in Aurora capacity units (ACUs), of 2 GiB of memory each: checks and connection limits."""

from collections.abc import Iterator

from ..database.engines import ClusterProfile
from ..validation.problems import Problem

GIB_PER_UNIT = 2
"""Memory of a capacity unit, in GiB."""
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
LEAST_MAXIMUM, MOST = 1, 256
SHORTEST_IDLE_SECONDS, LONGEST_IDLE_SECONDS = 300, 86_400
DEFAULT_IDLE_SECONDS = SHORTEST_IDLE_SECONDS
# Performance Insights takes so much memory that AWS advises against it below this minimum:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
LEAST_FOR_INSIGHTS = 2
_STEPS_PER_UNIT = 2
_LOW_MINIMUM = 0.5


def capacity_problems(minimum: float, maximum: float, version: str, profile: ClusterProfile) -> Iterator[Problem]:
    """Limits that Aurora accepts; `version` is valid."""
    wrong = list(_unit_problems("min_capacity", minimum, 0))
    wrong += _unit_problems("max_capacity", maximum, LEAST_MAXIMUM)
    yield from wrong
    if not wrong and maximum < minimum:
        yield Problem(
            "max_capacity", f"{maximum:g} is less than min_capacity, {minimum:g}; raise one or lower the other."
        )
    if minimum == 0 and not wrong and not profile.can_pause(version):
        first = profile.pauses_from[profile.major(version)]
        yield Problem(
            "min_capacity",
            f"0 pauses an idle cluster, which {profile.title} {version} cannot; use 0.5, or engine_version {first} or newer.",
        )


def _unit_problems(argument: str, value: float, least: float) -> Iterator[Problem]:
    if isinstance(value, bool) or not least <= value <= MOST or value * _STEPS_PER_UNIT % 1:
        yield Problem(
            argument, f"{value!r} must be from {least} to {MOST} Aurora capacity units in half steps, like 0.5 or 8."
        )


def idle_problems(seconds: int, minimum: float) -> Iterator[Problem]:
    """Seconds without a connection after which a cluster pauses; a cluster with a minimum above 0 never does."""
    whole = isinstance(seconds, int) and not isinstance(seconds, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not whole or not SHORTEST_IDLE_SECONDS <= seconds <= LONGEST_IDLE_SECONDS:
        limits = f"from {SHORTEST_IDLE_SECONDS} to {LONGEST_IDLE_SECONDS} seconds"
        yield Problem("auto_pause_seconds", f"{seconds!r} must be a whole number {limits}.")
    elif minimum != 0 and seconds != DEFAULT_IDLE_SECONDS:
        yield Problem(
            "auto_pause_seconds",
            f"{seconds} has no effect with min_capacity {minimum:g}: only a cluster with min_capacity 0 pauses. "
            "Set that to 0, or leave this out.",
        )


def max_connections(minimum: float, maximum: float, profile: ClusterProfile) -> int:
    """Aurora's default of max_connections, which depends on the maximum; interpolated between the published values."""
    points = sorted(profile.connections.items())
    below = max((point for point in points if point[0] <= maximum), default=points[0])
    above = min((point for point in points if point[0] >= maximum), default=points[-1])
    share = (maximum - below[0]) / (above[0] - below[0]) if above[0] > below[0] else 0
    connections = int(below[1] + share * (above[1] - below[1]))
    limit = profile.most_connections_at_low_minimum
    return min(connections, limit) if limit and minimum <= _LOW_MINIMUM else connections
