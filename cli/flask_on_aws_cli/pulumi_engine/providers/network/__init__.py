"""VPCs, subnets and security groups.

Imports `base.py`; the table in `providers` imports it.
"""
