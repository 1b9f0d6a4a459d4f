"""Runs the app in a container of this machine's Docker engine, with its database in another container.

Imports `probes`, and `processes` for what both share; `run.py` imports it.
"""
