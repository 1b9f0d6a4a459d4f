"""What several commands share: a stack's settings, Docker, output formats, the certificate authority.

Imports nothing of this package; everything may import it.
"""
