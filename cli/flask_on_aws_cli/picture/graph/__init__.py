"""From the resources of a stack to nodes, networks and connections. Imports `model.py` of `picture` alone."""
