"""Settings are added to the text of a stack's file; everything that is there stays."""

import pytest
import yaml
from flask_on_aws_cli.importers.reading.source import InputError
from flask_on_aws_cli.importers.stacks.stack_file import read_stack_file, with_settings
from hypothesis import given, settings
from hypothesis import strategies as st

ADDED = {"port": 8000, "env.B": "two", "workers.mail": "python -m mail", "compat": ["upsun"]}
BEFORE = {
    "nothing": ("", {}),
    "comments only": ("# Ours.\n", {}),
    "no config": ("encryptionsalt: v1:a\n", {}),
    "an empty config": ("config:\nencryptionsalt: v1:a\n", {}),
    "an empty flow mapping": ("config: {}\nencryptionsalt: v1:a\n", {}),
    "an empty flow mapping of the object": ("config:\n  shop:env: {}\n", {"env": {}}),
    "a flow mapping": ("config:\n  shop:env: {A: one, }  # ours\n  aws:region: x\n", {"env": {"A": "one"}}),
    "a block": ("config:\n  shop:env:\n    A: one  # ours\n\n  # region\n  aws:region: x\n", {"env": {"A": "one"}}),
    "a block scalar": (
        "config:\n    shop:env:\n        A: |\n            one\n            two\n",
        {"env": {"A": "one\ntwo\n"}},
    ),
    "a block scalar that is the last value": ("config:\n  shop:startCommand: |\n    one\n    two\n", {}),
    "no newline at the end": ("config:\n  shop:env:\n    A: one", {"env": {"A": "one"}}),
    "config in the middle": ("config:\n  shop:env:\n    A: one\nencryptionsalt: v1:a\n", {"env": {"A": "one"}}),
    "Windows line ends": ("config:\r\n  shop:env:\r\n    A: one\r\n", {"env": {"A": "one"}}),
}


def written(tmp_path, text, values):
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_bytes(text.encode())
    return with_settings(read_stack_file(path, "shop"), values)


@pytest.mark.parametrize("name", BEFORE)
def test_what_is_there_stays(tmp_path, name):
    text, existing = BEFORE[name]
    after = written(tmp_path, text, ADDED)
    old, new = yaml.safe_load(text) or {}, yaml.safe_load(after)
    expected = {**(old.get("config") or {}), "shop:port": 8000, "shop:workers": {"mail": "python -m mail"}}
    expected |= {"shop:compat": ["upsun"], "shop:env": {**existing.get("env", {}), "B": "two"}}
    assert new["config"] == expected
    assert {key: value for key, value in new.items() if key != "config"} == {
        key: value for key, value in old.items() if key != "config"
    }
    for comment in ("# Ours.", "# ours", "# region"):
        assert text.count(comment) == after.count(comment)


def test_nothing_to_add_changes_nothing(tmp_path):
    for text, _ in BEFORE.values():
        assert written(tmp_path, text.replace("\r", ""), {}) == text.replace("\r", "")


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\x85\u2028\u2029\ufeff"), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(values=st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4), command=TEXTS)
def test_any_text_is_read_as_it_was(tmp_path_factory, values, command):
    folder = tmp_path_factory.mktemp("stack")
    added = {"startCommand": command, **{f"env.{name}": value for name, value in values.items()}}
    config = yaml.safe_load(written(folder, "config:\n  shop:env:\n    A: one\n", added))["config"]
    assert config["shop:startCommand"] == command
    assert {**config["shop:env"]} == {"A": "one", **values}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("config: {a: b}\n", ":1: config must be a mapping in block style"),
        ("config:\n  shop:port:\n", ":2: port has no value; set one, or remove the line"),
        ("config:\n  shop:env: ~\n", ":2: env has no value; set one, or remove the line"),
        ("config:\n  shop:env: text\n", ":2: env must be an object"),
        ("- a\n", ":1: is not a stack's file"),
        ("config:\n  a: [\n", ":3: is not valid YAML"),
    ],
)
def test_a_file_that_cannot_get_settings(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence):
        written(tmp_path, text, ADDED)
