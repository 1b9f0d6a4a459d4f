"""The app tried as a container of this machine's Docker engine, with its database beside it.

Imports `probes`, and `processes` for what both need; `run.py` imports it.
"""
