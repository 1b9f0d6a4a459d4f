"""A database and a role for one app on a PostgreSQL server that several apps share.

Imports `database`; `flask_app` may import it.
"""
