"""The process that runs all parts of one project's local AWS, and the one that restarts it.

Imports all parts; they do not import it.
"""
