"""A PostgreSQL server as processes of this machine: its programs, its system account, its roles.

Imports `local_project` and `shared`; preflight and the local AWS may import it.
"""
