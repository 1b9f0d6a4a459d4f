"""The comment in the documentation is the review of a commit of this repository, as it is made now."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docs/review_example.py"


def test_the_comment_on_the_page_is_what_the_review_says_now():
    spec = importlib.util.spec_from_file_location("review_example", SCRIPT)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    if not example.has_history():
        pytest.skip(f"this clone does not have the commit {example.COMMIT}")
    text = example.page(example.comment())
    assert text == example.PAGE.read_text(), "python docs/review_example.py"
