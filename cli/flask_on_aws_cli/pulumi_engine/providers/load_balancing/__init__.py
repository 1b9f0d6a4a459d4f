"""Load balancers, listeners, target groups, certificates and VPC origins.

Imports `base.py`; the table in `providers` imports it.
"""
