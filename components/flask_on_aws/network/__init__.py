"""The VPC: subnets, the routes to the internet, VPC endpoints, flow logs, and rules between security groups.

Imports what lies beside it and `validation`; every component above may import it.
"""
