"""One request from a client to a target and back.

Imports the load balancer's configuration; its servers import it.
"""
