"""A web ACL of AWS WAF: its rules, the addresses that it allows, and its logs.

Imports `ingress`; every component above may import it.
"""
