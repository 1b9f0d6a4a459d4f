"""The guard against unintended data loss: records of stateful resources, and what a change of a record means.

Imports `naming.py` alone; `component.py` and all above it may import it.
"""
