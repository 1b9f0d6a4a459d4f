"""Secrets Manager and KMS: the app's secret, the key that signs its sessions, and customer managed keys.

Imports `ecs` for the roles of tasks; every component above may import it.
"""
