"""Task definitions as plain values, and how their containers run as processes on this machine.

Imports `build` and `local_project`; preflight and the local AWS may import it.
"""
