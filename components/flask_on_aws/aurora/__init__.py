"""Aurora clusters, PostgreSQL and MySQL, that scale with their load (Aurora Serverless v2).

Imports `database`, which has what clusters and instances have in common; every component above may import it.
"""
