"""A task: its containers, secrets, credentials, logs and resource usage.

Imports `task_model`, `api` and the scheduler's `model`; the scheduler and the data plane import this package.
"""
