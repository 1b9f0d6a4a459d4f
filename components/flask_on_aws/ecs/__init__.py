"""The Fargate service: cluster, task definition, roles, security group and autoscaling.

Imports `network`, `ingress`, `releases` and `runtime_contract`; every component above may import it.
"""
