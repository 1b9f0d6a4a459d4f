"""Runs a MariaDB server as processes on this machine, for MariaDB and, in its place, for MySQL.

Imports `server_process`, `local_project` and `shared`; preflight and the local AWS may import it.
"""
