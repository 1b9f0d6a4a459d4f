"""From what an app printed, and how it ended, to the cause.

Imports `check.py` and `output.py`; the app's checks import it.
"""
