"""The cache: Valkey on ElastiCache, as a cache or as the store of a job queue.

Imports `secrets`, `network` and the layers below; `flask_app` imports it.
"""
