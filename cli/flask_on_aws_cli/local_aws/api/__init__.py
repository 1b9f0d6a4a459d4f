"""The AWS endpoint: moto's records, which the data plane reads and writes, saved on disk.

Imports `authentication` and `moto_patches`; the data plane and the daemon import it.
"""
