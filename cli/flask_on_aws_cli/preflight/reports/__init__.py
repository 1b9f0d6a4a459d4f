"""What the checks found: as text, as JSON, and as JUnit's XML.

Imports `check.py`; the command imports it.
"""
