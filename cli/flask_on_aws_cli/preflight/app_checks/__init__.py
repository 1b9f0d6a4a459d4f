"""The checks of an app that runs: its start, its health, its pages, its connections, its stop.

Imports `diagnosis`; `examine.py` imports it.
"""
