"""Results as JUnit XML, which continuous integration shows next to the tests. Pure functions."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from ..check import Check, Status
from .text_report import check_text

# Characters that XML 1.0 does not allow, but a program's output may contain.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(checks: Sequence[Check], app: str) -> str:
    """One test case for each check: one that was not made is skipped, and a warning passes, with its text as output."""
    counts = {status: str(sum(check.status is status for check in checks)) for status in Status}
    total = f"{sum(check.seconds for check in checks):.3f}"
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name="preflight",
        tests=str(len(checks)),
        failures=counts[Status.FAILED],
        skipped=counts[Status.NOT_CHECKED],
        errors="0",
        time=total,
    )
    for check in checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(f"preflight.{app}"), name=check.name, time=f"{check.seconds:.3f}"
        )
        if check.status is Status.NOT_CHECKED:
            ElementTree.SubElement(case, "skipped", message=_clean(check.message))
        if check.status is Status.FAILED:
            attributes = {"type": str(check.cause), "message": _clean(check.message)}
            failure = ElementTree.SubElement(case, "failure", attributes)
            failure.text = _clean("\n".join((*check.evidence, f"fix: {check.fix}")))
        if check.status is Status.WARNING:
            ElementTree.SubElement(case, "system-out").text = _clean(check_text(check))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
