"""Functions from a resource to the lines of its cost, by AWS service. `registry.py` has the type of each.

Imports `cost_model.py`, `stack.py` and `values.py`, and nothing else of `review`.
"""
