"""Files of variables, one `NAME=value` a line."""

import re
from pathlib import Path

from ..reading.source import Place, Value, read_text
from .draft import Draft

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def read_env_file(draft: Draft, folder: Path, named: Value) -> None:
    """Read the variables of a file in a folder. A file that is not there is reported."""
    path = folder / named.text()
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        draft.lose(named, "the file is not here; set its variables in env and secretValues.")
        return
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if match := _LINE.fullmatch(line):
            text = match[2]
            if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
                text = text[1:-1]
            draft.set_variable(match[1], Value(text, Place(str(path), number), match[1]))
