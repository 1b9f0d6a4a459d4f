"""The results of the checks: as text, as JSON, and as JUnit XML.

Imports `check.py`; the command imports it.
"""
