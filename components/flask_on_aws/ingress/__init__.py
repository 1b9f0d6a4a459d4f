"""How requests come in: load balancer, listener rules, certificate, DNS records and CloudFront.

Imports `network` and `storage`; every component above may import it.
"""
