"""Runs a server of MongoDB's protocol as a process on this machine, in place of DocumentDB: mongod, or FerretDB.

Imports `server_process`, `local_project` and `shared`; preflight and the local AWS may import it.
"""
