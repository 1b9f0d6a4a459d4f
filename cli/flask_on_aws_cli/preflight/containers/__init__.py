"""Runs the app in a container of this machine's Docker engine, with its database in another.

Imports `probes`, and `processes` for what both need; `run.py` imports it.
"""
