"""The AWS endpoint: moto's records, read and written by the data plane, and kept on disk.

Imports `authentication` and `moto_patches`; the data plane and the daemon import it.
"""
