"""From what an app printed, and how it ended, to the cause.

Imports `check.py` and `output.py`; `examine.py` and the app's checks import it.
"""
