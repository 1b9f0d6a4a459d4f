"""The header by which a load balancer recognizes its distribution; a separate module, since other tools read it too."""

ORIGIN_HEADER = "X-Origin-Verify"
