"""The promises in the documentation: each has a test that exists, and a run reports those that it did not show."""

import ast
import re
from pathlib import Path

import pytest

from tests import run, scheduling
from tests.promises import FILE, not_shown, read_promises

ROOT = FILE.parents[1]


def section(title: str) -> list[str]:
    """The rows of a section's table."""
    text = FILE.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [line for line in text.splitlines() if line.startswith("| ")][1:]


def functions(file: str) -> set[str]:
    """The functions of a file, without the tests that only a nightly run has."""
    nodes = [node for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)]
    return {node.name for node in nodes if "pytest.mark.slow" not in map(ast.unparse, node.decorator_list)}


def test_every_row_has_a_test_of_a_run_of_all_tests() -> None:
    promises = read_promises()
    rows = [line for line in FILE.read_text().splitlines() if "::" in line]
    assert len(rows) == len(promises) > 150
    files = {test.partition("::")[0] for _, test in promises}
    known = {f"{file}::{name}" for file in files if (ROOT / file).is_file() for name in functions(file)}
    assert {test for _, test in promises if test.partition("[")[0] not in known} == set()


def test_no_promise_is_listed_twice_on_a_page() -> None:
    for page in FILE.read_text().split("\n## "):
        promises = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")]
        assert len(promises) == len(set(promises))


def test_what_aws_cannot_keep_is_its_own_limit_with_a_source() -> None:
    rows = section("Promises that AWS cannot keep")
    assert 0 < len(rows) <= 10
    assert [row for row in rows if not re.search(r"\]\(https://|not a service of AWS", row)] == []


def test_a_promise_is_shown_by_a_test_that_ran_and_was_not_skipped() -> None:
    tests = {test for _, test in read_promises()}
    with_parameters = {test if "[" in test else f"{test}[process]" for test in tests}
    assert not_shown(with_parameters, []) == []
    assert not_shown(tests, []) == []
    skipped = next(iter(with_parameters))
    assert {test for _, test in not_shown(with_parameters, [skipped])} == {skipped.removesuffix("[process]")}
    assert len(not_shown([], [])) == len(read_promises())


def test_a_whole_run_fails_where_every_promise_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    durations = tmp_path / "durations"
    for test in {test for _, test in read_promises()}:
        scheduling.record(durations, test, 1, skipped="test_docker" in test)
    monkeypatch.delenv(run.REQUIRE_PROMISES, raising=False)
    assert run.check_promises("all", durations) == 0
    scheduling.record(durations, (lost := read_promises()[0])[1], 1, skipped=True)
    assert run.check_promises("all", durations) == 0
    assert f"test: not shown: {lost[0]} ({lost[1]})" in capsys.readouterr().out
    monkeypatch.setenv(run.REQUIRE_PROMISES, "1")
    assert run.check_promises("all", durations) == 1
    assert run.check_promises("quick", durations) == 0
