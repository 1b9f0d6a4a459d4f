"""The checks of a running app: its start, its health, its pages, its connections, its shutdown.

Imports `diagnosis`; `examine.py` imports it.
"""
