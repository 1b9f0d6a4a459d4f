"""The same checks for people, programs, and continuous integration."""

import json
from xml.etree import ElementTree

from flask_on_aws_cli.preflight.check import Cause, Finding, any_failed, failed, not_checked, passed, warned
from flask_on_aws_cli.preflight.reports.json_report import as_json
from flask_on_aws_cli.preflight.reports.junit_report import as_junit
from flask_on_aws_cli.preflight.reports.text_report import check_text, summary
from hypothesis import given
from hypothesis import strategies as st

FINDING = Finding(
    Cause.WRONG_INTERFACE,
    "listens on 127.0.0.1:5000, must be 0.0.0.0:$PORT (here 8080)",
    "add --bind 0.0.0.0:$PORT to the start command",
    ("Listening at: http://127.0.0.1:5000 (7)",),
)
CHECKS = [passed("starts", "runs", 1.5), failed("listens", FINDING), not_checked("health", "it does not listen")]


def test_people_read_cause_lines_and_fix():
    assert check_text(CHECKS[0]) == "ok       starts             runs"
    assert check_text(CHECKS[1]).splitlines() == [
        "FAILED   listens            wrong interface: listens on 127.0.0.1:5000, must be 0.0.0.0:$PORT (here 8080)",
        "           | Listening at: http://127.0.0.1:5000 (7)",
        "           → add --bind 0.0.0.0:$PORT to the start command",
    ]
    assert check_text(CHECKS[2]) == "-        health             not checked: it does not listen"
    assert summary(CHECKS) == "1 passed, 1 failed, 1 not checked"


def test_programs_read_the_same():
    told = json.loads(as_json(CHECKS, "../shop", "process"))
    assert (told["app"], told["ran_as"], told["passed"]) == ("../shop", "process", False)
    assert told["checks"][1]["cause"] == "wrong interface"
    assert [one["text"] for one in told["checks"]] == [check_text(one) for one in CHECKS]
    assert told["checks"][1]["evidence"] == ["Listening at: http://127.0.0.1:5000 (7)"]
    assert [one["status"] for one in told["checks"]] == ["passed", "failed", "not checked"]


def test_continuous_integration_reads_junit():
    suite = ElementTree.fromstring(as_junit(CHECKS, "shop"))[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped", "time")} == {
        "tests": "3",
        "failures": "1",
        "skipped": "1",
        "time": "1.500",
    }
    starts, listens, health = suite
    assert len(starts) == 0
    assert listens[0].get("type") == "wrong interface"
    assert "Listening at" in listens[0].text
    assert "fix: add --bind" in listens[0].text
    assert health[0].get("message") == "it does not listen"


def test_a_warning_is_shown_and_fails_nothing():
    stops = warned("stops", Finding(Cause.FAILS_ON_SIGTERM, "stopped, not cleanly", "add --die-on-term", ("bye",)))
    assert check_text(stops).splitlines() == [
        "WARNING  stops              exits non-zero on SIGTERM: stopped, not cleanly",
        "           | bye",
        "           → add --die-on-term",
    ]
    assert summary([*CHECKS, stops]) == "1 passed, 1 warning, 1 failed, 1 not checked"
    assert not any_failed([stops])
    report = json.loads(as_json([stops], "../shop", "process"))
    assert (report["passed"], report["checks"][0]["status"]) == (True, "warning")
    suite = ElementTree.fromstring(as_junit([stops], "shop"))[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")
    assert "add --die-on-term" in suite[0][0].text


@given(st.text())
def test_any_output_becomes_xml(text):
    finding = Finding(Cause.CRASHED, text, text, (text,))
    ElementTree.fromstring(as_junit([failed("starts", finding), not_checked("x", text)], text))
