"""One task: its containers, secrets, credentials, logs and use of the machine.

Imports `task_model` and `api`; the scheduler imports it.
"""
