"""A dedicated database and role for one app on a PostgreSQL server that several apps share.

Imports `database` and `network`; `flask_app` may import it.
"""
