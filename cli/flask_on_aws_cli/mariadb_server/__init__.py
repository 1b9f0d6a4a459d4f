"""Runs a MariaDB server as processes on this machine, for MariaDB and, in its place, for MySQL.

Imports `postgres_server` (the servers' system account), `local_project` and `shared`; preflight and the local AWS may
import it.
"""
