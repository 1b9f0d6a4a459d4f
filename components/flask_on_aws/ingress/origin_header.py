"""The header by which a load balancer knows its distribution; apart from both, since other tools read it too."""

ORIGIN_HEADER = "X-Origin-Verify"
