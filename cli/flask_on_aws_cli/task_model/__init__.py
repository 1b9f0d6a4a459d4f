"""A task definition as plain values, and how its containers become processes of this machine.

Imports `build` and `local_project`; preflight and the local AWS may import it.
"""
