"""Runs a PostgreSQL server as processes on this machine: its programs and roles.

Imports `server_process`, `local_project` and `shared`; preflight and the local AWS may import it.
"""
