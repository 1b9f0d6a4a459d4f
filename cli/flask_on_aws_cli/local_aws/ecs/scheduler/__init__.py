"""ECS's service scheduler and Application Auto Scaling, which decide which tasks should run.

Imports `tasks` and `api`; the data plane imports this package, and `tasks` imports only its `model`.
"""
