"""The app tried as processes of this machine, with its database beside it.

Imports `probes`; `containers` and `run.py` import it.
"""
