"""Runs a Valkey or Redis server with TLS as a process on this machine.

Imports `local_project` and `shared`; preflight and the local AWS may import it.
"""
