"""Runs SQL Server in a container of this machine's Docker engine, if the engine has Microsoft's image.

Imports `server_process`, `shared` and `local_project`; `local_aws` and `preflight` may import it.
"""
