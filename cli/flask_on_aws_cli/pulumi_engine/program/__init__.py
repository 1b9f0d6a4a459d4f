"""One run of a Pulumi program: its project, its process, and the gRPC servers that it connects to.

Imports `model` and `aws.py`; the modules that apply a program's graph import it.
"""
