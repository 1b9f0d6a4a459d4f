"""ECS's service scheduler and Application Auto Scaling: which tasks should run.

Imports `tasks` and `api`; the data plane imports it, and `tasks` its model alone.
"""
