"""What a release did: its command, its rollout, its record, and why it failed.

Imports `runtime_contract`; `ecs` and all above it may import it.
"""
