"""Who may call the endpoint: signatures, access keys, and which origins a browser's request may come from.

Imports `local_project`; `api` imports it.
"""
