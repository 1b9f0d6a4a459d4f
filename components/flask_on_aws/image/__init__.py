"""The container image: its Dockerfile, its content as a hash, its repository in ECR, and the preflight before its push.

Imports `build_plan`, `ecs` and `runtime_contract`; `flask_app` may import it.
"""
