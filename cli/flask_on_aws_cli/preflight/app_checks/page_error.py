"""Judges a page that answers 5xx, or not at all, by the cause that the app's log shows. Pure functions."""

from ..check import Cause, Check, Finding, failed, not_checked, warned
from ..diagnosis.decisive import is_decisive
from ..diagnosis.diagnosis import diagnose
from ..output import Output, search
from ..running import Answer
from .health import shown

# What an app prints if it cannot reach a service other than its database: a preflight has no such service.
_OUTSIDE = (
    r"\bbotocore\.exceptions\.\w+",
    r"(?i)unable to locate credentials|could not connect to the endpoint url|nosuchbucket",
    r"\b(redis|valkey|kombu|amqp|pika|elasticsearch|opensearchpy|pymongo|smtplib|stripe)\.[\w.]*(Error|Exception|Timeout)\b",
    r"\b(requests|httpx|urllib3|aiohttp)\.[\w.]*(Connect|Timeout|MaxRetry)\w*",
    r"\b(socket\.gaierror|urllib\.error\.URLError|ConnectionRefusedError)\b",
)


def judge_page_error(name: str, path: str, answer: Answer, during: Output) -> Check:
    """The check of a page that did not answer well.

    A cause that is the app's own is a failure, a service that a preflight lacks is not checked, another is a warning.

    Args:
        name: the check's name.
        path: the page.
        answer: its response.
        during: the app's output while it was requested.
    """
    sentence = f"{path} answers {answer.status}" if answer.status else f"{path} does not answer ({answer.error})"
    outside = search(during, *_OUTSIDE, where=is_decisive)
    is_own = outside is not None and "pymongo" in outside[1][-1] and during.context.database_scheme == "mongodb"
    if outside and not is_own:
        return not_checked(name, f"{sentence}, since it needs what does not exist here: {outside[1][-1].strip()}")
    finding = diagnose(during)
    if finding and finding.cause is Cause.DATABASE and during.context.no_database:
        return not_checked(name, f"{sentence} without a database: {during.context.no_database}")
    if finding:
        return failed(name, Finding(finding.cause, f"{sentence}: {finding.sentence}", finding.fix, finding.evidence))
    unknown = Finding(
        Cause.ANSWERS_5XX if answer.status else Cause.NO_ANSWER,
        sentence,
        "correct what its last log lines name, unless it is a service or a secret that only the stack has",
        (*(shown(answer) if answer.status else ()), *during.last()),
    )
    return warned(name, unknown)
