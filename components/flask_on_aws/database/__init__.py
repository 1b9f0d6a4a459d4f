"""PostgreSQL, MySQL and MariaDB on RDS, with what guards them against replacement and loss.

Imports `network`, `runtime_contract` and `secrets`; every component above may import it.
"""
