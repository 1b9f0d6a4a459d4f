"""The table of what AWS makes is about this stack, all of it."""

import re
from pathlib import Path

from flask_on_aws.made_by_aws import MADE_BY_AWS, NOTHING

import settings

ROOT = Path(__file__).parents[3]


def registered():
    """The types of all resources in all variants of the app, apart from components."""
    lines = [
        line for file in (ROOT / "tests" / "golden").glob("resources-*.txt") for line in file.read_text().split("\n")
    ]
    return {line.split()[0] for line in lines if line and not line.startswith("flask-on-aws:")}


def test_every_type_of_the_stack_is_judged_once():
    making = {made.by for made in MADE_BY_AWS}
    assert making & set(NOTHING) == set()
    missing = registered() - making - set(NOTHING)
    assert not missing, f"Add {sorted(missing)} to MADE_BY_AWS or NOTHING in made_by_aws.py."
    assert making | set(NOTHING) == registered()


def test_every_row_says_what_is_left():
    for made in MADE_BY_AWS:
        assert re.match(r"(stays?|kept|deleted)\b", made.after), made
        if made.after.startswith("stay") and "inactive" not in made.after and "free" not in made.after:
            assert "aws " in made.after or "region" in made.after, made  # how to delete it
        if made.when:
            setting = made.when.split("`")[1].split(":")[0]
            assert setting in settings.NAMES, made
