"""Runs a Valkey or Redis server with TLS as a process on this machine.

Imports `server_process`, `local_project` and `shared`; preflight and the local AWS may import it.
"""
