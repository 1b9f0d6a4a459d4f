"""Code that several commands share: a stack's settings, Docker, output formats, the certificate authority.

Imports nothing else from this package; everything may import it.
"""
