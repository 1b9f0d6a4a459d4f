"""Who may call the endpoint: signatures, access keys, and where a browser's request comes from.

Imports `local_project`; `api` imports it.
"""
