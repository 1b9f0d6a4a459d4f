"""Session Manager of the local AWS: an SSM agent that runs commands in tasks and forwards ports.

Imports `session_manager`; the daemon imports it.
"""
