"""Private buckets in S3: the app's media files, and access logs.

Imports what lies beside it and `validation`; every component above may import it.
"""
