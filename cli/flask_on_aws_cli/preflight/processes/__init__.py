"""Runs the app as processes of this machine, with its database in another process.

Imports `probes`; `containers` and `run.py` import it.
"""
