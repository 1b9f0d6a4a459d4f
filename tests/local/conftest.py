"""Shared by the tests of the local AWS."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # what the tests here share
