"""The process that runs all parts of a project's local AWS, and the process that restarts it.

Imports all parts; no part imports this package.
"""
