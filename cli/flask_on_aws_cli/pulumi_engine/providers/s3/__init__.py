"""Buckets and their settings.

Imports `base.py`; the table in `providers` imports it.
"""
