"""DocumentDB clusters, which are compatible with MongoDB.

Imports `database`, which has what they and RDS's servers have in common; every component above may import it.
"""
