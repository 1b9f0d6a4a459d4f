"""Serves requests: from a client to a target, and the response back.

Imports the load balancer's configuration, rules and targets; the load balancer imports its servers.
"""
