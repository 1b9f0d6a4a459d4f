"""Sentences in the names of settings, as users write them. Pure, without Pulumi's SDK: the local AWS imports it too."""

import re
from collections.abc import Iterable, Mapping

from ..naming import camel_case

# A quoted value, which stays as written; a name in backticks; a word. An apostrophe within a word is not a quote.
_QUOTED = r"(?<!\w)'(?:[^'\\]|\\.)*'|(?<!\w)\"(?:[^\"\\]|\\.)*\""
_TOKEN = re.compile(rf"{_QUOTED}|`\w+`|\b\w+\b")


def in_settings_names(sentence: str, arguments: Iterable[str]) -> str:
    """A sentence about arguments as one about the settings of these names, with true and false as YAML writes them."""
    words = {"True": "true", "False": "false"}
    for name in arguments:
        words |= {f"`{name}`": f"`{camel_case(name)}`"} | ({name: camel_case(name)} if "_" in name else {})
    return replace_words(sentence, words)


def replace_words(sentence: str, words: Mapping[str, str]) -> str:
    """A sentence with these words replaced, but for those in quotes."""
    return _TOKEN.sub(lambda match: words.get(match[0], match[0]), sentence)
