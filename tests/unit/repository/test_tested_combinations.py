"""docs/tested-combinations.md is what the tests run: each test that it names exists, with the cells' parameters."""

import os
import re

from tests.apps.combinations import COMBINATIONS
from tests.tested_combinations import DATABASE_TESTS, FRAMEWORK_TESTS, PAGE, functions, page, parameter_tables


def test_the_page_is_what_the_tests_run() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), f"UPDATE_GOLDEN=1 ./test {__file__} updates the page"


def test_each_test_of_a_column_exists() -> None:
    for test in (*FRAMEWORK_TESTS, *DATABASE_TESTS):
        file, _, name = test.node.partition("::")
        assert name in functions(file), test


def test_each_cell_is_a_parameter_of_its_column_s_test() -> None:
    rows = [line.strip("| ").split(" | ") for line in page().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if f"{row[0]}-{row[1]}".replace(" ", "-") in COMBINATIONS]
    assert len(rows) == len(COMBINATIONS)
    for row in rows:
        for (node, table), cell in zip(parameter_tables().items(), row[2:], strict=True):
            parameter = re.search(r"`(.+)`", cell)
            assert parameter, row
            assert parameter[1] in table, (node, row)
