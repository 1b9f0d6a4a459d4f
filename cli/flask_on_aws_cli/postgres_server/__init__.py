"""Runs a PostgreSQL server as processes on this machine: its programs, system account and roles.

Imports `local_project` and `shared`; preflight and the local AWS may import it.
"""
