"""PostgreSQL on RDS, with what guards it against replacement and loss.

Imports `network`, `runtime_contract` and `secrets`; every component above may import it.
"""
