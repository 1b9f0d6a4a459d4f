"""One run of a Pulumi program: its project, its process, and the servers that it talks to.

Imports `model` and `aws.py`; what applies a program's graph imports it.
"""
