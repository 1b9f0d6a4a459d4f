"""The file of `--usage`: what it can set, and one sentence for each mistake."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from flask_on_aws_cli.review.cost.usage import KEYS, Usage, read_usage
from flask_on_aws_cli.review.inputs.errors import ReviewError

DOCUMENTATION = Path(__file__).parents[4] / "docs" / "review.md"


@pytest.fixture
def read(tmp_path):
    def run(text):
        (tmp_path / "usage.yaml").write_text(text)
        return read_usage(tmp_path / "usage.yaml")

    return run


def test_figures_are_exact_and_can_be_those_of_one_resource(read):
    usage = read(
        "natGb: 0.1\ntasks: max\nresources:\n  mail:\n    tasks: 3\nprices:\n  nat_hour: 0.045\nfreeTier: true\n"
    )
    assert (usage.number("natGb"), usage.get("tasks"), usage.get("tasks", "mail")) == (
        Decimal("0.1"),
        "max",
        Decimal(3),
    )
    assert usage.between("tasks", "web", Decimal(1), Decimal(4)) == 4
    assert usage.between("tasks", "mail", Decimal(1), Decimal(2)) == 2
    assert (usage.prices, usage.free_tier) == ({"nat_hour": Decimal("0.045")}, True)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_sets_nothing(read, text):
    assert read(text) == Usage()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("natGB: 3", "--usage: natGB is not a figure; use one of hours, "),
        ("natGb: -1", "--usage: natGb: -1 is not valid; use a number that is not negative."),
        ("natGb: many", "--usage: natGb: 'many' is not valid; use a number that is not negative."),
        ("natGb: .inf", "--usage: natGb: inf is not valid"),
        ("natGb: .nan", "--usage: natGb: nan is not valid"),
        ("natGb: 1.0e+30", "--usage: natGb: 1e+30 is not valid"),
        ("natGb: true", "--usage: natGb: True is not valid"),
        ("natGb: [1]", "--usage: natGb: [1] is not valid"),
        ("natGb:", "--usage: natGb: None is not valid"),
        ("natGb: max", "--usage: natGb: 'max' is not valid"),
        ("tasks: most", "--usage: tasks: 'most' is not valid; use a number that is not negative, min or max."),
        ("hours: 800", "--usage: hours: 800 is more than a month has; use a number up to 744."),
        ("freeTier: 1", "--usage: freeTier: 1 is not valid; use true or false, for the whole stack."),
        ("resources:\n  a:\n    freeTier: true", "--usage: resources.a.freeTier: True is not valid"),
        ("resources:\n  a:\n    x: 1", "--usage: resources.a.x is not a figure"),
        ("resources: 3", "--usage: resources: 3 is not a mapping; use logical names with figures."),
        ("resources:\n  a: 3", "--usage: resources.a: 3 is not a mapping; use figures."),
        ("prices: [a]", "--usage: prices: ['a'] is not a mapping; use items with prices in USD."),
        ("prices:\n  nat_hour: free", "--usage: prices.nat_hour: 'free' is not valid"),
        ("- natGb", "is not a mapping; use keys with figures, such as natGb: 100."),
        ("a: [", "is not YAML: "),
    ],
)
def test_a_mistake_gets_one_sentence(read, text, part):
    with pytest.raises(ReviewError) as error:
        read(text)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ReviewError, match=r"--usage: .*missing\.yaml cannot be read: No such file or directory\."):
        read_usage(tmp_path / "missing.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReviewError, match="is not YAML"):
        read_usage(tmp_path / "binary")


def test_the_documentation_has_every_figure_and_an_example_that_works(read):
    page = DOCUMENTATION.read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \| (\S+) \| (.*) \|$", page, re.MULTILINE)[: len(KEYS)] == [
        (name, str(key.default), key.meaning) for name, key in KEYS.items()
    ]
    example = re.search(r"```yaml\n# usage.yaml\n(.*?)```", page, re.DOTALL)[1]
    assert read(example).get("tasks", "app-mail") == "max"


def test_every_figure_has_a_meaning_and_no_traffic_by_default():
    others = {"hours": Decimal(730), "freeTier": "false"}
    for name, key in KEYS.items():
        assert key.meaning, name
        assert key.default == others.get(name, "min" if key.is_range else 0), name
