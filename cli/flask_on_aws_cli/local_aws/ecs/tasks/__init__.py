"""One task: its containers, secrets, credentials, logs and use of the machine.

Imports `task_model`, `api` and the scheduler's model; the scheduler and the data plane import it.
"""
