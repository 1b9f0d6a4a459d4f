"""A dedicated database and login for one app on a PostgreSQL or SQL Server server, which several apps may share.

Imports `database` and `network`; `flask_app` may import it.
"""
