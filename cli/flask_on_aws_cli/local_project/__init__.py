"""Finds and controls a project's local AWS: its folder, ports, access key and daemon.

Imports only `shared` from this package; all other folders may import it.
"""
