"""Finds the cause of a failure from an app's output and exit code.

Imports `check.py` and `output.py`; `examine.py` and the app's checks import it.
"""
