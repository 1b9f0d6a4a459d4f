"""The health check's path and timeout; a separate module, since tools that do not import Pulumi read them too."""

DEFAULT_HEALTH_PATH = "/up"
"""The path that a load balancer checks unless the stack sets another one."""
AUTO_HEALTH_PATH = "auto"
"""The setting's default: the load balancer checks `DEFAULT_HEALTH_PATH`; the preflight and the local AWS search for the
app's own path if that one answers a redirect or 4xx."""
HEALTH_TIMEOUT_SECONDS = 3
"""Must be shorter than the interval between checks; a health path without a database answers in milliseconds."""
