"""The guard against losing data unawares: what is recorded of stateful resources, and what a change of it means.

Imports `naming.py` alone; `component.py` and all above it may import it.
"""
