"""Imports the generator of the reference pages, which is a script in docs/ and not in a package."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("generate", Path(__file__).parents[1] / "docs" / "generate.py")
generate = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(generate)
