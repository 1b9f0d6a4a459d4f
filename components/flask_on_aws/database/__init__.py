"""PostgreSQL on RDS, with what guards it against replacement and loss.

Imports `network` and `secrets`; every component above may import it.
"""
