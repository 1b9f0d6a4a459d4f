"""Reads a file by the end of its name."""

from pathlib import Path

from .source import Value, read_json, read_yaml
from .toml import read_toml


def read_file(path: Path) -> Value:
    """A YAML, JSON or TOML file.

    Raises:
        InputError: if it cannot be read.
    """
    readers = {".json": read_json, ".toml": read_toml}
    return readers.get(path.suffix, read_yaml)(path)
