"""Database instances and clusters, and their subnet and parameter groups.

Imports `base.py`; the table in `providers` imports it.
"""
