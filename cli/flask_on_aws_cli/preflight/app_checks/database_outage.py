"""Whether the health check needs the database: then a restart of the database replaces every task. Pure."""

from ..check import Cause, Check, Finding, passed, warned
from ..running import Answer

NAME = "database outage"


def judge_outage(path: str, answer: Answer) -> Check:
    """The check of the response to the health check while the database does not answer.

    Args:
        path: the path of the health check.
        answer: the response; without a status if there was none in time.
    """
    if answer.status == 200:
        return passed(NAME, f"{path} answers 200 while the database does not answer")
    what = f"answers {answer.status}" if answer.status else "does not answer in time"
    finding = Finding(
        Cause.HEALTH_NEEDS_DATABASE,
        f"{path} {what} while the database does not answer: during a restart or failover of the database, the load "
        "balancer takes every task for broken, and ECS replaces them all",
        f"answer {path} without a query, or add a view /up that makes none and set healthCheckPath to it",
    )
    return warned(NAME, finding)
