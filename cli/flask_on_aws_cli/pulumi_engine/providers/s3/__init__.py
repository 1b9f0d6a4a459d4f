"""S3 buckets and their configuration.

Imports `base.py`; the table in `providers` imports it.
"""
