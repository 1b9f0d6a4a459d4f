"""A project's local AWS from outside: its folder, its ports, its access key, and its daemon's start and end.

Imports nothing of this package but `shared`; everything above may import it.
"""
