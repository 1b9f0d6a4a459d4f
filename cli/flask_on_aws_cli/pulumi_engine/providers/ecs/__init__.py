"""Clusters, task definitions, services and their scaling.

Imports `base.py`; the table in `providers` imports it.
"""
